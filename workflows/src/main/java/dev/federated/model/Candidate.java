package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * One region as the selection saw it.
 *
 * @param region its name
 * @param eligible whether it might have been selected
 * @param score what the strategy ranked it by, lower is better; null where unknown or not ranked
 * @param reason why it is not eligible, or what the score consists of
 * @param estimatedCost what one execution in it was expected to cost, in the currency of the
 *     federation's prices; null if the region has no price, or was not eligible for another reason
 *     than its cost
 * @param estimatedLatencyMs how long an execution in it takes as far as that was measured, in
 *     milliseconds; only in what is explained, null in what stages record
 */
@WireRecord
public record Candidate(
    String region,
    boolean eligible,
    @JsonInclude @Nullable Double score,
    String reason,
    @Nullable Double estimatedCost,
    @Nullable Double estimatedLatencyMs) {
  /** A region of which no latency is told. */
  public Candidate(
      String region,
      boolean eligible,
      @Nullable Double score,
      String reason,
      @Nullable Double estimatedCost) {
    this(region, eligible, score, reason, estimatedCost, null);
  }

  /** A region whose cost nobody estimated. */
  public Candidate(String region, boolean eligible, @Nullable Double score, String reason) {
    this(region, eligible, score, reason, null);
  }

  /** The same with how long an execution in it takes, in milliseconds. */
  public Candidate withEstimatedLatencyMs(@Nullable Double ms) {
    return new Candidate(region, eligible, score, reason, estimatedCost, ms);
  }
}
