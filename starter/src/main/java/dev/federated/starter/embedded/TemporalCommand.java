package dev.federated.starter.embedded;

import dev.federated.stage.StageSearchAttributes;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.common.SearchAttributeKey;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The {@code temporal} command and its arguments for a development server. */
final class TemporalCommand {
  private static final List<String> NAMES = List.of("temporal", "temporal.exe");

  /**
   * One partition for each task queue and no pause between transfers. With the defaults a hop waits
   * up to 50 ms and a stage takes 150 ms instead of 65: the development server has a single shard,
   * which polls at most 20 times a second, and a region's queue is nearly empty, so that partitions
   * only forward among themselves. The rest lets priorities and fairness keys have an effect, which
   * servers do by themselves from 1.31 on, for tasks of an older database too.
   */
  private static final List<String> DYNAMIC_CONFIG =
      List.of(
          "matching.numTaskqueueReadPartitions=1",
          "matching.numTaskqueueWritePartitions=1",
          "history.transferProcessorMaxPollRPS=200",
          "matching.useNewMatcher=true",
          "matching.enableFairness=true",
          "matching.enableMigration=true");

  /** Nothing is lost when the process crashes; only a crash of the machine can lose the last. */
  private static final List<String> SQLITE_PRAGMAS =
      List.of("journal_mode=WAL", "synchronous=NORMAL");

  private TemporalCommand() {}

  static Optional<Path> find(Map<String, String> environment) {
    return onPath(environment, NAMES);
  }

  /** The first executable of one of those names on the PATH of that environment. */
  static Optional<Path> onPath(Map<String, String> environment, List<String> names) {
    String path = environment.getOrDefault("PATH", "");
    return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
        .splitAsStream(path)
        .filter(directory -> !directory.isEmpty())
        .flatMap(directory -> names.stream().map(name -> new File(directory, name)))
        .filter(file -> file.isFile() && file.canExecute())
        .findFirst()
        .map(file -> file.toPath().toAbsolutePath());
  }

  static List<String> arguments(
      Path command, Path database, int port, int uiPort, boolean headless) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command.toString(),
                "server",
                "start-dev",
                "--ip",
                EmbeddedServer.LOOPBACK,
                "--port",
                Integer.toString(port)));
    if (headless) {
      arguments.add("--headless");
    } else {
      arguments.addAll(List.of("--ui-port", Integer.toString(uiPort)));
    }
    arguments.addAll(List.of("--db-filename", database.toString(), "--log-level", "error"));
    SQLITE_PRAGMAS.forEach(pragma -> arguments.addAll(List.of("--sqlite-pragma", pragma)));
    DYNAMIC_CONFIG.forEach(value -> arguments.addAll(List.of("--dynamic-config-value", value)));
    for (SearchAttributeKey<?> attribute : StageSearchAttributes.ALL) {
      arguments.addAll(
          List.of(
              "--search-attribute",
              attribute.getName() + "=" + typeName(attribute.getValueType())));
    }
    return arguments;
  }

  private static String typeName(IndexedValueType type) {
    return switch (type) {
      case INDEXED_VALUE_TYPE_KEYWORD -> "Keyword";
      case INDEXED_VALUE_TYPE_KEYWORD_LIST -> "KeywordList";
      default ->
          throw new IllegalArgumentException("no search attribute here has the type " + type);
    };
  }
}
