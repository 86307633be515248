package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        secrets: {warehouse: {value: "${DSN}", components: [logger]}}
        """
            .formatted(endpoint, LITERAL, endpoint));
    Files.writeString(
        directory.resolve("stage.json"),
        """
        {"id": "s", "type": "logger", "config": {"message": {"secret": "warehouse"}},
         "federation": {"strategy": "parallel"}}
        """);
    Files.writeString(
        directory.resolve("pipeline.json"),
        """
        {"id": "p", "stages": [
          {"id": "l", "type": "logger", "config": {"message": {"secret": "warehouse"}}},
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
        assertNoSecret(CommandRun.of(directory, server.environment(SECRETS), with(command, more)));
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

  private static void assertNoSecret(CommandRun run) {
    assertThat(run.out() + run.err()).doesNotContain("CANARY");
  }

  private static String[] with(String[] command, String... more) {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }
}
