package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionSnapshot;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long and how often an execution in a region is tried, by a stage's block. */
final class AttemptPolicy {
  /** Temporal takes no pause of zero. */
  private static final Duration SHORTEST_RETRY_PAUSE = Duration.ofMillis(1);

  /** Shortest default of queue_timeout_seconds, and the reserve in the default total timeout. */
  private static final double MINUTE_SECONDS = 60;

  private final FederatedStageConfig config;

  AttemptPolicy(FederatedStageConfig config) {
    this.config = config;
  }

  /**
   * The limits of an execution.
   *
   * @param known what is known of the region where it executes
   * @param maxAttempts how often it is tried
   * @param remainingMs what is left of the share's total timeout
   */
  ExecutionLimits limits(@Nullable RegionSnapshot known, int maxAttempts, long remainingMs) {
    double attempt = attemptSeconds(known);
    Duration retryDelay = seconds(config.retryDelaySeconds());
    Duration firstPause =
        retryDelay.compareTo(SHORTEST_RETRY_PAUSE) < 0 ? SHORTEST_RETRY_PAUSE : retryDelay;
    return new ExecutionLimits(
        seconds(attempt).toMillis(),
        seconds(queueSeconds(attempt)).toMillis(),
        Math.max(1, remainingMs),
        maxAttempts,
        firstPause.toMillis(),
        config.taskPriority());
  }

  /** The longest life of a share over all attempts and its hop, in milliseconds. */
  long totalMs(@Nullable RegionSnapshot known) {
    double attempt = attemptSeconds(known);
    double total =
        config.totalTimeoutSeconds() != null
            ? config.totalTimeoutSeconds()
            : config.maxAttempts() * attempt + queueSeconds(attempt) + MINUTE_SECONDS;
    return seconds(total).toMillis();
  }

  /** The longest attempt in a region: the shorter of the stage's and the region's timeout. */
  private double attemptSeconds(@Nullable RegionSnapshot known) {
    Double ofRegion = known == null ? null : known.timeoutSeconds();
    return ofRegion == null ? config.timeoutSeconds() : Math.min(config.timeoutSeconds(), ofRegion);
  }

  private double queueSeconds(double attempt) {
    return config.queueTimeoutSeconds() != null
        ? config.queueTimeoutSeconds()
        : Math.max(MINUTE_SECONDS, attempt);
  }

  static Duration seconds(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1000));
  }
}
