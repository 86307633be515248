package dev.federated.activities.ledger;

import dev.federated.activities.health.RegionView;
import dev.federated.ledger.LedgerCopy;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.RegionLedgerWorkflow;
import dev.federated.ledger.RegionReport;
import dev.federated.ledger.WorkerReport;
import dev.federated.model.FederationConfig;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowStub;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ties a worker's {@link RegionView} to the ledger: tells it what this worker saw, in one signal
 * for an interval however many stages there were, and takes over what others saw. While the ledger
 * cannot be reached, the view keeps its last copy, and what was to be told waits.
 */
public final class LedgerLink implements AutoCloseable {
  /** Looks at the ledger in one health check interval, which is 30 s by default. */
  private static final double LOOKS_PER_INTERVAL = 30;

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(200);

  /** Least pause between two signals, however much there is to tell. */
  private static final Duration BETWEEN_SIGNALS = Duration.ofSeconds(1);

  /** A worker with nothing to tell says that it is there that often. */
  private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(30);

  private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

  private static final Logger log = LoggerFactory.getLogger(LedgerLink.class);

  private final WorkflowClient client;
  private final RegionView view;
  private final FederationConfig federation;
  private final boolean control;
  private final String worker = UUID.randomUUID().toString();
  private final ScheduledExecutorService schedule =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "federation-ledger");
            thread.setDaemon(true);
            return thread;
          });
  private final AtomicBoolean newsScheduled = new AtomicBoolean();
  private boolean failing;
  private long sequence;
  private long knownVersion;
  private long signalledAt;
  private @Nullable WorkerReport unsent;
  private volatile @Nullable Long reachedAt;
  private volatile Runnable onFailure = () -> {};

  /**
   * A link that does nothing until it is started.
   *
   * @param federation the federation file of this worker
   * @param control whether this worker selects regions, so that it has to know what others see; a
   *     region worker only tells
   */
  public LedgerLink(
      WorkflowClient client, RegionView view, FederationConfig federation, boolean control) {
    this.client = client;
    this.view = view;
    this.federation = federation;
    this.control = control;
  }

  /**
   * Takes over what operators said of regions, which holds from the first stage on, and exchanges
   * what is seen from now on. Blocks for one call to the server.
   */
  public void start() {
    reachedAt = System.nanoTime();
    if (control) {
      readSettings();
    }
    view.news(this::hasNews);
    long share = (long) (federation.healthCheckIntervalSeconds() * 1000 / LOOKS_PER_INTERVAL);
    long pause = Math.max(SHORTEST_PAUSE.toMillis(), Math.min(LONGEST_PAUSE.toMillis(), share));
    var unused =
        schedule.scheduleWithFixedDelay(this::exchange, pause, pause, TimeUnit.MILLISECONDS);
  }

  /** Settings stand in the memo, which is there before any worker answers queries. */
  private void readSettings() {
    try {
      LedgerSettings.Memo settings =
          ledger()
              .describe()
              .getMemo(
                  RegionLedgerWorkflow.SETTINGS_MEMO,
                  LedgerSettings.Memo.class,
                  LedgerSettings.Memo.class);
      if (settings != null) {
        view.settings(settings.byRegion());
      }
    } catch (WorkflowNotFoundException e) {
      log.debug("No ledger yet");
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  /** Who is told, from now on, of each exchange that fails. Must not block. */
  public void onFailure(Runnable told) {
    onFailure = told;
  }

  /** Seconds since the ledger was last reached, or since the start before; null without one. */
  public @Nullable Double ageSeconds() {
    Long last = reachedAt;
    return last == null ? null : (System.nanoTime() - last) / (double) NANOS_PER_SECOND;
  }

  private WorkflowStub ledger() {
    return client.newUntypedWorkflowStub(RegionLedgerWorkflow.WORKFLOW_ID);
  }

  /** Something happened that others should not learn of only at the next interval. */
  private void hasNews() {
    if (newsScheduled.compareAndSet(false, true)) {
      try {
        schedule.execute(
            () -> {
              newsScheduled.set(false);
              exchange();
            });
      } catch (RejectedExecutionException e) {
        log.debug("Not telling the ledger: shutting down");
      }
    }
  }

  private void exchange() {
    try {
      tell();
      if (control) {
        learn();
      }
      failing = false;
      reachedAt = System.nanoTime();
    } catch (WorkflowNotFoundException e) {
      knownVersion = 0;
      reachedAt = System.nanoTime();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  private void failed(RuntimeException e) {
    onFailure.run();
    if (!failing) {
      failing = true;
      log.warn(
          "The ledger of regions cannot be reached, going on with what is known: {}",
          String.valueOf(e.getMessage()));
    }
  }

  private void tell() {
    long now = System.nanoTime();
    boolean tooSoon = sequence > 0 && now - signalledAt < BETWEEN_SIGNALS.toNanos();
    if (tooSoon) {
      return;
    }
    WorkerReport report = unsent == null ? nextReport(now) : unsent;
    if (report == null) {
      return;
    }
    unsent = report;
    client
        .newUntypedWorkflowStub(RegionLedgerWorkflow.TYPE, RegionLedgerWorkflow.options().build())
        .signalWithStart(
            RegionLedgerWorkflow.REPORT, new Object[] {report}, new Object[] {LedgerState.EMPTY});
    unsent = null;
    signalledAt = now;
  }

  private @Nullable WorkerReport nextReport(long now) {
    Map<String, RegionReport> seen = view.takeReport();
    boolean first = sequence == 0;
    boolean silentForLong = control && now - signalledAt > SIGN_OF_LIFE.toNanos();
    if (seen.isEmpty() && !(first && control) && !silentForLong) {
      return null;
    }
    sequence++;
    return new WorkerReport(
        worker,
        sequence,
        control && first ? federation.regionNames() : null,
        control && first ? federation.circuitBreaker() : null,
        seen);
  }

  private void learn() {
    LedgerCopy copy = ledger().query(RegionLedgerWorkflow.COPY, LedgerCopy.class, knownVersion);
    if (copy.known() != null) {
      view.learn(copy.known(), worker);
    }
    knownVersion = copy.version();
  }

  /** Stops; what was not told stays untold. */
  @Override
  public void close() {
    schedule.shutdownNow();
  }
}
