package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.federated.worker.document.DocumentReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NodeCommandTest {
  @TempDir private Path directory;

  @Test
  void nameIsRequiredAndChecked() {
    assertThat(run("node").err()).contains("--name");
    assertThat(run("node", "--name", "a b").err()).contains("'a b' is not the name of a region");
    assertThat(run("node", "--name", "a b").exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
  }

  @Test
  void portOutOfRangeOrInUseIsExit2() throws IOException {
    assertThat(run("node", "--name", "a", "--port", "65536").err()).contains("0 to 65535");
    assertThat(run("node", "--name", "a", "--port", "x").exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    try (ServerSocket taken = new ServerSocket(0)) {
      CommandRun run = run("node", "--name", "a", "--port", Integer.toString(taken.getLocalPort()));
      assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.err()).contains("cannot bind 127.0.0.1:" + taken.getLocalPort());
    }
  }

  @Test
  void hostThatIsNotLoopbackNeedsAKey() {
    CommandRun run = run("node", "--name", "a", "--host", "0.0.0.0");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("--key-env");
  }

  @Test
  void missingKeyVariableIsNamed() {
    CommandRun run = run("node", "--name", "a", "--key-env", "NODE_KEY");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("the environment variable NODE_KEY is not set or empty");
  }

  @Test
  void servesWithTheKeyUntilItIsInterrupted() throws Exception {
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions: [{name: us, max_concurrent: 7}]
        secrets: {s: {value: "${NOT_SET}", components: [logger]}}
        """);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Interruption interruption = new Interruption(Duration.ofSeconds(10), code -> {});
    CommandContext context =
        new CommandContext(
            Map.of("NODE_KEY", "hunter2"),
            directory,
            new ByteArrayInputStream(new byte[0]),
            interruption);
    CompletableFuture<Integer> command =
        CompletableFuture.supplyAsync(
            () -> {
              int exitCode =
                  Federate.commandLine(context)
                      .setOut(new PrintWriter(out))
                      .setErr(new PrintWriter(err, true))
                      .execute("node", "--name", "us", "--key-env", "NODE_KEY", "-o", "json");
              interruption.commandEnded();
              return exitCode;
            });
    await().until(() -> out.toString().contains("}") || command.isDone());
    URI endpoint =
        URI.create(
            DocumentReader.json(out.toString().getBytes(UTF_8), "stdout").get("endpoint").asText());
    assertThat(execute(endpoint, "wrong").statusCode()).isEqualTo(401);
    HttpResponse<String> executed = execute(endpoint, "hunter2");
    assertThat(executed.statusCode()).isEqualTo(200);
    assertThat(executed.body()).contains("\"output\":7");
    assertThat(health(endpoint).body()).contains("\"us\"").contains("\"capacity\":7");
    assertThat(err.toString()).contains("NOT_SET").doesNotContain("hunter2");
    interruption.shutdown();
    assertThat(command.get(10, TimeUnit.SECONDS)).isZero();
  }

  private static HttpResponse<String> execute(URI endpoint, String key) throws Exception {
    return send(
        HttpRequest.newBuilder(endpoint.resolve("/api/v1/execute"))
            .header("Authorization", "Bearer " + key)
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"stage\": {\"id\": \"s\", \"type\": \"transformer\"}, \"inputs\": 7}"))
            .build());
  }

  private static HttpResponse<String> health(URI endpoint) throws Exception {
    return send(HttpRequest.newBuilder(endpoint.resolve("/api/v1/health")).build());
  }

  private static HttpResponse<String> send(HttpRequest request) throws Exception {
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }

  private CommandRun run(String... arguments) {
    return CommandRun.of(directory, Map.of(), arguments);
  }
}
