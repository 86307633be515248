package dev.federated.activities.remote;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The breakers of regions. One opens after as many failures in a row as its threshold says; a
 * success starts the count again; failures that say nothing about the region's health neither count
 * nor start again. After its timeout one call goes through, and its outcome decides.
 */
public final class CircuitBreakers {
  private final Clock clock;
  private final ConcurrentMap<String, RegionBreaker> breakers = new ConcurrentHashMap<>();

  /**
   * Breakers, all closed.
   *
   * @param clock decides how long one has been open
   */
  public CircuitBreakers(Clock clock) {
    this.clock = clock;
  }

  /** The region's breaker; a new one, closed, when the settings have changed. */
  public RegionBreaker of(String region, CircuitBreakerConfig settings) {
    return breakers.compute(
        region,
        (name, known) ->
            known != null && known.settings().equals(settings)
                ? known
                : new RegionBreaker(name, settings, clock));
  }

  /**
   * Whether a failure of that type says that the region is not well.
   *
   * @param retryAfter whether the region said when to come again
   */
  public static boolean counts(FailureType type, boolean retryAfter) {
    return switch (type) {
      case REGION_UNAVAILABLE, REGION_TIMEOUT, INVALID_REGION_RESPONSE -> true;
      case REGION_OVERLOADED -> !retryAfter;
      case REGION_REJECTED,
          RESPONSE_TOO_LARGE,
          COMPONENT_FAILED,
          NO_WORKER_IN_REGION,
          CIRCUIT_OPEN,
          CANCELLED,
          NO_ELIGIBLE_REGION,
          AGGREGATION_FAILED,
          PAYLOAD_TOO_LARGE,
          QUORUM_NOT_MET ->
          false;
    };
  }

  /** The state of a region's breaker; closed if it was never called. */
  public CircuitState state(String region) {
    RegionBreaker breaker = breakers.get(region);
    return breaker == null ? CircuitState.CLOSED : breaker.state();
  }
}
