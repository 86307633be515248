package dev.federated.benchmarks;

import dev.federated.starter.embedded.EmbeddedServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** From the start of a process to the moment at which the server has accepted its workflow. */
final class ColdStart {
  /** Nobody takes tasks from it: only their start is measured. */
  private static final String QUEUE = "nobody";

  private static final String STAGE =
      """
      {"id": "cold", "type": "transformer",
       "federation": {"regions": ["region-1", "region-2", "region-3"]}}
      """;

  private final Scale scale;

  ColdStart(Scale scale) {
    this.scale = scale;
  }

  @SuppressWarnings("try") // that workers are there is all that they are for
  Table run() throws Exception {
    Table table =
        new Table(
            "Cold start",
            "process",
            "p50 ms",
            "beside plain JVM",
            "beside minimal client with archive");
    table.note(
        "`federate stage --detach` from exec to accepted. Bars: the launcher takes at most half of"
            + " a plain JVM start of the same command, and at most 1.3 times the minimal client"
            + " with a class-data archive.");
    CommandLines lines = new CommandLines();
    Path stage = CommandLines.file("stage.json", STAGE);
    // The command does not start what nobody would take.
    try (DevServer server = DevServer.embedded();
        Site workers = Site.local(server.address(), 3)) {
      String address = server.address();
      List<Contestant> contestants = new ArrayList<>();
      String[] detach = {"stage", stage.toString(), "--detach"};
      Contestant plain =
          CommandLines.process("federate, plain JVM", lines.plainJvm(detach), address);
      contestants.add(plain);
      contestants.add(
          minimal(lines, "minimal client with archive", address, archived(lines, address)));
      contestants.add(CommandLines.process("federate, launcher", lines.launcher(detach), address));
      contestants.add(minimal(lines, "minimal client, plain JVM", address, List.of()));
      contestants.add(minimal(lines, "minimal client, small JVM", address, CommandLines.SMALL_JVM));
      contestants.add(CommandLines.process("temporal workflow start", temporal(address), address));
      contestants.add(plain.named("federate, plain JVM again"));
      List<Measured> measured = new Duel(scale).run(contestants, 1, scale.starts() / 3, 3);
      for (Measured one : measured) {
        table.row(
            one.name(),
            "%.0f".formatted(one.p50()),
            one.p50Beside(measured.get(0)).toString(),
            one.p50Beside(measured.get(1)).toString());
      }
    }
    return table;
  }

  private static Contestant minimal(
      CommandLines lines, String name, String address, List<String> options) {
    return CommandLines.process(
        name, lines.minimalClient(options, address, "Anything", QUEUE), address);
  }

  /** Makes an archive of the classes that the minimal client loads; gives what uses it. */
  private static List<String> archived(CommandLines lines, String address)
      throws IOException, InterruptedException {
    Path archive = DevServer.directory().resolve("minimal.jsa");
    List<String> training = new ArrayList<>(CommandLines.SMALL_JVM);
    training.add("-XX:ArchiveClassesAtExit=" + archive);
    CommandLines.run(lines.minimalClient(training, address, "Anything", QUEUE), address);
    List<String> options = new ArrayList<>(CommandLines.SMALL_JVM);
    options.add("-XX:SharedArchiveFile=" + archive);
    return options;
  }

  private static List<String> temporal(String address) {
    String command =
        EmbeddedServer.command(System.getenv())
            .orElseThrow(() -> new IllegalStateException("the command 'temporal' is not on PATH"))
            .toString();
    return List.of(
        command,
        "workflow",
        "start",
        "--address",
        address,
        "--type",
        "Anything",
        "--task-queue",
        QUEUE,
        "--input",
        "{\"n\": 1}");
  }
}
