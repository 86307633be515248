package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionSnapshot;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long and how often an execution in a region is tried: a stage's block as Temporal's options.
 */
final class AttemptPolicy {
  /** After that long without a heartbeat an execution counts as lost. */
  private static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration LONGEST_RETRY_PAUSE = Duration.ofSeconds(60);
  private static final double RETRY_BACKOFF = 2;

  /** Temporal takes no pause of zero. */
  private static final Duration SHORTEST_RETRY_PAUSE = Duration.ofMillis(1);

  /** Shortest default of queue_timeout_seconds, and the reserve in the default total timeout. */
  private static final double MINUTE_SECONDS = 60;

  private final FederatedStageConfig config;
  private final String stageId;

  AttemptPolicy(FederatedStageConfig config, String stageId) {
    this.config = config;
    this.stageId = stageId;
  }

  /**
   * The options of an execution.
   *
   * @param region where it executes
   * @param known what is known of the region
   * @param maxAttempts how often it is tried
   * @param remainingMs what is left of the share's total timeout
   */
  ActivityOptions options(
      String region, @Nullable RegionSnapshot known, int maxAttempts, long remainingMs) {
    double attempt = attemptSeconds(known);
    Duration retryDelay = seconds(config.retryDelaySeconds());
    Duration firstPause =
        retryDelay.compareTo(SHORTEST_RETRY_PAUSE) < 0 ? SHORTEST_RETRY_PAUSE : retryDelay;
    return TaskPriorities.apply(config.taskPriority(), ActivityOptions.newBuilder())
        .setTaskQueue(FederatedQueues.ofRegion(region))
        .setStartToCloseTimeout(seconds(attempt))
        .setScheduleToStartTimeout(seconds(queueSeconds(attempt)))
        .setScheduleToCloseTimeout(Duration.ofMillis(Math.max(1, remainingMs)))
        .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
        .setCancellationType(ActivityCancellationType.TRY_CANCEL)
        .setRetryOptions(
            RetryOptions.newBuilder()
                .setInitialInterval(firstPause)
                .setBackoffCoefficient(RETRY_BACKOFF)
                .setMaximumInterval(LONGEST_RETRY_PAUSE)
                .setMaximumAttempts(maxAttempts)
                .build())
        .setSummary(Markdown.summary(region + ": " + stageId))
        .build();
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
