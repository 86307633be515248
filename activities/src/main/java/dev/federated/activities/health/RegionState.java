package dev.federated.activities.health;

import dev.federated.activities.remote.RegionBreaker;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.model.CircuitState;
import dev.federated.model.RegionConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of one region. Guarded by the lock of its view. */
final class RegionState {
  /** A new measurement's share in the mean: the last ten calls make up 90 % of it. */
  private static final double SMOOTHING = 0.2;

  /** The longest attempt that a federation file allows; nothing runs for longer unheard of. */
  private static final Duration FORGOTTEN_AFTER = Duration.ofDays(1);

  /** A pick that has not become an execution by then never will. */
  private static final Duration PICK_LOST_AFTER = Duration.ofSeconds(60);

  private static final int EXECUTIONS = 10_000;

  private final RegionConfig config;
  private final RegionBreaker breaker;
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
  private @Nullable Long backlog;
  private @Nullable Instant lastPoll;
  private @Nullable Instant statisticsAt;
  private @Nullable String trial;
  private @Nullable Instant trialAt;

  RegionState(RegionConfig config, RegionBreaker breaker) {
    this.config = config;
    this.breaker = breaker;
  }

  RegionConfig config() {
    return config;
  }

  RegionBreaker breaker() {
    return breaker;
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
    return state == CircuitState.HALF_OPEN && trialIsOut ? CircuitState.OPEN : state;
  }

  void started(String executionKey, Instant now, Duration trialLostAfter) {
    unpick(executionKey);
    if (circuit(now, trialLostAfter) == CircuitState.HALF_OPEN) {
      trial = executionKey;
      trialAt = now;
    }
    outstanding.putIfAbsent(executionKey, now);
  }

  void ended(String executionKey) {
    unpick(executionKey);
    outstanding.remove(executionKey);
    if (executionKey.equals(trial)) {
      trial = null;
      trialAt = null;
    }
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

  void executionTook(long ms) {
    executionLatencyMs = smoothed(executionLatencyMs, ms);
  }

  @Nullable Long backlog(Instant now, Duration staleAfter) {
    return statisticsAt == null || statisticsAt.plus(staleAfter).isBefore(now) ? null : backlog;
  }

  void statistics(long backlog, @Nullable Instant lastPoll, Instant now) {
    this.backlog = backlog;
    if (lastPoll != null && (this.lastPoll == null || lastPoll.isAfter(this.lastPoll))) {
      this.lastPoll = lastPoll;
    }
    this.statisticsAt = now;
  }

  /** Whether a poller was seen in the given time; null if the server was not asked lately. */
  @Nullable Boolean polled(Instant now, Duration within, Duration staleAfter) {
    if (lastPoll != null && !lastPoll.plus(within).isBefore(now)) {
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
