package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.config.SecretResolver;
import dev.federated.worker.operations.Check;
import dev.federated.worker.operations.OperationsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.NonNull;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** No command shows a secret, neither when it works nor when it does not, however verbose. */
@Timeout(120)
class SecretsInOutputTest {
  private static final String LITERAL = "CANARYliteral00000";
  private static final String VARIABLE = "CANARYvariable0000";
  private static final String NAMED = "CANARYnamed0000000";
  private static final Map<String, String> SECRETS = Map.of("EU_KEY", VARIABLE, "DSN", NAMED);

  @TempDir private static Path directory;
  private static LocalServer server;
  private static MockWebServer echoing;

  @BeforeAll
  static void serve() throws IOException {
    echoing = new MockWebServer();
    echoing.setDispatcher(
        new Dispatcher() {
          @Override
          public @NonNull MockResponse dispatch(@NonNull RecordedRequest request) {
            // A region that gives the key back in its error.
            return new MockResponse.Builder()
                .code(400)
                .body("you sent " + request.getHeaders().get("Authorization"))
                .build();
          }
        });
    echoing.start();
    String endpoint = echoing.url("/").toString().replaceAll("/$", "");
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - {name: us, endpoint: "%s", api_key: %s}
          - {name: eu, endpoint: "%s", api_key: "${EU_KEY}"}
          - {name: here}
        secrets: {warehouse: {value: "${DSN}", components: [database_write]}}
        """
            .formatted(endpoint, LITERAL, endpoint));
    Files.writeString(
        directory.resolve("stage.json"),
        """
        {"id": "s", "type": "database_write",
         "config": {"table": "t", "url": {"secret": "warehouse"}},
         "federation": {"strategy": "parallel", "max_retries": 0}}
        """);
    Files.writeString(
        directory.resolve("pipeline.json"),
        """
        {"id": "p", "stages": [
          {"id": "l", "type": "logger", "config": {"message": "hello"}},
          {"id": "d", "type": "database_write", "depends_on": ["l"],
           "config": {"table": "t", "url": {"secret": "warehouse"}}},
          %s]}
        """
            .formatted(Files.readString(directory.resolve("stage.json"))));
    server = LocalServer.start(directory).with(directory, "federation.yaml", SECRETS);
  }

  @AfterAll
  static void stop() {
    server.close();
    echoing.close();
  }

  @Test
  void noCommandPrintsASecret() {
    List<String[]> commands =
        List.of(
            new String[] {"validate", "pipeline.json"},
            new String[] {"run", "pipeline.json"},
            new String[] {"stage", "stage.json", "--workflow-id", "w"},
            new String[] {"show", "w"},
            new String[] {"health"},
            new String[] {"route", "--from", "0,0"},
            new String[] {"setup"});
    for (String[] command : commands) {
      for (String[] more :
          new String[][] {{}, {"-o", "json"}, {"--verbose"}, {"--verbose", "-o", "json"}}) {
        CommandRun run = CommandRun.of(directory, server.environment(SECRETS), with(command, more));
        assertNoSecret(run);
        // A command that is refused would show nothing whatever it did with secrets.
        assertThat(run.exitCode()).as(run.err()).isNotEqualTo(ExitCodes.BAD_INPUT);
      }
    }
  }

  @Test
  void noCommandPrintsASecretWhenTheFederationFileIsBroken() throws IOException {
    String good = Files.readString(directory.resolve("federation.yaml"));
    for (String broken :
        new String[] {
          good + "\n  - [",
          good.replace("name: us, ", "name: us, nmae: x, "),
          good.replace("api_key: " + LITERAL, "api_key: [" + LITERAL + "]"),
          good.replace("api_key: " + LITERAL, "api_key: {a: " + LITERAL + "}"),
          good.replace("api_key: " + LITERAL, "api_key: " + LITERAL + ": b"),
          good.replace("api_key: " + LITERAL, "api_key: *" + LITERAL),
          good.replace("value: \"${DSN}\"", "value: [" + LITERAL + "]"),
        }) {
      Files.writeString(directory.resolve("broken.yaml"), broken);
      for (String[] command :
          new String[][] {
            {"validate", "pipeline.json"},
            {"run", "pipeline.json"},
            {"health"},
            {"worker", "--all"},
            {"dev", "--port", "0", "--embedded", "jvm"}
          }) {
        String[] all =
            with(with(command, "--federation", "broken.yaml"), "--verbose", "-o", "json");
        CommandRun run = CommandRun.of(directory, server.environment(SECRETS), all);
        assertThat(run.exitCode()).as(broken).isEqualTo(ExitCodes.BAD_INPUT);
        assertNoSecret(run);
      }
    }
  }

  @Test
  void noHistoryMetricOrLogLineHoldsASecret() throws Exception {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    Level before = root.getLevel();
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.setContext(root.getLoggerContext());
    lines.start();
    root.addAppender(lines);
    root.setLevel(Level.DEBUG);
    try {
      for (String[] command :
          new String[][] {
            {"stage", "stage.json", "--workflow-id", "searched"},
            {"run", "pipeline.json", "--workflow-id", "searched-too"}
          }) {
        CommandRun run = CommandRun.of(directory, server.environment(SECRETS), command);
        assertNoSecret(run);
        assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILED);
      }
    } finally {
      root.detachAppender(lines);
      root.setLevel(before);
    }
    StringBuilder held = new StringBuilder();
    for (String id : List.of("searched", "searched-too", "searched-too:s", "federation-ledger")) {
      held.append(
          server
              .client()
              .fetchHistory(id)
              .getHistory()
              .toByteString()
              .toString(StandardCharsets.ISO_8859_1));
    }
    assertThat(held).contains("you sent").doesNotContain("CANARY");
    assertThat(List.copyOf(lines.list))
        .isNotEmpty()
        .allSatisfy(
            line ->
                assertThat(
                        line.getFormattedMessage()
                            + (line.getThrowableProxy() == null
                                ? ""
                                : ThrowableProxyUtil.asString(line.getThrowableProxy())))
                    .doesNotContain("CANARY"));
    try (OperationsServer metrics =
            OperationsServer.start("127.0.0.1", 0, server.metrics(), Check.PASSING, Check.PASSING);
        InputStream text = URI.create(metrics.uri() + "/metrics").toURL().openStream()) {
      assertThat(new String(text.readAllBytes(), StandardCharsets.UTF_8))
          .contains("federation_region_executions_total")
          .doesNotContain("CANARY");
    }
  }

  @Test
  void noCommandPrintsAnEncryptionKey() {
    String key =
        Base64.getEncoder().encodeToString("CANARY-encryption-key-0123456789".getBytes(UTF_8));
    Map<String, String> environment = new HashMap<>(server.environment(SECRETS));
    for (String keys :
        new String[] {"k1=" + key, "k1=" + key + "," + key, key, "k1=" + key + "x", "file:/no"}) {
      environment.put(EncryptionKeys.VARIABLE, keys);
      for (String[] command :
          new String[][] {
            {"health"}, {"show", "nothing"}, {"setup"}, {"worker", "--region", "x"}
          }) {
        CommandRun run =
            CommandRun.of(directory, environment, with(command, "--verbose", "-o", "json"));
        assertNoSecret(run);
        assertThat(run.out() + run.err()).doesNotContain(key.substring(0, 20));
      }
    }
  }

  @Test
  void noTextFormShowsASecret() {
    FederationFile file = new FederationConfigLoader(SECRETS, directory).load("federation.yaml");
    Map<String, String> environment = new HashMap<>(SECRETS);
    environment.put("TEMPORAL_API_KEY", LITERAL);
    assertThat(
            List.of(
                    file,
                    file.config(),
                    new SecretResolver(SECRETS).forAll(file),
                    TemporalConnection.load(environment),
                    new CommandContext(
                        environment,
                        directory,
                        InputStream.nullInputStream(),
                        new Interruption(Duration.ofSeconds(1), code -> {})))
                .toString())
        .contains("(literal)")
        .doesNotContain("CANARY");
  }

  private static void assertNoSecret(CommandRun run) {
    assertThat(run.out() + run.err()).doesNotContain("CANARY");
  }

  private static String[] with(String[] command, String... more) {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }
}
