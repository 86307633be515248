package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * One {@code federate} command, or another main class, as a process of its own. What it writes goes
 * to files under {@code target/endtoend}; the process is killed when it is closed, and at the
 * latest with this JVM.
 */
final class FederateProcess implements AutoCloseable {
  private static final Duration LONGEST_START = Duration.ofSeconds(60);
  private static final int TAIL_CHARACTERS = 3_000;
  private static final Path LOGS = Path.of("target", "endtoend").toAbsolutePath();
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final List<FederateProcess> LIVING = new CopyOnWriteArrayList<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> LIVING.forEach(FederateProcess::kill)));
  }

  private final String name;
  private final Process process;
  private final Path out;
  private final Path err;

  private FederateProcess(String name, Process process, Path out, Path err) {
    this.name = name;
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /**
   * Starts a command.
   *
   * @param name what its logs are called
   * @param directory its working directory
   * @param environment all that it sees of the environment beside PATH
   */
  static FederateProcess start(
      String name, Path directory, Map<String, String> environment, String... arguments) {
    return start(
        "dev.federated.starter.cli.Federate", name, directory, environment, List.of(arguments));
  }

  /** Starts that main class of the tests in the same way. */
  static FederateProcess startMain(
      Class<?> main, String name, Path directory, String... arguments) {
    return start(main.getName(), name, directory, Map.of(), List.of(arguments));
  }

  private static FederateProcess start(
      String main,
      String name,
      Path directory,
      Map<String, String> environment,
      List<String> arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx384m",
                "-cp",
                System.getProperty("java.class.path"),
                main));
    command.addAll(arguments);
    String file = "%02d-%s".formatted(NUMBER.incrementAndGet(), name);
    Path out = LOGS.resolve(file + ".out");
    Path err = LOGS.resolve(file + ".err");
    try {
      Files.createDirectories(LOGS);
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      Map<String, String> all = new LinkedHashMap<>();
      all.put("PATH", System.getenv("PATH"));
      // Nothing is read from the configuration of whoever runs the tests.
      all.put("HOME", directory.toString());
      all.put("LC_ALL", "C.UTF-8");
      all.putAll(environment);
      builder.environment().clear();
      builder.environment().putAll(all);
      FederateProcess started = new FederateProcess(name, builder.start(), out, err);
      LIVING.add(started);
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for the line that says that the process takes work. */
  FederateProcess awaitReady() {
    Awaitility.await(name + " is ready")
        .atMost(LONGEST_START)
        .pollInterval(Duration.ofMillis(50))
        .failFast(
            () -> {
              if (!process.isAlive()) {
                throw new AssertionError("%s has ended: %s".formatted(name, tail(stderr())));
              }
            })
        .until(() -> stdout().startsWith("ready") && stdout().contains("\n"));
    return this;
  }

  /** The value of that name on the ready line. */
  String ready(String key) {
    Matcher value = Pattern.compile("\\b" + Pattern.quote(key) + "=(\\S*)").matcher(stdout());
    if (value.find()) {
      return value.group(1);
    }
    throw new AssertionError("the ready line has no %s: %s".formatted(key, stdout()));
  }

  /** Waits for its end and gives its exit code. */
  int awaitExit(Duration atMost) throws InterruptedException {
    if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("%s still runs after %s".formatted(name, atMost));
    }
    return process.exitValue();
  }

  long pid() {
    return process.pid();
  }

  boolean alive() {
    return process.isAlive();
  }

  String stdout() {
    return read(out);
  }

  String stderr() {
    return read(err);
  }

  /** Asks it to end, by SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** Ends it by SIGKILL, and the server that it may have brought. */
  void kill() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    kill();
    LIVING.remove(this);
  }

  /** Shows the end of what every process that was not closed yet has written. */
  static void printTails() {
    for (FederateProcess each : LIVING) {
      System.out.println("--- %s (%s)".formatted(each.name, each.alive() ? "runs" : "ended"));
      System.out.println(tail(each.stdout()));
      System.out.println(tail(each.stderr()));
    }
  }

  private static String tail(String text) {
    return text.substring(Math.max(0, text.length() - TAIL_CHARACTERS));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
