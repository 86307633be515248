package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * When a share of a stage that takes long is executed in another region as well. The first success
 * gives the share's result.
 *
 * @param afterPercentile the percent of the region's earlier executions that were faster, one of
 *     {@link #PERCENTILES}; null where {@code afterSeconds} says when
 * @param afterSeconds the time that a share may take before it is hedged, in seconds, above 0; null
 *     where {@code afterPercentile} says when
 * @param maxExtraLoad the part of a control worker's executions that may be hedges, 0 to 1, default
 *     0.05
 * @param max hedges of one share, 1 to 3, default 1
 * @param waitForLoser whether the executions that come too late are waited for instead of
 *     cancelled, default false
 */
@WireRecord
public record Hedge(
    @Nullable Double afterPercentile,
    @Nullable Double afterSeconds,
    double maxExtraLoad,
    int max,
    boolean waitForLoser) {
  /** The percentiles that are kept of each region's latencies. */
  public static final List<Double> PERCENTILES = List.of(50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.9);

  /** The percentile of a block that says nothing of when: 95. */
  public static final double DEFAULT_PERCENTILE = 95;

  /** The part of executions that may be hedges where a block says nothing: 0.05. */
  public static final double DEFAULT_MAX_EXTRA_LOAD = 0.05;

  /** A hedge after that percentile of the region's latencies, else as by default. */
  public static Hedge afterPercentile(double percentile) {
    return new Hedge(percentile, null, DEFAULT_MAX_EXTRA_LOAD, 1, false);
  }

  /** A hedge after that many seconds, else as by default. */
  public static Hedge afterSeconds(double seconds) {
    return new Hedge(null, seconds, DEFAULT_MAX_EXTRA_LOAD, 1, false);
  }

  /** The same with that part of executions that may be hedges. */
  public Hedge withMaxExtraLoad(double part) {
    return new Hedge(afterPercentile, afterSeconds, part, max, waitForLoser);
  }

  /** The same with up to that many hedges of one share. */
  public Hedge withMax(int hedges) {
    return new Hedge(afterPercentile, afterSeconds, maxExtraLoad, hedges, waitForLoser);
  }

  /** The same, waiting for executions that come too late. */
  public Hedge waitingForLosers() {
    return new Hedge(afterPercentile, afterSeconds, maxExtraLoad, max, true);
  }

  /** The name of a percentile, such as p95 or p99.9. */
  public static String nameOf(double percentile) {
    return percentile == Math.rint(percentile) ? "p" + (long) percentile : "p" + percentile;
  }

  /** The percentile that was asked for, or null if a time was. */
  @JsonIgnore
  public @Nullable Double percentile() {
    return afterSeconds != null
        ? null
        : afterPercentile == null ? Double.valueOf(DEFAULT_PERCENTILE) : afterPercentile;
  }
}
