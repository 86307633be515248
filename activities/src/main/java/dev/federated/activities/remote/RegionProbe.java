package dev.federated.activities.remote;

import dev.federated.stage.RegionHealth;
import org.jspecify.annotations.Nullable;

/**
 * What one look at a region's health showed.
 *
 * @param region the region
 * @param healthy whether it takes work; a region that answers but serves no health is healthy
 * @param status {@code healthy}, {@code offline} or what the region says of itself
 * @param latencyMs time of the answer in milliseconds, or null if there was none
 * @param load share of its capacity in use, 0 to 1, or null if it does not say
 * @param capacity executions that it takes at once, or null if it does not say
 * @param reason why it is not healthy, or null
 */
public record RegionProbe(
    String region,
    boolean healthy,
    String status,
    @Nullable Long latencyMs,
    @Nullable Double load,
    @Nullable Double capacity,
    @Nullable String reason) {
  /** The status of a region that takes work. */
  public static final String HEALTHY = "healthy";

  /** The status of a region that does not answer. */
  public static final String OFFLINE = "offline";

  static RegionProbe reachable(String region, long latencyMs) {
    return new RegionProbe(region, true, HEALTHY, latencyMs, null, null, null);
  }

  static RegionProbe offline(String region, @Nullable Long latencyMs, String reason) {
    return new RegionProbe(region, false, OFFLINE, latencyMs, null, null, reason);
  }

  /**
   * Executions that run in the region, or null if it does not say.
   *
   * @param maxConcurrent the federation file's number, used where the region tells no capacity
   */
  public @Nullable Double currentLoad(int maxConcurrent) {
    if (load == null) {
      return null;
    }
    return load * (capacity == null ? maxConcurrent : capacity);
  }

  /** The same as people and {@code federate health} read it. */
  public RegionHealth health(int maxConcurrent) {
    return new RegionHealth(
        healthy, status, latencyMs, currentLoad(maxConcurrent), maxConcurrent, reason);
  }
}
