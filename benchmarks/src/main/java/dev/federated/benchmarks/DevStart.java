package dev.federated.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** From the start of {@code federate dev} to the first result that a second process prints. */
final class DevStart {
  private static final String FEDERATION =
      """
      regions:
        - name: region-1
        - name: region-2
        - name: region-3
      """;

  private static final String STAGE =
      """
      {"id": "first", "type": "transformer",
       "federation": {"regions": ["region-1", "region-2", "region-3"]}}
      """;

  private final Scale scale;

  DevStart(Scale scale) {
    this.scale = scale;
  }

  /** Makes the command line of a process. */
  private interface Line {
    List<String> of(String... arguments);
  }

  Table run() throws Exception {
    Table table = new Table("Dev to first result", "processes", "p50 ms", "beside plain JVM");
    table.note(
        "`federate dev --embedded jvm` from exec until a second process, started when the first is"
            + " ready, has printed a stage's result. Bar: the launcher at most 0.45 of the plain"
            + " JVM.");
    CommandLines lines = new CommandLines();
    Path federation = CommandLines.file("federation.yaml", FEDERATION);
    Path stage = CommandLines.file("stage.json", STAGE);
    Contestant plain = contestant("plain JVM", lines::plainJvm, federation, stage);
    List<Contestant> contestants =
        List.of(
            plain,
            contestant("launcher", lines::launcher, federation, stage),
            plain.named("plain JVM again"));
    List<Measured> measured = new Duel(scale).run(contestants, 1, scale.starts() / 3, 1);
    for (Measured one : measured) {
      table.row(one.name(), "%.0f".formatted(one.p50()), one.p50Beside(measured.get(0)).toString());
    }
    return table;
  }

  private static Contestant contestant(String name, Line line, Path federation, Path stage) {
    return new Contestant(
        name,
        () -> {
          int port = DevServer.freePort();
          String address = "127.0.0.1:" + port;
          List<String> dev =
              line.of(
                  "dev",
                  "--embedded",
                  "jvm",
                  "--port",
                  Integer.toString(port),
                  "--federation",
                  federation.toString());
          Process process =
              CommandLines.builder(dev, "").redirectError(ProcessBuilder.Redirect.DISCARD).start();
          try {
            awaitReady(process);
            CommandLines.run(
                line.of(
                    "stage",
                    stage.toString(),
                    "--input",
                    "{\"n\": 1}",
                    "--federation",
                    federation.toString()),
                address);
          } finally {
            process.destroyForcibly();
          }
          return "";
        });
  }

  /** The first line that it prints says where it serves. */
  private static void awaitReady(Process process) throws IOException {
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    if (out.readLine() == null) {
      throw new IllegalStateException("federate dev ended before it was ready");
    }
  }
}
