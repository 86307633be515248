package dev.federated.starter.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Does once what commands do, so that a JVM which records the classes that it loads keeps those of
 * a start: it reads files, starts a server in this JVM, and runs a pipeline and a stage on it. The
 * launcher runs it after a build. Nothing else needs it.
 */
public final class StartupTraining {
  private static final Duration LONGEST = Duration.ofSeconds(90);

  private static final String FEDERATION =
      """
      regions:
        - name: one
        - name: two
      """;

  private static final String STAGE =
      """
      {"id": "counted", "type": "transformer", "config": {"jmespath_expression": "n"},
       "inputs": {"n": "{{input.n}}"},
       "federation": {"strategy": "parallel", "aggregation": "reduce", "reduce_function": "sum"}}
      """;

  private StartupTraining() {}

  /**
   * Ends the process: with 0 if everything ran, else with 1.
   *
   * @param arguments an empty directory
   */
  public static void main(String[] arguments) throws IOException {
    CompletableFuture.delayedExecutor(LONGEST.toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> Runtime.getRuntime().halt(1));
    Path directory = Path.of(arguments[0]).toAbsolutePath();
    Files.writeString(directory.resolve("federation.yaml"), FEDERATION);
    Files.writeString(directory.resolve("stage.json"), STAGE);
    Files.writeString(
        directory.resolve("pipeline.json"), "{\"id\": \"training\", \"stages\": [" + STAGE + "]}");
    int failed = run(directory, "run", "pipeline.json") + run(directory, "stage", "stage.json");
    System.exit(failed == 0 ? 0 : 1);
  }

  private static int run(Path directory, String command, String file) {
    String[] line = {command, file, "--input", "{\"n\": 1}", "--embedded", "jvm"};
    Logging.configure(List.of(line), Map.of());
    try (PrintWriter nowhere = new PrintWriter(Writer.nullWriter())) {
      return Federate.commandLine(
              new CommandContext(
                  Map.of(),
                  directory,
                  InputStream.nullInputStream(),
                  new Interruption(Interruption.LONGEST_STOP, code -> {}),
                  Patience.usual(false)))
          .setOut(nowhere)
          .setErr(nowhere)
          .execute(line);
    }
  }
}
