package dev.federated.ledger;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.parsing.NearestNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the ledger knows, and how reports and operations change it. */
final class Ledger {
  /** A worker that has not reported for that long is gone, and what it ran with it. */
  static final long WORKER_GONE_MS = 90_000;

  /** Stages whose totals are kept, the last ones. */
  private static final int STAGES = 200;

  /** Regions whose distribution of latencies is kept; with more the state would grow too large. */
  private static final int DISTRIBUTIONS = 2_000;

  private final Map<String, LedgerState.Health> health;
  private final Map<String, LedgerState.Circuit> circuits;
  private final Map<String, Integer> failures;
  private final Map<String, LedgerSettings> settings;
  private final Map<String, LedgerState.Worker> workers;

  /** What was computed for a copy, and from which totals. */
  private record Percentiles(ExecutionTotals of, @Nullable LatencyPercentiles value) {}

  private final Map<String, Percentiles> percentiles = new HashMap<>();
  private final Map<String, ExecutionTotals> byRegion;
  private final Map<String, ExecutionTotals> byStage;
  private final Map<String, ExecutionTotals> reported;
  private final SlotLeases slots;
  private long version;
  private List<String> regions;
  private CircuitBreakerConfig circuitBreaker;
  private long until;
  private List<String> seen;
  private @Nullable Boolean listed;

  Ledger(LedgerState state) {
    this.version = state.version();
    this.regions = state.regions();
    this.circuitBreaker = state.circuitBreaker();
    this.health = new LinkedHashMap<>(state.health());
    this.circuits = new LinkedHashMap<>(state.circuits());
    this.failures = new LinkedHashMap<>(state.failures());
    this.settings = new LinkedHashMap<>(state.settings());
    this.workers = new LinkedHashMap<>(state.workers());
    LedgerTotals totals = state.totals();
    this.byRegion = new LinkedHashMap<>(totals.byRegion());
    this.byStage = new LinkedHashMap<>(totals.byStage());
    this.reported = new LinkedHashMap<>(totals.reported());
    this.until = totals.until();
    this.seen = totals.seen();
    this.listed = totals.listed();
    this.slots = new SlotLeases(state.slots() == null ? Map.of() : state.slots());
  }

  LedgerState state() {
    return new LedgerState(
        version,
        regions,
        circuitBreaker,
        new LinkedHashMap<>(health),
        new LinkedHashMap<>(circuits),
        new LinkedHashMap<>(failures),
        new LinkedHashMap<>(settings),
        new LinkedHashMap<>(workers),
        totals(),
        slots.state());
  }

  LedgerTotals totals() {
    // Stages keep their order: the next run drops the oldest of them.
    return new LedgerTotals(
        new LinkedHashMap<>(byRegion),
        new LinkedHashMap<>(byStage),
        new LinkedHashMap<>(reported),
        until,
        seen,
        listed);
  }

  /** Who holds how much of what regions take at once. */
  SlotLeases slots() {
    return slots;
  }

  /** What operators said. */
  Map<String, LedgerSettings> settings() {
    return new LinkedHashMap<>(settings);
  }

  LedgerCopy copy(long knownVersion) {
    if (knownVersion == version) {
      return new LedgerCopy(version, null);
    }
    Map<String, Map<String, Integer>> inFlight = new LinkedHashMap<>();
    int controlWorkers = 0;
    for (Map.Entry<String, LedgerState.Worker> worker : workers.entrySet()) {
      if (worker.getValue().control()) {
        controlWorkers++;
      }
      if (!worker.getValue().inFlight().isEmpty()) {
        inFlight.put(worker.getKey(), worker.getValue().inFlight());
      }
    }
    Map<String, Double> meanTokens = new LinkedHashMap<>();
    totals()
        .best()
        .forEach(
            (region, totals) -> {
              Double mean = totals.meanTokens();
              if (mean != null && mean > 0) {
                meanTokens.put(region, mean);
              }
            });
    return new LedgerCopy(
        version,
        new LedgerCopy.Known(
            new LinkedHashMap<>(health),
            new LinkedHashMap<>(circuits),
            settings(),
            inFlight,
            controlWorkers,
            meanTokens,
            latencies()));
  }

  /** Percentiles of latencies; computed again only for a region whose executions changed. */
  private Map<String, LatencyPercentiles> latencies() {
    Map<String, ExecutionTotals> best = totals().best();
    percentiles.keySet().retainAll(best.keySet());
    Map<String, LatencyPercentiles> latencies = new LinkedHashMap<>();
    best.forEach(
        (region, totals) -> {
          Percentiles known = percentiles.get(region);
          if (known == null || !known.of().equals(totals)) {
            known = new Percentiles(totals, totals.percentiles());
            percentiles.put(region, known);
          }
          if (known.value() != null) {
            latencies.put(region, known.value());
          }
        });
    return latencies;
  }

  /**
   * Takes a report.
   *
   * @param now the time of the workflow
   * @return whether executions ended
   */
  boolean report(WorkerReport report, long now) {
    forgetWorkersOlderThan(now - WORKER_GONE_MS);
    LedgerState.Worker before = workers.get(report.worker());
    if (before != null && report.sequence() <= before.sequence()) {
      return false;
    }
    if (report.regions() != null) {
      regions = List.copyOf(report.regions());
    }
    if (report.circuitBreaker() != null) {
      circuitBreaker = report.circuitBreaker();
    }
    Map<String, Integer> inFlight =
        new LinkedHashMap<>(before == null ? Map.of() : before.inFlight());
    boolean ended = false;
    for (Map.Entry<String, RegionReport> entry : report.byRegion().entrySet()) {
      String region = entry.getKey();
      RegionReport seenThere = entry.getValue();
      learn(region, seenThere, report.worker(), now);
      Integer running = seenThere.inFlight();
      if (running != null && running == 0) {
        inFlight.remove(region);
      } else if (running != null) {
        inFlight.put(region, running);
      }
      if (seenThere.ended() != null) {
        reported.merge(region, bounded(reported, seenThere.ended()), ExecutionTotals::plus);
        ended = true;
      }
    }
    boolean control = report.regions() != null || (before != null && before.control());
    if (before == null || control != before.control() || !inFlight.equals(before.inFlight())) {
      version++;
    }
    workers.put(report.worker(), new LedgerState.Worker(report.sequence(), now, inFlight, control));
    return ended;
  }

  private void forgetWorkersOlderThan(long limit) {
    if (workers.values().removeIf(worker -> worker.at() < limit)) {
      version++;
    }
  }

  private void learn(String region, RegionReport seenThere, String worker, long now) {
    Boolean online = seenThere.online();
    LedgerState.Health known = health.get(region);
    if (online != null && (known == null || known.online() != online)) {
      health.put(region, new LedgerState.Health(online, now, worker));
      version++;
    }
    int inARow =
        seenThere.succeeded()
            ? seenThere.failures()
            : failures.getOrDefault(region, 0) + seenThere.failures();
    CircuitState circuit = seenThere.circuit();
    if (circuit == null && inARow >= circuitBreaker.threshold() && !open(region, now)) {
      circuit = CircuitState.OPEN;
    }
    if (circuit != null) {
      circuits.put(region, new LedgerState.Circuit(circuit, now, worker));
      inARow = 0;
      version++;
    }
    if (inARow == 0) {
      failures.remove(region);
    } else {
      failures.put(region, inARow);
    }
  }

  private boolean open(String region, long now) {
    LedgerState.Circuit circuit = circuits.get(region);
    return circuit != null
        && circuit.state() == CircuitState.OPEN
        && now < circuit.at() + (long) (circuitBreaker.timeoutSeconds() * 1000);
  }

  /** Why an operation makes no sense, or null. */
  @Nullable String refusal(RegionOperation operation) {
    String region = operation.region();
    LedgerSettings known = settings.getOrDefault(region, LedgerSettings.NONE);
    boolean exists = (regions.contains(region) || known.added() != null) && !known.removed();
    if (operation.action() == RegionOperation.Action.ADD) {
      if (exists) {
        return "the federation has a region named " + region + " already";
      }
      return operation.config() == null
          ? "region %s cannot be added without its configuration".formatted(region)
          : null;
    }
    if (exists) {
      return null;
    }
    Set<String> names = names();
    List<String> nearest = NearestNames.of(region, names);
    return "the federation has no region named %s; it has %s%s"
        .formatted(
            region,
            names.isEmpty() ? "none that a worker has told of yet" : String.join(", ", names),
            nearest.isEmpty() ? "" : "; did you mean " + String.join(" or ", nearest) + "?");
  }

  private Set<String> names() {
    Set<String> names = new LinkedHashSet<>(regions);
    settings.forEach(
        (region, said) -> {
          if (said.removed()) {
            names.remove(region);
          } else if (said.added() != null) {
            names.add(region);
          }
        });
    return names;
  }

  /** Does what an operator wants; it must not be refused. */
  LedgerSettings operate(RegionOperation operation) {
    String region = operation.region();
    LedgerSettings before = settings.getOrDefault(region, LedgerSettings.NONE);
    String reason = operation.reason();
    LedgerSettings after =
        switch (operation.action()) {
          case DRAIN -> new LedgerSettings(true, false, before.added(), reason);
          case ENABLE -> new LedgerSettings(false, false, before.added(), reason);
          case ADD -> new LedgerSettings(false, false, operation.config(), reason);
          case REMOVE -> new LedgerSettings(false, true, null, reason);
        };
    // A region that was added at run time and is gone again needs no grave.
    boolean nothingToSay =
        after.removed() ? !regions.contains(region) : !after.drained() && after.added() == null;
    if (nothingToSay) {
      settings.remove(region);
    } else {
      settings.put(region, after);
    }
    version++;
    return after;
  }

  /** What {@link CollectStagesActivity} should look for now. */
  CollectRequest nextCollection() {
    return new CollectRequest(until, seen);
  }

  /** Counts stages that closed. */
  void collected(CollectedStages stages) {
    stages
        .byRegion()
        .forEach(
            (region, totals) ->
                byRegion.merge(region, bounded(byRegion, totals), ExecutionTotals::plus));
    for (Map.Entry<String, ExecutionTotals> stage : stages.byStage().entrySet()) {
      ExecutionTotals earlier = byStage.remove(stage.getKey());
      byStage.put(
          stage.getKey(), earlier == null ? stage.getValue() : earlier.plus(stage.getValue()));
    }
    List<String> oldest = new ArrayList<>(byStage.keySet());
    oldest.subList(0, Math.max(0, oldest.size() - STAGES)).forEach(byStage::remove);
    until = stages.until();
    seen = List.copyOf(stages.seen());
    listed = true;
    if (!stages.byRegion().isEmpty()) {
      version++;
    }
  }

  /** The server lists no closed stages. */
  void notListed() {
    listed = false;
  }

  private static ExecutionTotals bounded(
      Map<String, ExecutionTotals> kept, ExecutionTotals totals) {
    return kept.size() < DISTRIBUTIONS ? totals : totals.withoutLatencies();
  }
}
