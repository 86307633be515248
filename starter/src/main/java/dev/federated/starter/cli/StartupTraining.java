package dev.federated.starter.cli;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * Does once what commands do, so that a JVM which records the classes that it loads keeps those of
 * a start: it reads files, serves a federation in this JVM, and runs stages and a pipeline there as
 * other processes would. The launcher runs it after a build. Nothing else needs it.
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
  public static void main(String[] arguments) throws Exception {
    // Threads of their own: on two cores the common pool has one, and it is needed.
    var unused =
        inBackground(
            () -> {
              TimeUnit.MILLISECONDS.sleep(LONGEST.toMillis());
              Runtime.getRuntime().halt(1);
              return 1;
            });
    Path directory = Path.of(arguments[0]).toAbsolutePath();
    Files.writeString(directory.resolve("federation.yaml"), FEDERATION);
    Files.writeString(directory.resolve("stage.json"), STAGE);
    Files.writeString(
        directory.resolve("pipeline.json"), "{\"id\": \"training\", \"stages\": [" + STAGE + "]}");
    Logging.configure(List.of(), Map.of());
    Interruption interruption = new Interruption(Interruption.LONGEST_STOP, code -> {});
    PipedWriter out = new PipedWriter();
    try (BufferedReader said = new BufferedReader(new PipedReader(out))) {
      Future<Integer> dev = inBackground(() -> serve(directory, interruption, out));
      String ready = said.readLine();
      String address = ready.replaceFirst(".*server=(\\S+).*", "$1");
      int failed =
          run(directory, address, "stage", "stage.json", "--detach")
              + run(directory, address, "stage", "stage.json")
              + run(directory, address, "run", "pipeline.json");
      interruption.shutdown();
      System.exit(failed + dev.get() == 0 ? 0 : 1);
    }
  }

  private static Future<Integer> inBackground(Callable<Integer> work) {
    FutureTask<Integer> task = new FutureTask<>(work);
    Thread thread = new Thread(task, "training");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  private static int serve(Path directory, Interruption interruption, Writer out) {
    String[] line = {"dev", "--embedded", "jvm", "--port", "0", "--federation", "federation.yaml"};
    CommandContext context =
        new CommandContext(
            Map.of(),
            directory,
            InputStream.nullInputStream(),
            interruption,
            Patience.usual(false));
    int exitCode =
        Federate.commandLine(context, line).setOut(new PrintWriter(out, true)).execute(line);
    interruption.commandEnded();
    return exitCode;
  }

  private static int run(Path directory, String address, String... command) {
    String[] line = Arrays.copyOf(command, command.length + 2);
    line[command.length] = "--input";
    line[command.length + 1] = "{\"n\": 1}";
    return Federate.run(line, Map.of("TEMPORAL_ADDRESS", address), directory);
  }
}
