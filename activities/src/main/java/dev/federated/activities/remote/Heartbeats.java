package dev.federated.activities.remote;

import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.ActivityCompletionException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Heartbeats of one activity from the background. When one tells that the activity is cancelled,
 * gone or that its worker stops, the work is stopped, and {@link #end()} says why.
 */
final class Heartbeats implements AutoCloseable {
  /** Ten of them fit into the heartbeat timeout, and a cancellation is known after one. */
  static final Duration INTERVAL = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(Heartbeats.class);

  private final ActivityExecutionContext context;
  private final Supplier<?> detail;
  private final Consumer<ActivityCompletionException> stop;
  private final ScheduledFuture<?> schedule;
  private volatile @Nullable ActivityCompletionException end;

  /**
   * Beats from now on; the first attempt only once it has taken an interval, because most are over
   * by then, and each heartbeat is a call to the server and a write of it. A later attempt beats at
   * once: if its worker is lost, this is all that tells that there was another attempt.
   *
   * @param stop ends the work and is told why; called once at most
   * @throws ActivityCompletionException if the activity is over before it began
   */
  Heartbeats(
      ActivityExecutionContext context,
      ScheduledExecutorService scheduler,
      Supplier<?> detail,
      Consumer<ActivityCompletionException> stop) {
    this.context = context;
    this.detail = detail;
    this.stop = stop;
    if (context.getInfo().getAttempt() > 1) {
      context.heartbeat(detail.get());
    }
    this.schedule =
        scheduler.scheduleWithFixedDelay(
            this::beat, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What ended the activity from outside, or null. */
  @Nullable ActivityCompletionException end() {
    return end;
  }

  private void beat() {
    if (end != null) {
      return;
    }
    try {
      context.heartbeat(detail.get());
    } catch (ActivityCompletionException e) {
      end = e;
      stop.accept(e);
    } catch (RuntimeException e) {
      log.debug("A heartbeat failed and is tried again: {}", e.getClass().getName());
    }
  }

  @Override
  public void close() {
    schedule.cancel(false);
  }
}
