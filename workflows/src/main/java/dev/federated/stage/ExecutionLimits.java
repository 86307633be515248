package dev.federated.stage;

import dev.federated.model.TaskPriority;
import dev.federated.model.WireRecord;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long and how often a region tries an execution, whichever transport carries it there.
 *
 * @param attemptMs longest attempt in milliseconds, 1 or more
 * @param queueMs longest wait for a worker before each attempt, in milliseconds, 1 or more
 * @param totalMs longest time over all attempts, in milliseconds, 1 or more
 * @param attempts how often it is tried, 1 or more
 * @param firstPauseMs pause before the second attempt in milliseconds, 1 or more; later ones double
 *     up to a minute
 * @param priority its place in the region's queue, or null for the server's default
 */
@WireRecord
public record ExecutionLimits(
    long attemptMs,
    long queueMs,
    long totalMs,
    int attempts,
    long firstPauseMs,
    @Nullable TaskPriority priority) {
  /** After that long without a heartbeat an execution counts as lost. */
  private static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration LONGEST_RETRY_PAUSE = Duration.ofSeconds(60);
  private static final double RETRY_BACKOFF = 2;

  private static final Duration LONGEST_MARGIN = Duration.ofSeconds(2);
  private static final int MARGIN_DIVISOR = 5;

  /** One attempt that takes no longer than that altogether. */
  public static ExecutionLimits once(Duration timeout, @Nullable TaskPriority priority) {
    long ms = Math.max(1, timeout.toMillis());
    return new ExecutionLimits(ms, ms, ms, 1, 1, priority);
  }

  /**
   * What an execution elsewhere may take of a time: all but a fifth of it, and 2 s at most, in
   * which what took too long is ended and the answer comes back.
   */
  public static Duration withoutMargin(Duration longest) {
    Duration part = longest.dividedBy(MARGIN_DIVISOR);
    return longest.minus(part.compareTo(LONGEST_MARGIN) < 0 ? part : LONGEST_MARGIN);
  }

  /** The options of {@code RemoteExecute} on the queue of that region. */
  ActivityOptions options(String region, String stageId) {
    return TaskPriorities.apply(priority, ActivityOptions.newBuilder())
        .setTaskQueue(FederatedQueues.ofRegion(region))
        .setStartToCloseTimeout(Duration.ofMillis(attemptMs))
        .setScheduleToStartTimeout(Duration.ofMillis(queueMs))
        .setScheduleToCloseTimeout(Duration.ofMillis(totalMs))
        .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
        .setCancellationType(ActivityCancellationType.TRY_CANCEL)
        .setRetryOptions(
            RetryOptions.newBuilder()
                .setInitialInterval(Duration.ofMillis(firstPauseMs))
                .setBackoffCoefficient(RETRY_BACKOFF)
                .setMaximumInterval(LONGEST_RETRY_PAUSE)
                .setMaximumAttempts(attempts)
                .build())
        .setSummary(Markdown.summary(region + ": " + stageId))
        .build();
  }
}
