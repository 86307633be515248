package dev.federated.activities.health;

import dev.federated.activities.remote.RegionBreaker;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.ledger.ExecutionTotals;
import dev.federated.ledger.LatencyPercentiles;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.RegionReport;
import dev.federated.model.CircuitState;
import dev.federated.model.RegionConfig;
import dev.federated.stage.ExecutionEnd;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of one region. Guarded by the lock of its view. */
final class RegionState {
  /** A new measurement's share in the mean: the last ten calls make up 90 % of it. */
  private static final double SMOOTHING = 0.2;

  /** With fewer executions a percentile says little. */
  private static final int LEAST_SAMPLES = 20;

  /** How often the average counts as slow where no percentile is known. */
  private static final double SLOW_WITHOUT_HISTORY = 3;

  /** Nothing counts as slow before that. */
  private static final double SHORTEST_SLOW_MS = 10;

  /** The longest attempt that a federation file allows; nothing runs for longer unheard of. */
  private static final Duration FORGOTTEN_AFTER = Duration.ofDays(1);

  /** A pick that has not become an execution by then never will. */
  private static final Duration PICK_LOST_AFTER = Duration.ofSeconds(60);

  private static final int EXECUTIONS = 10_000;

  private final RegionConfig config;
  private final RegionBreaker breaker;
  private final Comeback comeback;
  private final Map<String, Instant> outstanding = new BoundedMap<>(EXECUTIONS);

  /** Picks that no execution was seen of yet, by run key. */
  private final Map<String, Instant> picked = new BoundedMap<>(EXECUTIONS);

  private @Nullable Boolean online;
  private boolean drained;
  private @Nullable RegionProbe load;
  private @Nullable Instant loadAt;
  private int picksSinceLoad;
  private @Nullable Double probeLatencyMs;
  private @Nullable Double executionLatencyMs;

  /** Time that Temporal adds to an execution: from scheduling to the answer, less the latency. */
  private @Nullable Double dispatchMs;

  private @Nullable LatencyPercentiles latencies;
  private @Nullable Long backlog;
  private @Nullable Instant lastPoll;
  private @Nullable Instant statisticsAt;

  /** Since when the statistics show no poller; null while they do. */
  private @Nullable Instant unpolledSince;

  private @Nullable String trial;
  private @Nullable Instant trialAt;

  /** Another worker opened the breaker then: it makes the trial, unless it is lost. */
  private @Nullable Instant openedElsewhereAt;

  private long healthHeardAt;
  private long circuitHeardAt;
  private int inFlightElsewhere;
  private @Nullable Double meanTokens;

  private @Nullable Boolean onlineToReport;
  private @Nullable CircuitState circuitToReport;
  private int failuresToReport;
  private boolean successToReport;
  private int inFlightReported;
  private @Nullable ExecutionTotals endedToReport;

  RegionState(RegionConfig config, RegionBreaker breaker, Duration stabilization) {
    this.config = config;
    this.breaker = breaker;
    this.comeback = new Comeback(config.maxConcurrent(), stabilization);
  }

  RegionConfig config() {
    return config;
  }

  @Nullable Boolean online() {
    return online;
  }

  boolean drained() {
    return drained;
  }

  void drained(boolean now) {
    drained = now;
  }

  /** The breaker's state for the next stage: a trial that is out shuts it for all others. */
  CircuitState circuit(Instant now, Duration trialLostAfter) {
    CircuitState state = breaker.state();
    boolean trialIsOut = trialAt != null && now.isBefore(trialAt.plus(trialLostAfter));
    // The time that the breaker is open, and as long again for the other worker's trial.
    boolean trialIsElsewhere =
        openedElsewhereAt != null
            && now.isBefore(openedElsewhereAt.plus(trialLostAfter.multipliedBy(2)));
    return state == CircuitState.HALF_OPEN && (trialIsOut || trialIsElsewhere)
        ? CircuitState.OPEN
        : state;
  }

  /** Whether stages that have a choice should still go elsewhere. */
  boolean comingBack(Instant now) {
    return comeback.goesLast(outstanding(now), now);
  }

  void started(String executionKey, Instant now, Duration trialLostAfter) {
    unpick(executionKey);
    if (circuit(now, trialLostAfter) == CircuitState.HALF_OPEN) {
      trial = executionKey;
      trialAt = now;
    }
    outstanding.putIfAbsent(executionKey, now);
  }

  /** When the execution that ended was started, or null if that was not seen here. */
  @Nullable Instant ended(String executionKey) {
    unpick(executionKey);
    Instant startedAt = outstanding.remove(executionKey);
    if (executionKey.equals(trial)) {
      trial = null;
      trialAt = null;
    }
    return startedAt;
  }

  void picked(String runKey, Instant now) {
    picked.put(runKey, now);
    picksSinceLoad++;
  }

  int picksSinceLoad() {
    return picksSinceLoad;
  }

  /** Executions that this control worker knows to run there, those that begin now included. */
  int outstanding(Instant now) {
    forgetOlder(outstanding, now.minus(FORGOTTEN_AFTER));
    forgetOlder(picked, now.minus(PICK_LOST_AFTER));
    return outstanding.size() + picked.size();
  }

  /** The last probe, if it told a load and is not older than that. */
  @Nullable RegionProbe reported(Instant now, Duration staleAfter) {
    return loadAt == null || loadAt.plus(staleAfter).isBefore(now) ? null : load;
  }

  void probed(RegionProbe probe, Instant now) {
    if (online == null ? !probe.healthy() : online != probe.healthy()) {
      onlineToReport = probe.healthy();
      if (probe.healthy()) {
        comeback.isBack(now);
      } else {
        comeback.isAway(now);
      }
    }
    online = probe.healthy();
    if (probe.healthy() && probe.latencyMs() != null) {
      probeLatencyMs = smoothed(probeLatencyMs, probe.latencyMs());
    }
    load = probe.load() == null ? null : probe;
    loadAt = probe.load() == null ? null : now;
    picksSinceLoad = 0;
  }

  /** The time of an answer to a probe, else of an execution; null if neither was measured. */
  @Nullable Double latencyMs() {
    return probeLatencyMs != null ? probeLatencyMs : executionLatencyMs;
  }

  /** The time of an execution, else of an answer to a probe; null if neither was measured. */
  @Nullable Double executionLatencyMs() {
    return executionLatencyMs != null ? executionLatencyMs : probeLatencyMs;
  }

  /** Takes over the percentiles of the latencies of all workers' executions. */
  void latencies(@Nullable LatencyPercentiles known) {
    latencies = known;
  }

  /**
   * The time after which an execution, seen from the workflow that waits for it, counts as slow in
   * milliseconds, or null if too little is known. With few samples that is a multiple of what this
   * worker measured on average.
   */
  @Nullable Double slowAfterMs(double percentile) {
    Long known =
        latencies == null || latencies.samples() < LEAST_SAMPLES ? null : latencies.at(percentile);
    Double latency =
        known != null
            ? Double.valueOf(known)
            : executionLatencyMs == null ? null : executionLatencyMs * SLOW_WITHOUT_HISTORY;
    return latency == null
        ? null
        : Math.max(SHORTEST_SLOW_MS, latency + (dispatchMs == null ? 0 : dispatchMs));
  }

  /** An execution that was started then succeeded. */
  void tookInAll(Instant startedAt, ExecutionEnd end, Instant now) {
    long dispatch = Duration.between(startedAt, now).toMillis() - end.latencyMs();
    dispatchMs = smoothed(dispatchMs, Math.max(0, dispatch));
  }

  /** An execution was stopped because a hedge was faster. */
  void overtaken(ExecutionEnd end) {
    endedToReport = plus(ExecutionTotals.overtaken(end.latencyMs()));
  }

  /** An execution succeeded. */
  void succeeded(ExecutionEnd end, Instant now) {
    boolean wasClosed = breaker.state() == CircuitState.CLOSED;
    breaker.succeeded();
    executionLatencyMs = smoothed(executionLatencyMs, end.latencyMs());
    comeback.succeeded();
    successToReport = true;
    failuresToReport = 0;
    if (!wasClosed && breaker.state() == CircuitState.CLOSED) {
      circuitToReport = CircuitState.CLOSED;
      openedElsewhereAt = null;
      comeback.isBack(now);
    }
    endedToReport = plus(totals(true, end));
  }

  /**
   * An execution failed.
   *
   * @param counts whether the breaker counts it
   */
  void failed(boolean counts, ExecutionEnd end, Instant now) {
    if (counts) {
      boolean wasOpen = breaker.state() == CircuitState.OPEN;
      breaker.failed();
      failuresToReport++;
      if (!wasOpen && breaker.state() == CircuitState.OPEN) {
        opened(now);
      }
    }
    endedToReport = plus(totals(false, end));
  }

  /** The region's own worker refused a call because its breaker is open. */
  void refused(Instant now) {
    if (breaker.state() != CircuitState.OPEN) {
      breaker.open();
      opened(now);
    }
  }

  private void opened(Instant now) {
    comeback.isAway(now);
    circuitToReport = CircuitState.OPEN;
    openedElsewhereAt = null;
    failuresToReport = 0;
  }

  private static ExecutionTotals totals(boolean succeeded, ExecutionEnd end) {
    double cost = end.cost() == null ? 0 : end.cost();
    return ExecutionTotals.of(succeeded, end.latencyMs(), end.tokensUsed(), cost);
  }

  private ExecutionTotals plus(ExecutionTotals one) {
    return endedToReport == null ? one : endedToReport.plus(one);
  }

  /**
   * Hears how a probe of another worker ended.
   *
   * @return whether that was news, so that this worker should look as well
   */
  boolean heard(LedgerState.Health elsewhere, Instant now, Duration newsFor) {
    if (elsewhere.at() <= healthHeardAt) {
      return false;
    }
    healthHeardAt = elsewhere.at();
    if (online != null && online == elsewhere.online()) {
      return false;
    }
    if (!elsewhere.online() && isNews(elsewhere.at(), now, newsFor)) {
      online = false;
      comeback.isAway(now);
    }
    return true;
  }

  /** Hears of a breaker that changed in another worker. */
  void heard(LedgerState.Circuit elsewhere, Instant now, Duration newsFor) {
    if (elsewhere.at() <= circuitHeardAt) {
      return;
    }
    circuitHeardAt = elsewhere.at();
    if (elsewhere.state() == CircuitState.OPEN) {
      if (!isNews(elsewhere.at(), now, newsFor)) {
        return;
      }
      breaker.open();
      openedElsewhereAt = now;
      comeback.isAway(now);
    } else {
      breaker.close();
      openedElsewhereAt = null;
      comeback.isBack(now);
    }
  }

  /** A worker that starts hears of what happened long ago, perhaps to another endpoint. */
  private static boolean isNews(long at, Instant now, Duration newsFor) {
    return now.isBefore(Instant.ofEpochMilli(at).plus(newsFor));
  }

  /** Says what other workers know to run there. */
  void inFlightElsewhere(int executions) {
    inFlightElsewhere = executions;
  }

  int inFlightElsewhere() {
    return inFlightElsewhere;
  }

  @Nullable Double meanTokens() {
    return meanTokens;
  }

  void meanTokens(@Nullable Double tokens) {
    meanTokens = tokens;
  }

  /** Whether others should hear at once. */
  boolean hasNews() {
    return onlineToReport != null || circuitToReport != null;
  }

  /** What other workers should hear, or null if there is nothing. */
  @Nullable RegionReport takeReport(Instant now) {
    int inFlight = outstanding(now);
    boolean moved = inFlight != inFlightReported;
    if (!hasNews() && !moved && endedToReport == null) {
      return null;
    }
    RegionReport report =
        new RegionReport(
            onlineToReport,
            circuitToReport,
            failuresToReport,
            successToReport,
            moved ? inFlight : null,
            endedToReport);
    onlineToReport = null;
    circuitToReport = null;
    failuresToReport = 0;
    successToReport = false;
    inFlightReported = inFlight;
    endedToReport = null;
    return report;
  }

  @Nullable Long backlog(Instant now, Duration staleAfter) {
    return statisticsAt == null || statisticsAt.plus(staleAfter).isBefore(now) ? null : backlog;
  }

  void statistics(long backlog, @Nullable Instant lastPoll, Instant now, Duration within) {
    this.backlog = backlog;
    if (lastPoll != null && (this.lastPoll == null || lastPoll.isAfter(this.lastPoll))) {
      this.lastPoll = lastPoll;
    }
    this.statisticsAt = now;
    if (polledLately(now, within)) {
      unpolledSince = null;
    } else if (unpolledSince == null) {
      unpolledSince = now;
    }
  }

  /** Whether nobody was seen to poll yet, in no longer than that time of looking. */
  boolean settling(Instant now, Duration time) {
    return unpolledSince != null && unpolledSince.plus(time).isAfter(now);
  }

  private boolean polledLately(Instant now, Duration within) {
    return lastPoll != null && !lastPoll.plus(within).isBefore(now);
  }

  /** Whether a poller was seen in the given time; null if the server was not asked lately. */
  @Nullable Boolean polled(Instant now, Duration within, Duration staleAfter) {
    if (polledLately(now, within)) {
      return true;
    }
    return (statisticsAt == null || statisticsAt.plus(staleAfter).isBefore(now)) ? null : false;
  }

  private void unpick(String executionKey) {
    picked.keySet().removeIf(runKey -> belongsTo(executionKey, runKey));
  }

  /** Whether the execution's key is the run's with more after it that is not part of a name. */
  private static boolean belongsTo(String executionKey, String runKey) {
    if (!executionKey.startsWith(runKey)) {
      return false;
    }
    if (executionKey.length() == runKey.length()) {
      return true;
    }
    char next = executionKey.charAt(runKey.length());
    return !Character.isLetterOrDigit(next) && next != '.' && next != '_' && next != '-';
  }

  private static void forgetOlder(Map<String, Instant> entries, Instant limit) {
    Iterator<Instant> times = entries.values().iterator();
    while (times.hasNext() && times.next().isBefore(limit)) {
      times.remove();
    }
  }

  private static double smoothed(@Nullable Double mean, long ms) {
    return mean == null ? ms : mean + (SMOOTHING * (ms - mean));
  }
}
