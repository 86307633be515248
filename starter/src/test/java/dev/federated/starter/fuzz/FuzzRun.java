package dev.federated.starter.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import io.temporal.common.converter.DataConverterException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Feeds targets with mutated inputs and keeps one finding for each way in which they fail. */
final class FuzzRun {
  /** In inputs where no message may repeat it. */
  static final String PLANTED = "planted-s3cret-4711";

  private static final Duration LONGEST = Duration.ofSeconds(2);
  private static final int LONGEST_MESSAGE = 4_500;
  private static final int SHOWN_BYTES = 600;

  private final long seed;
  private final Map<String, String> findings = new LinkedHashMap<>();
  private final StringBuilder table = new StringBuilder("| target | inputs | refused | s |\n");
  private long inputs;

  /**
   * A run.
   *
   * @param seed with the same seed the inputs are the same
   */
  FuzzRun(long seed) {
    this.seed = seed;
    table.append("|---|---:|---:|---:|\n");
  }

  /**
   * Feeds every target.
   *
   * @param each how many inputs a target of weight 1 gets
   */
  void feed(List<FuzzTarget> targets, int each) {
    for (FuzzTarget target : targets) {
      feed(target, (int) Math.ceil(each * target.weight()));
    }
  }

  private void feed(FuzzTarget target, int count) {
    long startedAt = System.nanoTime();
    int refused = 0;
    int accepted = 0;
    for (byte[] valid : target.seeds()) {
      accepted += read(target, valid, "a seed") ? 1 : 0;
    }
    if (accepted == 0) {
      throw new IllegalStateException("target '%s' accepts no seed".formatted(target.name()));
    }
    for (int i = 0; i < count; i++) {
      byte[] input = Mutation.of(target.seeds(), new Random(seed * 1_000_003 + i));
      refused += read(target, input, "seed %d, input %d".formatted(seed, i)) ? 0 : 1;
    }
    inputs += count;
    table.append(
        "| %s | %,d | %d %% | %.1f |\n"
            .formatted(
                target.name(),
                count,
                100L * refused / count,
                (System.nanoTime() - startedAt) / 1e9));
  }

  /** Whether the input was accepted. */
  private boolean read(FuzzTarget target, byte[] input, String which) {
    long startedAt = System.nanoTime();
    Throwable thrown = thrown(target, input);
    if (tooLong(startedAt)) {
      // A busy machine is slow once, a slow input always.
      long againAt = System.nanoTime();
      thrown = thrown(target, input);
      if (tooLong(againAt)) {
        found(target, which, input, "takes longer than " + LONGEST, thrown);
      }
    }
    if (thrown != null) {
      judge(target, input, which, thrown);
    }
    return thrown == null;
  }

  private static boolean tooLong(long startedAt) {
    return System.nanoTime() - startedAt > LONGEST.toNanos();
  }

  private static @Nullable Throwable thrown(FuzzTarget target, byte[] input) {
    try {
      target.reader().read(input);
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (Exception | AssertionError | StackOverflowError | OutOfMemoryError e) {
      return e;
    }
  }

  private void judge(FuzzTarget target, byte[] input, String which, Throwable thrown) {
    if (target.documented().stream().noneMatch(type -> type.isInstance(thrown))) {
      found(target, which, input, "throws " + thrown.getClass().getName(), thrown);
      return;
    }
    String message = String.valueOf(thrown.getMessage());
    if (message.contains(PLANTED)) {
      found(target, which, input, "shows a secret", thrown);
    }
    int longest =
        thrown instanceof InvalidDocumentException invalid
            ? invalid.problems().stream()
                .map(Problem::toString)
                .mapToInt(String::length)
                .max()
                .orElse(0)
            : message.length();
    // What Temporal's converter says of a payload is not ours to shorten.
    if (longest > LONGEST_MESSAGE && !(thrown instanceof DataConverterException)) {
      found(target, which, input, "has a message of %d characters".formatted(longest), thrown);
    }
  }

  private void found(
      FuzzTarget target, String which, byte[] input, String what, @Nullable Throwable thrown) {
    StackTraceElement[] trace = thrown == null ? new StackTraceElement[0] : thrown.getStackTrace();
    String place = trace.length == 0 ? "" : " at " + trace[0];
    String key =
        target.name() + ": " + what.replaceAll("[0-9]{2,}", "n") + place.replaceAll("\\d+", "");
    findings.putIfAbsent(
        key,
        "%s: %s%s (%s)%n  %s%n  %s"
            .formatted(
                target.name(), what, place, which, cut(String.valueOf(thrown)), shown(input)));
  }

  private static String cut(String text) {
    return text.substring(0, Math.min(SHOWN_BYTES, text.length()));
  }

  private static String shown(byte[] input) {
    return cut(new String(input, ISO_8859_1)).replaceAll("\\p{Cntrl}", "·");
  }

  /** Inputs that were made, seeds not counted. */
  long inputs() {
    return inputs;
  }

  /** One for each way in which a target failed. */
  List<String> findings() {
    return List.copyOf(findings.values());
  }

  /** Inputs, refusals and seconds of each target, in Markdown. */
  @Override
  public String toString() {
    return table.toString();
  }
}
