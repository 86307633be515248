package dev.federated.ledger;

import dev.federated.model.Hedge;
import dev.federated.model.WireRecord;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Sums over executions that ended.
 *
 * @param executions how many succeeded or failed
 * @param successes how many of them succeeded
 * @param latencyMs the sum of their latencies in milliseconds
 * @param latencies the distribution of their latencies: an HdrHistogram in its compressed encoding,
 *     with two significant digits; null if there is none
 * @param tokens the sum of their tokens
 * @param cost the sum of their costs, cancelled executions included
 */
@WireRecord
public record ExecutionTotals(
    long executions,
    long successes,
    double latencyMs,
    @Nullable String latencies,
    long tokens,
    double cost) {
  /** No execution. */
  public static final ExecutionTotals NONE = new ExecutionTotals(0, 0, 0, null, 0, 0);

  /** Enough to tell 1.00 s from 1.01 s. */
  private static final int DIGITS = 2;

  /** One execution that ended. */
  public static ExecutionTotals of(boolean succeeded, long latencyMs, long tokens, double cost) {
    Histogram latencies = new Histogram(DIGITS);
    latencies.recordValue(Math.max(0, latencyMs));
    return new ExecutionTotals(1, succeeded ? 1 : 0, latencyMs, encoded(latencies), tokens, cost);
  }

  /** An execution that was cancelled: it cost something and says nothing else. */
  public static ExecutionTotals cancelled(double cost) {
    return new ExecutionTotals(0, 0, 0, null, 0, cost);
  }

  /**
   * An execution that was stopped because a hedge was faster: it would have taken longer than that,
   * which belongs into the distribution. Without it, slow executions would not be in the history
   * and what counts as slow would fall and fall.
   */
  public static ExecutionTotals overtaken(long ageMs) {
    return new ExecutionTotals(0, 0, 0, of(true, ageMs, 0, 0).latencies, 0, 0);
  }

  /** Both together. */
  public ExecutionTotals plus(ExecutionTotals other) {
    return new ExecutionTotals(
        executions + other.executions,
        successes + other.successes,
        latencyMs + other.latencyMs,
        latencies == null || other.latencies == null
            ? (latencies == null ? other.latencies : latencies)
            : encoded(sum(decoded(latencies), decoded(other.latencies))),
        tokens + other.tokens,
        cost + other.cost);
  }

  /** The latency in milliseconds that so many percent of executions did not exceed, or null. */
  public @Nullable Long percentile(double percent) {
    return latencies == null ? null : decoded(latencies).getValueAtPercentile(percent);
  }

  /** The percentiles of the distribution of latencies, or null if there is none. */
  public @Nullable LatencyPercentiles percentiles() {
    if (latencies == null) {
      return null;
    }
    Histogram distribution = decoded(latencies);
    return new LatencyPercentiles(
        distribution.getTotalCount(),
        Hedge.PERCENTILES.stream().map(distribution::getValueAtPercentile).toList());
  }

  /** Tokens of an average execution, or null if there was none. */
  public @Nullable Double meanTokens() {
    return executions == 0 ? null : (double) tokens / executions;
  }

  /** The same without the distribution of latencies, which is most of its size. */
  public ExecutionTotals withoutLatencies() {
    return new ExecutionTotals(executions, successes, latencyMs, null, tokens, cost);
  }

  private static Histogram sum(Histogram a, Histogram b) {
    a.add(b);
    return a;
  }

  private static String encoded(Histogram histogram) {
    ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(buffer);
    byte[] bytes = new byte[length];
    buffer.rewind();
    buffer.get(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static Histogram decoded(String text) {
    try {
      Histogram histogram =
          Histogram.decodeFromCompressedByteBuffer(
              ByteBuffer.wrap(Base64.getDecoder().decode(text)), 0);
      histogram.setAutoResize(true);
      return histogram;
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("latencies hold no HdrHistogram", e);
    }
  }
}
