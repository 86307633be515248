package dev.federated.benchmarks;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How the processes of this project are started: by its launcher, taken as it is, and by a plain
 * JVM with the same jars.
 */
final class CommandLines {
  /** What the launcher gives a JVM beside archives. */
  static final List<String> SMALL_JVM = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private static final String MAIN = "dev.federated.starter.cli.Federate";
  private static final long LONGEST_SECONDS = 120;

  private final Path launcher;
  private final String jars;

  /** Has the launcher build what it runs. */
  CommandLines() throws IOException, InterruptedException {
    Path home = Path.of(System.getProperty("benchmarks.home", "")).toAbsolutePath();
    launcher = home.resolve("federate");
    run(List.of(launcher.toString(), "--version"), "");
    Path launch = home.resolve("starter").resolve("target").resolve("launch");
    Path current = launch.resolve(Files.readString(launch.resolve("current")).strip());
    try (var files = Files.list(current)) {
      jars =
          String.join(
              File.pathSeparator,
              files.map(Path::toString).filter(name -> name.endsWith(".jar")).sorted().toList());
    }
  }

  /** {@code federate} by its launcher. */
  List<String> launcher(String... arguments) {
    List<String> line = new ArrayList<>(List.of(launcher.toString()));
    line.addAll(Arrays.asList(arguments));
    return line;
  }

  /** {@code federate} by a JVM without any option. */
  List<String> plainJvm(String... arguments) {
    List<String> line = new ArrayList<>(List.of(java(), "-cp", jars, MAIN));
    line.addAll(Arrays.asList(arguments));
    return line;
  }

  /** The minimal client by a JVM with those options. */
  List<String> minimalClient(List<String> options, String... arguments) {
    List<String> line = new ArrayList<>(List.of(java()));
    line.addAll(options);
    line.addAll(List.of("-cp", benchmarksJar() + File.pathSeparator + jars));
    line.add(MinimalClient.class.getName());
    line.addAll(Arrays.asList(arguments));
    return line;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static String benchmarksJar() {
    return Path.of(
            MinimalClient.class.getProtectionDomain().getCodeSource().getLocation().getPath())
        .toString();
  }

  /**
   * Runs a process to its end.
   *
   * @param address the server that it uses, or an empty text
   * @throws IllegalStateException if it fails, with what it wrote
   */
  static void run(List<String> line, String address) throws IOException, InterruptedException {
    Path output = Files.createTempFile("federated-benchmarks", ".log");
    Process process =
        builder(line, address).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    if (!ended || process.exitValue() != 0) {
      throw new IllegalStateException(
          "%s failed: %s".formatted(line, Files.readString(output).strip()));
    }
    Files.delete(output);
  }

  /** A process in a new directory, whose connection is that address. */
  static ProcessBuilder builder(List<String> line, String address) {
    ProcessBuilder builder = new ProcessBuilder(line).directory(DevServer.directory().toFile());
    if (!address.isEmpty()) {
      builder.environment().put("TEMPORAL_ADDRESS", address);
    }
    return builder;
  }

  /** A contestant that runs a process to its end. */
  static Contestant process(String name, List<String> line, String address) {
    return new Contestant(
        name,
        () -> {
          run(line, address);
          return "";
        });
  }

  /** A file with that text that lives as long as this process. */
  static Path file(String name, String text) {
    try {
      Path file = DevServer.directory().resolve(name);
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(name + " cannot be written", e);
    }
  }
}
