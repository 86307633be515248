package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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

/** A run whose process is told to end. */
@Timeout(120)
class InterruptedRunTest {
  @TempDir private static Path directory;
  private static final CountDownLatch released = new CountDownLatch(1);
  private static LocalServer server;
  private static MockWebServer slow;

  @BeforeAll
  static void serve() throws IOException {
    slow = new MockWebServer();
    slow.setDispatcher(
        new Dispatcher() {
          @Override
          public @NonNull MockResponse dispatch(@NonNull RecordedRequest request)
              throws InterruptedException {
            if ("GET".equals(request.getMethod())) {
              // Only its work is slow; a region that is not well would get none.
              return new MockResponse.Builder()
                  .body("{\"node_id\": \"slow\", \"load\": 0, \"capacity\": 10}")
                  .build();
            }
            var unused = released.await(60, TimeUnit.SECONDS);
            return new MockResponse.Builder().body("{\"output\": 1}").build();
          }
        });
    slow.start();
    Files.writeString(
        directory.resolve("federation.json"),
        "{\"regions\": [{\"name\": \"slow\", \"endpoint\": \"%s\"}]}"
            .formatted(slow.url("/").toString().replaceAll("/$", "")));
    Files.writeString(
        directory.resolve("stage.json"),
        "{\"id\": \"s\", \"type\": \"x\", \"federation\": {\"regions\": [\"slow\"]}}");
    Files.writeString(
        directory.resolve("pipeline.json"),
        "{\"id\": \"p\", \"stages\": [%s]}"
            .formatted(Files.readString(directory.resolve("stage.json"))));
    server = LocalServer.start(directory).with(directory, "federation.json", Map.of());
  }

  @AfterAll
  static void stop() {
    released.countDown();
    server.close();
    slow.close();
  }

  /** Runs a command, interrupts it while its region works, and gives what it did then. */
  private static CommandRun interrupted(String id, String... arguments) throws Exception {
    Interruption interruption = new Interruption(Duration.ofSeconds(10), code -> {});
    CommandContext context =
        new CommandContext(
            server.environment(), directory, new ByteArrayInputStream(new byte[0]), interruption);
    CompletableFuture<CommandRun> run =
        CompletableFuture.supplyAsync(
            () -> {
              CommandRun ended = CommandRun.of(context, arguments);
              interruption.commandEnded();
              return ended;
            });
    await().atMost(Duration.ofSeconds(60)).until(() -> running(id));
    interruption.shutdown();
    return run.get(15, TimeUnit.SECONDS);
  }

  private static String status(String id) {
    return server.client().newUntypedWorkflowStub(id).describe().getStatus().name();
  }

  @Test
  void interruptionCancelsTheStageAndIsExit130WithOneDocument() throws Exception {
    CommandRun run = interrupted("a", "stage", "stage.json", "--workflow-id", "a", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(run.json().at("/error/type").asText()).isEqualTo("Cancelled");
    assertThat(run.json().at("/error/message").asText()).contains("a was cancelled");
    assertThat(status("a")).endsWith("CANCELED");
  }

  @Test
  void interruptionCancelsAPipelineTogetherWithItsStage() throws Exception {
    CommandRun run = interrupted("b:s", "run", "pipeline.json", "--workflow-id", "b");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("cancelling b", "error: workflow b was cancelled");
    assertThat(status("b")).endsWith("CANCELED");
    assertThat(status("b:s")).endsWith("CANCELED");
  }

  @Test
  void executionThatTakesLongerThanTheWaitForAWorkerIsNotCancelledForThat() throws Exception {
    Interruption interruption = new Interruption(Duration.ofSeconds(10), code -> {});
    CommandContext context =
        new CommandContext(
            server.environment(),
            directory,
            new ByteArrayInputStream(new byte[0]),
            interruption,
            new Patience(true, Duration.ofMillis(700), Duration.ofSeconds(8)));
    CommandRun.of(
        directory, server.environment(), "run", "pipeline.json", "--workflow-id", "d", "--detach");
    await().atMost(Duration.ofSeconds(60)).until(() -> running("d:s"));
    StringWriter err = new StringWriter();
    CompletableFuture<Integer> run =
        CompletableFuture.supplyAsync(
            () ->
                Federate.commandLine(context)
                    .setOut(new PrintWriter(new StringWriter()))
                    .setErr(new PrintWriter(err, true))
                    .execute("run", "pipeline.json", "--workflow-id", "d"));
    await().until(() -> err.toString().contains("running: s in slow 2 s"));
    assertThat(run).isNotDone();
    interruption.commandEnded();
    server.client().newUntypedWorkflowStub("d").cancel();
    assertThat(run).succeedsWithin(15, TimeUnit.SECONDS).isEqualTo(ExitCodes.FAILED);
  }

  private static boolean running(String id) {
    return CommandRun.of(directory, server.environment(), "show", id, "-o", "json")
        .out()
        .contains("\"region\" : \"slow\"");
  }

  @Test
  void leaveRunningOnlyLetsGoAndTellsTheIds() throws Exception {
    long before = System.nanoTime();
    CommandRun run =
        interrupted(
            "c", "stage", "stage.json", "--workflow-id", "c", "--leave-running", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
    assertThat(run.json().path("workflow_id").asText()).isEqualTo("c");
    assertThat(status("c")).endsWith("RUNNING");
    CommandRun again = interrupted("c", "stage", "stage.json", "--workflow-id", "c");
    assertThat(again.err()).contains("attached to c");
    assertThat(status("c")).endsWith("CANCELED");
  }
}
