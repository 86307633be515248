package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * One {@code bash} into which a reader pastes the blocks of a document, one after the other:
 * directories, exports and background jobs of one block are there in the next. Whatever still runs
 * is killed when it is closed.
 */
final class GuideShell implements AutoCloseable {
  private final Process bash;
  private final Writer in;
  private final Path out;
  private int blocks;

  private GuideShell(Process bash, Path out) {
    this.bash = bash;
    this.in = bash.outputWriter(UTF_8);
    this.out = out;
  }

  /**
   * Starts it.
   *
   * @param directory where the reader is, and what {@code HOME} is
   * @param environment what the reader has set, beside {@code PATH}
   */
  static GuideShell start(Path directory, Map<String, String> environment) throws IOException {
    Path out = directory.resolve("shell.out");
    ProcessBuilder builder =
        new ProcessBuilder("bash", "--noprofile", "--norc")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", System.getenv("PATH"));
    builder.environment().put("HOME", directory.toString());
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().putAll(environment);
    return new GuideShell(builder.start(), out);
  }

  /**
   * Pastes a block and waits until it has ended.
   *
   * @param atMost how long the block may take
   * @return what it has written to both streams
   */
  String paste(String block, Duration atMost) throws IOException {
    int before = written().length();
    String end = "--- end of block %d ---".formatted(++blocks);
    // In two parts, so that a shell that echoes its input would not look like one that is done.
    in.write("%s\nprintf '\\n%%s %%s\\n' '--- end of' 'block %d ---'\n".formatted(block, blocks));
    in.flush();
    try {
      Awaitility.await()
          .atMost(atMost)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> !bash.isAlive() || written().substring(before).contains(end));
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "not ended after %s:%n%s%nwith what it wrote:%n%s"
              .formatted(atMost, block, written().substring(before)),
          e);
    }
    String text = written().substring(before);
    if (!text.contains(end)) {
      throw new AssertionError("the shell ended in%n%s%nand wrote%n%s".formatted(block, text));
    }
    return text.substring(0, text.indexOf(end));
  }

  /** Processes that blocks have left running. */
  List<ProcessHandle> running() {
    return bash.descendants().toList();
  }

  private String written() {
    try {
      return Files.readString(out, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    bash.descendants().forEach(ProcessHandle::destroyForcibly);
    bash.destroyForcibly();
  }
}
