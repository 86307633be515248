package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A command that serves in the background. */
final class Serving implements AutoCloseable {
  private final Interruption interruption = new Interruption(Duration.ofSeconds(15), code -> {});
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final CompletableFuture<Integer> exitCode;

  Serving(Path directory, Map<String, String> environment, String... arguments) {
    CommandContext context =
        new CommandContext(
            environment, directory, new ByteArrayInputStream(new byte[0]), interruption);
    exitCode =
        CompletableFuture.supplyAsync(
            () -> {
              int code =
                  Federate.commandLine(context)
                      .setOut(new PrintWriter(out))
                      .setErr(new PrintWriter(err, true))
                      .execute(arguments);
              interruption.commandEnded();
              return code;
            });
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> exitCode.isDone() || out.toString().contains("\n"));
  }

  String ready() {
    assertThat(exitCode).as(err.toString()).isNotDone();
    return out.toString();
  }

  /** A value of the ready line. */
  String value(String name) {
    return ready().replaceAll("(?s).*\\b" + name + "=(\\S*).*", "$1");
  }

  @Override
  public void close() {
    interruption.shutdown();
    assertThat(exitCode).succeedsWithin(15, TimeUnit.SECONDS).isEqualTo(ExitCodes.SUCCEEDED);
  }
}
