package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Why a region or a stage failed. The name in JSON is also the {@code type} of the {@code
 * ApplicationFailure} that carries it.
 */
public enum FailureType implements WireName {
  /** The region did not answer: refused or broken connection, 5xx, or its worker died. */
  REGION_UNAVAILABLE("RegionUnavailable", true, true),
  /** The region did not answer in time. */
  REGION_TIMEOUT("RegionTimeout", true, true),
  /**
   * The region has no capacity now: 429, 409 or 503 with Retry-After, or a queue that is too long.
   */
  REGION_OVERLOADED("RegionOverloaded", true, true),
  /** The region refused the request for good: 4xx or a redirect. */
  REGION_REJECTED("RegionRejected", false, true),
  /** The answer is not the JSON of the region protocol. */
  INVALID_REGION_RESPONSE("InvalidRegionResponse", false, true),
  /** One result is larger than {@code max_output_bytes}. */
  RESPONSE_TOO_LARGE("ResponseTooLarge", false, false),
  /** The stage's component failed inside the region's worker. */
  COMPONENT_FAILED("ComponentFailed", false, true),
  /** No worker polls the region's task queue. */
  NO_WORKER_IN_REGION("NoWorkerInRegion", false, true),
  /** The region's circuit breaker is open. */
  CIRCUIT_OPEN("CircuitOpen", false, true),
  /** The share was cancelled. */
  CANCELLED("Cancelled", false, false),
  /** No region may run the stage. */
  NO_ELIGIBLE_REGION("NoEligibleRegion", false, false),
  /** The outputs could not be aggregated. */
  AGGREGATION_FAILED("AggregationFailed", false, false),
  /** An input or a result is larger than Temporal takes. */
  PAYLOAD_TOO_LARGE("PayloadTooLarge", false, false),
  /** Fewer regions than {@code min_regions} succeeded. */
  QUORUM_NOT_MET("QuorumNotMet", false, false);

  private final String wireName;
  private final boolean retryable;
  private final boolean hops;

  FailureType(String wireName, boolean retryable, boolean hops) {
    this.wireName = wireName;
    this.retryable = retryable;
    this.hops = hops;
  }

  /** The name in JSON and in {@code ApplicationFailure.getType()}. */
  @Override
  @JsonValue
  public String wireName() {
    return wireName;
  }

  /** Whether the same region may succeed later, unless the single failure says otherwise. */
  public boolean retryable() {
    return retryable;
  }

  /**
   * Whether another region may succeed where this failure happened. {@link #REGION_REJECTED} is
   * decided by its status as well, see {@link RegionError#allowsHop()}.
   */
  public boolean hops() {
    return hops;
  }

  /**
   * Reads a recorded name.
   *
   * @throws IllegalArgumentException if no constant has that name
   */
  @JsonCreator
  public static FailureType fromWireName(String name) {
    return WireName.parse(FailureType.class, name);
  }
}
