package dev.federated.worker;

import dev.federated.claimcheck.LargeData;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes from time to time what has expired in the store of large data. Several control workers
 * may do so at once.
 */
final class LargeDataSweeper implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LargeDataSweeper.class);

  private static final Duration FIRST = Duration.ofMinutes(1);
  private static final Duration EVERY = Duration.ofHours(6);

  private final LargeData largeData;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread daemon = new Thread(task, "federation-large-data");
            daemon.setDaemon(true);
            return daemon;
          });

  private LargeDataSweeper(LargeData largeData) {
    this.largeData = largeData;
  }

  /** Sweeps a minute from now and then every six hours, until it is closed. */
  static LargeDataSweeper start(LargeData largeData) {
    return start(largeData, FIRST, EVERY);
  }

  /** As {@link #start(LargeData)} at other times. */
  static LargeDataSweeper start(LargeData largeData, Duration first, Duration every) {
    LargeDataSweeper sweeper = new LargeDataSweeper(largeData);
    var unused =
        sweeper.thread.scheduleWithFixedDelay(
            sweeper::sweep, first.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
    return sweeper;
  }

  private void sweep() {
    try {
      int removed = largeData.sweep();
      if (removed > 0) {
        log.info("Removed {} blobs that had expired from {}", removed, largeData);
      }
    } catch (IOException | RuntimeException e) {
      log.warn("Expired blobs could not be removed from {}", largeData, e);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
