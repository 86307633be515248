package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.NonNull;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What only a process of its own shows: signals, and that logs leave stdout alone. */
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class ProcessTest {
  @TempDir private Path directory;
  private int attempts;

  private Process federate(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Federate.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("TEMPORAL_"));
    return builder.start();
  }

  private String text(String file) throws IOException {
    return Files.readString(directory.resolve(file), UTF_8);
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  @Test
  void failedAttemptsAreNoStackTracesAndAnInterruptedRunIsExit130WithOneDocument()
      throws Exception {
    MockWebServer overloaded = new MockWebServer();
    overloaded.setDispatcher(
        new Dispatcher() {
          @Override
          public @NonNull MockResponse dispatch(@NonNull RecordedRequest request) {
            boolean execute = String.valueOf(request.getUrl()).endsWith("/execute");
            return execute
                ? new MockResponse.Builder().code(503).build()
                : new MockResponse.Builder().body("{\"load\": 0, \"capacity\": 1}").build();
          }
        });
    overloaded.start();
    write(
        "federation.yaml",
        "regions: [{name: us, endpoint: 'http://127.0.0.1:%d'}]".formatted(overloaded.getPort()));
    write(
        "stage.json",
        """
        {"id": "s", "type": "x",
         "federation": {"max_retries": 100, "retry_delay_seconds": 1}}
        """);
    Process run = federate("stage", "stage.json", "--embedded", "jvm", "-o", "json");
    await().atMost(Duration.ofSeconds(60)).until(() -> attempts(overloaded) > 1 || !run.isAlive());
    run.destroy();
    assertThat(run.waitFor(15, TimeUnit.SECONDS)).isTrue();
    assertThat(run.exitValue()).as(text("err")).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(text("err")).doesNotContain("\tat ").doesNotContain("Exception");
    assertThat(new CommandRun(0, text("out"), "").json().at("/error/type").asText())
        .isEqualTo("Cancelled");
    overloaded.close();
  }

  private int attempts(MockWebServer server) throws InterruptedException {
    RecordedRequest request = server.takeRequest(10, TimeUnit.MILLISECONDS);
    if (request != null && String.valueOf(request.getUrl()).endsWith("/execute")) {
      attempts++;
    }
    return attempts;
  }

  @Test
  void servingCommandStopsAtTheSignalAndIsExit130() throws Exception {
    write("federation.yaml", "regions: [{name: us}]");
    Process dev = federate("dev", "--embedded", "jvm", "--port", "0", "-o", "json");
    await().atMost(Duration.ofSeconds(60)).until(() -> text("out").contains("}") || !dev.isAlive());
    dev.destroy();
    assertThat(dev.waitFor(15, TimeUnit.SECONDS)).isTrue();
    assertThat(dev.exitValue()).as(text("err")).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(new CommandRun(0, text("out"), "").json().at("/ready/server").asText())
        .startsWith("127.0.0.1:");
    assertThat(text("err")).doesNotContain("\tat ");
  }
}
