package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that end before they start anything, and commands that bring their server. */
@Timeout(60)
class WithoutServerTest {
  @TempDir private Path directory;

  @BeforeEach
  void files() throws IOException {
    write("federation.yaml", "regions: [{name: us}, {name: eu}]");
    write(
        "stage.json",
        """
        {"id": "s", "type": "transformer", "config": {}, "federation": {"strategy": "parallel"}}
        """);
    write("pipeline.json", "{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}]}");
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  private CommandRun federate(Map<String, String> environment, String... arguments) {
    return CommandRun.of(directory, environment, arguments);
  }

  private static Map<String, String> nowhere() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Map.of("TEMPORAL_ADDRESS", "127.0.0.1:" + free.getLocalPort());
    }
  }

  @Test
  void addressWhereNobodyListensIsExit5ForEveryCommandThatNeedsAServer() throws IOException {
    Map<String, String> nowhere = nowhere();
    List<String[]> commands =
        List.of(
            new String[] {"run", "pipeline.json", "-o", "json"},
            new String[] {"stage", "stage.json", "-o", "json"},
            new String[] {"health", "-o", "json"},
            new String[] {"show", "x", "-o", "json"},
            new String[] {"setup", "-o", "json"},
            new String[] {"worker", "--all", "--metrics-port", "0", "-o", "json"});
    for (String[] command : commands) {
      CommandRun run = federate(nowhere, command);
      assertThat(run.exitCode()).as(command[0]).isEqualTo(ExitCodes.UNAVAILABLE);
      assertThat(run.json().at("/error/type").asText()).isEqualTo("ServerUnavailable");
      assertThat(run.json().at("/error/message").asText())
          .contains(nowhere.get("TEMPORAL_ADDRESS"));
      assertThat(run.err()).isEmpty();
    }
    assertThat(directory.resolve(".federate")).doesNotExist();
  }

  @Test
  void serverThatIsAddressedButNoneIsExit5OnStderrWithoutStackTrace() throws IOException {
    CommandRun run = federate(nowhere(), "run", "pipeline.json");
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("error: no Temporal server can be reached at ");
    assertThat(run.err()).doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{", "{\"id\": \"p\", \"id\": \"q\"}", "{\"id\": NaN}", "[]", "", "{} {}"})
  void fileThatIsNotOneJsonObjectIsExit2(String text) throws IOException {
    write("bad.json", text);
    for (String command : new String[] {"run", "stage"}) {
      CommandRun run = federate(nowhere(), command, "bad.json", "-o", "json");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.json().at("/error/problems/0/file").asText()).isEqualTo("bad.json");
    }
  }

  @Test
  void fileThatIsMissingIsExit2() throws IOException {
    for (String command : new String[] {"run", "stage", "validate"}) {
      CommandRun run = federate(nowhere(), command, "missing.json", "-o", "json");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.json().at("/error/message").asText()).contains("missing.json");
    }
  }

  @Test
  void errorOfTheJvmIsExit1WithoutStackTraceAndWithOneDocument() throws IOException {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() {
            throw new StackOverflowError();
          }

          @Override
          public int read(byte[] bytes, int offset, int length) {
            throw new StackOverflowError();
          }
        };
    CommandContext context =
        new CommandContext(
            nowhere(), directory, broken, new Interruption(Duration.ofSeconds(1), code -> {}));
    CommandRun run = CommandRun.of(context, "run", "pipeline.json", "--input", "-", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.json().at("/error/type").asText()).isEqualTo("InternalError");
    assertThat(run.json().at("/error/message").asText()).contains("StackOverflowError");
    assertThat(run.err()).doesNotContain("\tat ");
  }

  @Test
  void byteOrderMarkIsRead() throws IOException {
    write("bom.json", "\ufeff" + Files.readString(directory.resolve("pipeline.json")));
    assertThat(federate(Map.of(), "validate", "bom.json").exitCode()).isZero();
  }

  @Test
  void inputThatIsTooLargeIsExit2() throws IOException {
    write("large.json", "\"" + "x".repeat(1024 * 1024) + "\"");
    CommandRun run =
        federate(nowhere(), "run", "pipeline.json", "--input", "@large.json", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/message").asText()).contains("1,048,576");
  }

  @Test
  void serverOfTheCommandAndDetachExcludeEachOtherAndNothingIsStarted() {
    for (String[] arguments :
        new String[][] {
          {"run", "pipeline.json", "--embedded", "jvm", "--detach", "-o", "json"},
          {"stage", "stage.json", "--embedded", "auto", "--detach", "-o", "json"},
          {"demo", "--detach", "-o", "json"}
        }) {
      CommandRun run = federate(Map.of(), arguments);
      assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.json().at("/error/message").asText()).contains("--detach", "federate dev");
      assertThat(run.err()).isEmpty();
    }
    assertThat(directory.resolve(".federate")).doesNotExist();
  }

  @Test
  void secretThatIsMissingIsExit2NamesTheVariableAndNothingIsStarted() throws IOException {
    write(
        "federation.yaml",
        """
        regions: [{name: us, endpoint: "https://us.example.com", api_key: "${US_KEY}"}]
        secrets: {warehouse: {value: "${DSN}", components: [database_write]}}
        """);
    for (String[] arguments :
        new String[][] {
          {"run", "pipeline.json", "--embedded", "jvm", "-o", "json"},
          {"health", "--embedded", "jvm", "-o", "json"},
          {"dev", "--port", "0", "--embedded", "jvm", "-o", "json"},
          {"worker", "--all", "-o", "json"}
        }) {
      CommandRun run = federate(nowhere(), arguments);
      assertThat(run.exitCode()).as(arguments[0]).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.json().at("/error/message").asText()).contains("US_KEY", "DSN");
      assertThat(run.err()).isEmpty();
    }
    assertThat(directory.resolve(".federate")).doesNotExist();
  }

  @Test
  void missingFederationFileIsExit2WhereOneIsNeeded() throws IOException {
    Files.delete(directory.resolve("federation.yaml"));
    for (String[] arguments :
        new String[][] {
          {"run", "pipeline.json", "--embedded", "jvm", "-o", "json"},
          {"stage", "stage.json", "--embedded", "jvm", "-o", "json"},
          {"health", "--embedded", "jvm", "-o", "json"},
          {"route", "--from", "0,0", "-o", "json"},
          {"dev", "--port", "0", "--embedded", "jvm", "-o", "json"},
          {"worker", "--all", "-o", "json"}
        }) {
      CommandRun run = federate(Map.of(), arguments);
      assertThat(run.exitCode()).as(arguments[0]).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.json().at("/error/message").asText())
          .contains("--federation FILE", "FEDERATION_CONFIG", "federation.yaml");
    }
  }

  @Test
  void serverOfTheCommandRunsThePipelineAndSaysThatItIsNotDurable() {
    CommandRun run = federate(Map.of(), "run", "pipeline.json", "--embedded", "jvm", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().path("outcome").asText()).isEqualTo("succeeded");
    assertThat(run.err()).contains("not durable, no UI").doesNotContain("Exception", "\tat ");
  }

  @Test
  void healthOfAServerOfTheCommandIsAnsweredByItsOwnWorkers() {
    CommandRun run = federate(Map.of(), "health", "--embedded", "jvm", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().at("/us/healthy").asBoolean()).isTrue();
  }

  @Test
  void showOfANewServerInThisJvmIsExit2() {
    CommandRun run = federate(Map.of(), "show", "x", "--embedded", "jvm", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
  }

  @Test
  void executionThatNoWorkerTakesIsCancelledAndExit5WithItsId() {
    try (LocalServer server = LocalServer.start(directory)) {
      CommandContext context =
          new CommandContext(
              server.environment(),
              directory,
              new ByteArrayInputStream(new byte[0]),
              new Interruption(Duration.ofSeconds(1), code -> {}),
              new Patience(false, Duration.ofSeconds(1), Duration.ofSeconds(1)));
      CommandRun run =
          CommandRun.of(context, "stage", "stage.json", "--workflow-id", "alone", "-o", "json");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
      assertThat(run.json().at("/error/type").asText()).isEqualTo("NoWorker");
      assertThat(run.json().at("/error/message").asText()).contains("alone", "cancelled");
      assertThat(run.json().at("/error/problems/0/path").asText()).isEqualTo("alone");
      CommandRun health = CommandRun.of(context, "health", "-o", "json");
      assertThat(health.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
      assertThat(health.json().at("/error/type").asText()).isEqualTo("NoWorker");
      // Asked again it attaches, and does not wait for ever either.
      CommandRun again =
          CommandRun.of(context, "stage", "stage.json", "--workflow-id", "alone", "-o", "json");
      assertThat(again.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
      server.with(directory, "federation.yaml", Map.of());
      CommandRun late =
          CommandRun.of(context, "stage", "stage.json", "--workflow-id", "alone", "-o", "json");
      assertThat(late.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(late.json().at("/error/type").asText()).isEqualTo("Cancelled");
    }
  }
}
