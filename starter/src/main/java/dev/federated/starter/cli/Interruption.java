package dev.federated.starter.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when the process is told to end by SIGINT or SIGTERM: the command is asked to stop,
 * has up to {@link #LONGEST_STOP} for it, and the exit code is 130. Thread-safe.
 */
final class Interruption {
  /** How long a command may take to stop: 10 s. */
  static final Duration LONGEST_STOP = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Interruption.class);

  private final Duration longestStop;
  private final IntConsumer halt;
  private final List<Runnable> stops = new ArrayList<>();
  private final List<Runnable> cleanups = new ArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);

  /**
   * An interruption that nothing triggers yet.
   *
   * @param longestStop how long the command may take to stop
   * @param halt ends the process with an exit code and without shutdown hooks
   */
  Interruption(Duration longestStop, IntConsumer halt) {
    this.longestStop = longestStop;
    this.halt = halt;
  }

  /** One thing to do when the process is interrupted. */
  interface Registration {
    /** Takes it back. */
    void close();
  }

  /**
   * Asks the command to stop, such as by cancelling its workflow.
   *
   * @param stop returns soon; the command itself ends in its own thread
   */
  Registration onInterrupt(Runnable stop) {
    synchronized (stops) {
      stops.add(stop);
    }
    return () -> {
      synchronized (stops) {
        stops.remove(stop);
      }
    };
  }

  /** Does something right before the process ends in whatever way, such as ending a child. */
  void beforeEnd(Runnable cleanup) {
    synchronized (cleanups) {
      cleanups.add(cleanup);
    }
  }

  /** The command has returned and printed its result. */
  void commandEnded() {
    ended.countDown();
  }

  /** The body of the shutdown hook. */
  void shutdown() {
    boolean interrupted = ended.getCount() > 0;
    if (interrupted && askToStop()) {
      try {
        boolean inTime = ended.await(longestStop.toMillis(), TimeUnit.MILLISECONDS);
        LOG.debug("the command {}", inTime ? "stopped" : "did not stop in time");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    List<Runnable> last;
    synchronized (cleanups) {
      last = List.copyOf(cleanups);
    }
    last.forEach(Interruption::runQuietly);
    if (interrupted) {
      halt.accept(ExitCodes.INTERRUPTED);
    }
  }

  private boolean askToStop() {
    List<Runnable> now;
    synchronized (stops) {
      now = List.copyOf(stops);
    }
    for (Runnable stop : now) {
      // One that hangs must not keep the others, nor the end of the process.
      Thread thread = new Thread(() -> runQuietly(stop), "federate-stop");
      thread.setDaemon(true);
      thread.start();
    }
    return !now.isEmpty();
  }

  private static void runQuietly(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      LOG.warn("while the process ends", e);
    }
  }
}
