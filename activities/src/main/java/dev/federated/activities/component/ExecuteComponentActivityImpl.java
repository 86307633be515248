package dev.federated.activities.component;

import dev.federated.pipeline.ComponentRequest;
import dev.federated.pipeline.ComponentResponse;
import dev.federated.pipeline.ExecuteComponentActivity;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInfo;
import io.temporal.client.ActivityCompletionException;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Executes components in a control worker. Where the activity has a heartbeat timeout, it is kept
 * alive from the background, and a cancellation that a heartbeat brings stops the component.
 */
public final class ExecuteComponentActivityImpl implements ExecuteComponentActivity, AutoCloseable {
  private static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(2);

  /** Three heartbeats fit into any timeout, so that one lost heartbeat ends nothing. */
  private static final int HEARTBEATS_PER_TIMEOUT = 3;

  private final ComponentExecutor executor;
  private final int maxOutputBytes;
  private final ScheduledThreadPoolExecutor heartbeats;

  /**
   * Executes with that executor, which stays the caller's to close.
   *
   * @param maxOutputBytes largest output in bytes of JSON
   */
  public ExecuteComponentActivityImpl(ComponentExecutor executor, int maxOutputBytes) {
    this.executor = executor;
    this.maxOutputBytes = maxOutputBytes;
    heartbeats = DaemonThreads.scheduler("component-heartbeats");
  }

  @Override
  public ComponentResponse execute(ComponentRequest request) {
    ActivityExecutionContext context = Activity.getExecutionContext();
    ActivityInfo info = context.getInfo();
    ComponentCancellation cancellation = new ComponentCancellation();
    AtomicReference<@Nullable ActivityCompletionException> ended = new AtomicReference<>();
    ScheduledFuture<?> heartbeat = heartbeat(context, info, cancellation, ended);
    try {
      Duration timeout = info.getStartToCloseTimeout();
      ComponentLimits limits =
          new ComponentLimits(
              maxOutputBytes, timeout.isZero() ? ComponentExecutor.DEFAULT_TIMEOUT : timeout);
      ComponentOutcome outcome = executor.execute(request, limits, cancellation);
      return new ComponentResponse(
          outcome.output(), info.getAttempt(), outcome.tokensUsed(), outcome.cost());
    } catch (ComponentException e) {
      throw ApplicationFailure.newBuilder()
          .setMessage(e.getMessage())
          .setType(e.type().wireName())
          .setNonRetryable(!e.retryable())
          .build();
    } catch (CancellationException e) {
      ActivityCompletionException reason = ended.get();
      if (reason != null) {
        throw reason;
      }
      throw e;
    } finally {
      if (heartbeat != null) {
        heartbeat.cancel(false);
      }
    }
  }

  private @Nullable ScheduledFuture<?> heartbeat(
      ActivityExecutionContext context,
      ActivityInfo info,
      ComponentCancellation cancellation,
      AtomicReference<@Nullable ActivityCompletionException> ended) {
    Duration timeout = info.getHeartbeatTimeout();
    if (timeout.isZero()) {
      return null;
    }
    long nanos = Math.min(HEARTBEAT_INTERVAL.toNanos(), timeout.toNanos() / HEARTBEATS_PER_TIMEOUT);
    return heartbeats.scheduleAtFixedRate(
        () -> {
          try {
            context.heartbeat(null);
          } catch (ActivityCompletionException e) {
            ended.compareAndSet(null, e);
            cancellation.cancel();
          }
        },
        nanos,
        nanos,
        TimeUnit.NANOSECONDS);
  }

  /** Ends the heartbeats. */
  @Override
  public void close() {
    heartbeats.shutdownNow();
  }
}
