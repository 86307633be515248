package dev.federated.activities.health;

import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.remote.CircuitBreakers;
import dev.federated.activities.remote.RegionListener;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.ledger.LatencyPercentiles;
import dev.federated.ledger.LedgerCopy;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.OperatedFederation;
import dev.federated.ledger.RegionReport;
import dev.federated.model.CircuitState;
import dev.federated.model.DataLocation;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.Residency;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.Eligibility;
import dev.federated.routing.Explanation;
import dev.federated.routing.FederationSnapshots;
import dev.federated.routing.RegionSelector;
import dev.federated.stage.ExecutionEnd;
import dev.federated.stage.PayloadSizes;
import dev.federated.stage.World;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a control worker knows of its regions, in memory. Fed by a {@link RegionMonitor}, by the
 * outcomes that stages tell, and by calls of region workers in the same process.
 */
public final class RegionView implements World, RegionListener {
  /** How long ago a worker must have polled a queue for the queue to be alive: 90 s. */
  public static final Duration POLLED_WITHIN = Duration.ofSeconds(90);

  /**
   * How long a queue that nobody polls is looked at before stages fail of it: 10 s. Workers that
   * are started together with this one poll by then.
   */
  public static final Duration SETTLES_WITHIN = Duration.ofSeconds(10);

  /** A figure that missed this many refreshes is not used any more. */
  private static final int STALE_INTERVALS = 3;

  private static final int REMEMBERED = 10_000;

  private final FederationConfig file;
  private final Clock clock;
  private final CircuitBreakers breakers;
  private final BooleanSupplier searchAttributes;
  private final Duration staleAfter;
  private final Duration trialLostAfter;
  private final Object lock = new Object();
  private final Map<String, RegionState> regions = new LinkedHashMap<>();
  private final RoundRobinTurns turns = new RoundRobinTurns();
  private final Map<String, WorldSnapshot> pickedSnapshots = new BoundedMap<>(REMEMBERED);
  private final Map<String, Boolean> endedExecutions = new BoundedMap<>(REMEMBERED);
  private final Map<String, Boolean> endedHedges = new BoundedMap<>(REMEMBERED);
  private final HedgeBudget hedges = new HedgeBudget();
  private final Map<String, Boolean> endedStages = new BoundedMap<>(REMEMBERED);
  private final Set<String> localWorkers = new HashSet<>();
  private Map<String, LedgerSettings> settings = Map.of();
  private FederationConfig config;
  private FederationSnapshots snapshots;
  private int controlWorkers = 1;
  private volatile Consumer<String> probe = region -> {};
  private volatile Consumer<List<RegionConfig>> regionsChanged = regions -> {};
  private volatile Runnable news = () -> {};
  private volatile Runnable prioritized = () -> {};
  private volatile @Nullable FederationMetrics metrics;
  private volatile int largestPayloadBytes = PayloadSizes.MAX_PAYLOAD_BYTES;

  /**
   * A view in which nothing is known yet.
   *
   * @param config the federation that is in force
   * @param clock tells how old figures are
   * @param searchAttributes whether the namespace has the federation's search attributes
   */
  public RegionView(FederationConfig config, Clock clock, BooleanSupplier searchAttributes) {
    this.file = config;
    this.config = config;
    this.clock = clock;
    this.searchAttributes = searchAttributes;
    this.staleAfter =
        Duration.ofMillis((long) (config.healthCheckIntervalSeconds() * 1000 * STALE_INTERVALS));
    this.trialLostAfter =
        Duration.ofMillis((long) (config.circuitBreaker().timeoutSeconds() * 1000));
    this.breakers = new CircuitBreakers(clock);
    for (RegionConfig region : config.regions()) {
      regions.put(region.name(), unknown(region));
    }
    this.snapshots = new FederationSnapshots(config);
  }

  private RegionState unknown(RegionConfig region) {
    return new RegionState(
        region,
        breakers.of(region.name(), file.circuitBreaker()),
        Duration.ofMillis((long) (file.stabilizationSeconds() * 1000)));
  }

  /**
   * How large the payloads of this worker may be, in bytes of JSON; default what Temporal takes.
   */
  public void largestPayloadBytes(int bytes) {
    this.largestPayloadBytes = bytes;
  }

  @Override
  public int largestPayloadBytes() {
    return largestPayloadBytes;
  }

  /** Who is asked to look at a region at once when an execution in it failed. Must not block. */
  public void probeWith(Consumer<String> probe) {
    this.probe = probe;
  }

  /** Says that workers of these regions run in this process, so that their queues are alive. */
  public void localWorkers(Collection<String> names) {
    synchronized (lock) {
      localWorkers.addAll(names);
    }
  }

  /** Who is told of the regions when operators add or remove one. Must not block. */
  public void regionsChanged(Consumer<List<RegionConfig>> changed) {
    this.regionsChanged = changed;
  }

  /** Who is told that other workers should hear of something soon. Must not block. */
  public void news(Runnable news) {
    this.news = news;
  }

  /** Who is told that a stage with a task priority starts. Must not block. */
  public void prioritized(Runnable prioritized) {
    this.prioritized = prioritized;
  }

  /**
   * The federation that is in force: the file, with the regions that operators added or removed.
   */
  public FederationConfig config() {
    synchronized (lock) {
      return config;
    }
  }

  /** Takes over what operators said of regions, by name. */
  public void settings(Map<String, LedgerSettings> said) {
    List<RegionConfig> changed = null;
    synchronized (lock) {
      if (said.equals(settings)) {
        return;
      }
      settings = Map.copyOf(said);
      FederationConfig now = OperatedFederation.of(file, settings);
      if (!now.regions().equals(config.regions())) {
        changed = now.regions();
        config = now;
        snapshots = new FederationSnapshots(now);
        regions.keySet().retainAll(Set.copyOf(now.regionNames()));
        for (RegionConfig region : changed) {
          RegionState known = regions.get(region.name());
          if (known == null || !known.config().equals(region)) {
            regions.put(region.name(), unknown(region));
          }
        }
      }
      regions.forEach(
          (name, state) ->
              state.drained(settings.getOrDefault(name, LedgerSettings.NONE).drained()));
    }
    if (changed != null) {
      FederationMetrics counted = metrics;
      if (counted != null) {
        watch(counted);
      }
      regionsChanged.accept(changed);
    }
  }

  /**
   * Takes over what other workers know.
   *
   * @param worker this worker, whose own part is left out
   */
  public void learn(LedgerCopy.Known known, String worker) {
    settings(known.settings());
    Instant now = clock.instant();
    List<String> probed = new ArrayList<>();
    synchronized (lock) {
      controlWorkers = known.controlWorkers();
      regions.forEach(
          (name, state) -> {
            LedgerState.Health health = known.health().get(name);
            if (health != null
                && !health.by().equals(worker)
                && state.heard(health, now, trialLostAfter)) {
              probed.add(name);
            }
            LedgerState.Circuit circuit = known.circuits().get(name);
            if (circuit != null && !circuit.by().equals(worker)) {
              state.heard(circuit, now, trialLostAfter);
            }
            int elsewhere = 0;
            for (Map.Entry<String, Map<String, Integer>> other : known.inFlight().entrySet()) {
              if (!other.getKey().equals(worker)) {
                elsewhere += other.getValue().getOrDefault(name, 0);
              }
            }
            state.inFlightElsewhere(elsewhere);
            state.meanTokens(known.meanTokens().get(name));
            Map<String, LatencyPercentiles> latencies = known.latencies();
            state.latencies(latencies == null ? null : latencies.get(name));
          });
    }
    probed.forEach(probe);
  }

  /** What this worker saw since it was asked last, by region. */
  public Map<String, RegionReport> takeReport() {
    Map<String, RegionReport> report = new LinkedHashMap<>();
    Instant now = clock.instant();
    synchronized (lock) {
      regions.forEach(
          (name, state) -> {
            RegionReport seen = state.takeReport(now);
            if (seen != null) {
              report.put(name, seen);
            }
          });
    }
    return report;
  }

  /** Registers the gauges of every region, and counts the stages that end from now on. */
  public void watch(FederationMetrics metrics) {
    this.metrics = metrics;
    for (String region : config().regionNames()) {
      metrics.watch(region, () -> online(region), () -> load(region));
    }
  }

  private @Nullable Double load(String region) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      RegionProbe reported = state == null ? null : state.reported(clock.instant(), staleAfter);
      return reported == null ? null : reported.load();
    }
  }

  /** The state of a region's breaker as the next stage sees it; closed for an unknown region. */
  public CircuitState circuit(String region) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      return state == null ? CircuitState.CLOSED : state.circuit(clock.instant(), trialLostAfter);
    }
  }

  /** Whether the region's last probe found it well; null if it was not probed yet. */
  public @Nullable Boolean online(String region) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      return state == null ? null : state.online();
    }
  }

  /** Records a queue's statistics. */
  void statistics(String region, QueueStatistics.QueueState queue) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      if (state != null) {
        state.statistics(queue.backlog(), queue.lastPoll(), clock.instant(), POLLED_WITHIN);
      }
    }
  }

  @Override
  public WorldSnapshot snapshot(StageRequest request, String runKey) {
    FederationStrategy strategy = strategy(request.federation());
    if (request.federation().taskPriority() != null) {
      prioritized.run();
    }
    Integer taskBytes = PayloadSizes.taskBytes(request, config().regions().size());
    synchronized (lock) {
      WorldSnapshot seen = see(request, strategy, runKey).withTaskBytes(taskBytes);
      if (settling(request.federation(), seen)) {
        // Nothing was picked; the stage looks again.
        pickedSnapshots.remove(runKey);
        return seen.whileSettling();
      }
      Hedge hedge = request.federation().hedge();
      if (hedge == null) {
        return seen;
      }
      int shares = strategy.replicated() ? eligible(request.federation(), seen).size() : 1;
      return seen.withHedges(hedges.grant(runKey, shares, hedge.maxExtraLoad(), hedge.max()));
    }
  }

  /** Whether no region is eligible, and one only because its workers may still be starting. */
  private boolean settling(FederatedStageConfig stage, WorldSnapshot seen) {
    if (seen.candidates().stream().noneMatch(region -> Boolean.FALSE.equals(region.polled()))) {
      return false;
    }
    Eligibility.Rules rules = new Eligibility.Rules(stage, seen);
    RegionSnapshot fallback = seen.fallback();
    if (fallback != null && rules.of(fallback).eligible()) {
      return false;
    }
    boolean found = false;
    for (RegionSnapshot region : seen.candidates()) {
      Eligibility eligibility = rules.of(region);
      if (eligibility.eligible()) {
        return false;
      }
      found |= eligibility.failure() == FailureType.NO_WORKER_IN_REGION && settling(region.name());
    }
    return found;
  }

  /** Whether nobody polls the region's queue and it has been looked at for a short time only. */
  boolean settling(String region) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      return state != null && state.settling(clock.instant(), SETTLES_WITHIN);
    }
  }

  private static List<RegionSnapshot> eligible(FederatedStageConfig stage, WorldSnapshot seen) {
    Eligibility.Rules rules = new Eligibility.Rules(stage, seen);
    return seen.candidates().stream().filter(region -> rules.of(region).eligible()).toList();
  }

  private WorldSnapshot see(StageRequest request, FederationStrategy strategy, String runKey) {
    return switch (strategy) {
      case PARALLEL, SEQUENTIAL, NEAREST, COST_OPTIMIZED ->
          look(request.federation(), strategy, Map.of(), clock.instant());
      case ROUND_ROBIN, LEAST_LOADED -> {
        WorldSnapshot known = pickedSnapshots.get(runKey);
        if (known == null) {
          known = pick(request, strategy, runKey);
          pickedSnapshots.put(runKey, known);
        }
        yield known;
      }
    };
  }

  @Override
  public List<RegionSnapshot> everyRegion() {
    Instant now = clock.instant();
    synchronized (lock) {
      return snapshots
          .of(
              FederatedStageConfig.builder().build(),
              false,
              region ->
                  RegionSnapshot.builder(region.name())
                      .enabled(region.enabled() ? null : false)
                      .circuit(state(region).circuit(now, trialLostAfter))
                      .maxConcurrent(region.maxConcurrent())
                      .nexusEndpoint(nexusEndpoint(region))
                      .build())
          .candidates();
    }
  }

  @Override
  public RoutingDecision explain(FederatedStageConfig stage) {
    Instant now = clock.instant();
    synchronized (lock) {
      FederationStrategy strategy = strategy(stage);
      WorldSnapshot seen = look(stage, strategy, Map.of(), now);
      if (strategy == FederationStrategy.ROUND_ROBIN) {
        seen = look(stage, strategy, turns.lags(eligible(stage, seen)), now);
      }
      return Explanation.of(stage, seen, this::executionLatency);
    }
  }

  /** How its workers are reached, unless they are in this process. */
  private @Nullable String nexusEndpoint(RegionConfig region) {
    return localWorkers.contains(region.name()) ? null : region.nexusEndpoint();
  }

  private @Nullable Double executionLatency(String region) {
    RegionState state = regions.get(region);
    return state == null ? null : state.executionLatencyMs();
  }

  /** Looks, and counts what the stage will choose from what it sees. */
  private WorldSnapshot pick(StageRequest request, FederationStrategy strategy, String runKey) {
    FederatedStageConfig stage = request.federation();
    Instant now = clock.instant();
    WorldSnapshot seen = look(stage, strategy, Map.of(), now);
    List<RegionSnapshot> eligible = List.of();
    if (strategy == FederationStrategy.LEAST_LOADED && controlWorkers > 1) {
      seen = seen.withTieSeed(runKey.hashCode());
    }
    if (strategy == FederationStrategy.ROUND_ROBIN) {
      eligible = eligible(stage, seen);
      seen = look(stage, strategy, turns.lags(eligible), now);
    }
    List<String> chosen = RegionSelector.decide(stage, seen).chosen();
    if (chosen.isEmpty()) {
      return seen;
    }
    boolean atData =
        Boolean.TRUE.equals(seen.dataFirst())
            && chosen.get(0).equals(RegionSelector.dataRegion(stage, seen));
    // Work that stays at its data takes nobody's turn.
    if (strategy == FederationStrategy.ROUND_ROBIN && !atData) {
      turns.picked(eligible, chosen.get(0));
    }
    RegionState state = regions.get(chosen.get(0));
    if (state != null) {
      state.picked(runKey, now);
    }
    return seen;
  }

  private WorldSnapshot look(
      FederatedStageConfig stage,
      FederationStrategy strategy,
      Map<String, Double> lags,
      Instant now) {
    return snapshots.of(
        stage,
        searchAttributes.getAsBoolean(),
        region -> look(state(region), stage, strategy, lags, now));
  }

  private RegionState state(RegionConfig region) {
    return Objects.requireNonNull(regions.get(region.name()));
  }

  private RegionSnapshot look(
      RegionState state,
      FederatedStageConfig stage,
      FederationStrategy strategy,
      Map<String, Double> lags,
      Instant now) {
    RegionConfig region = state.config();
    RegionSnapshot.Builder seen = RegionSnapshot.builder(region.name());
    seen.enabled(region.enabled() ? null : false);
    seen.drained(state.drained() ? true : null);
    Residency residency = stage.residency();
    boolean tagsAreRead =
        !stage.requiredTags().isEmpty() || (residency != null && residency.tags() != null);
    seen.tags(tagsAreRead ? region.tags() : null);
    seen.priority(region.priority() == RegionSnapshot.DEFAULT_PRIORITY ? null : region.priority());
    seen.timeoutSeconds(
        region.timeoutSeconds() < stage.timeoutSeconds() ? region.timeoutSeconds() : null);
    // Costs of executions are computed from these whatever the strategy.
    seen.costPerExecution(region.costPerExecution());
    seen.costPerToken(region.costPerToken());
    boolean tokensAreGuessed = region.costPerToken() != null && stage.expectedTokens() == 0;
    seen.meanTokens(tokensAreGuessed ? state.meanTokens() : null);
    CircuitState circuit = state.circuit(now, trialLostAfter);
    seen.circuit(circuit == CircuitState.CLOSED ? null : circuit);
    seen.nexusEndpoint(nexusEndpoint(region));
    seen.online(Boolean.FALSE.equals(state.online()) ? false : null);
    seen.polled(Boolean.FALSE.equals(polled(state, now)) ? false : null);
    seen.comingBack((!strategy.replicated() && state.comingBack(now)) ? true : null);
    DataLocation data = stage.dataLocation();
    boolean toPoint = data != null && data.hasPoint();
    switch (strategy) {
      case PARALLEL, SEQUENTIAL -> {
        if (stage.partitioned()) {
          switch (stage.partitionByOrDefault()) {
            case WEIGHT -> seen.weight(region.weight());
            case LOAD -> load(seen, state, now);
            case LOCATION -> place(seen, region);
          }
        }
      }
      case ROUND_ROBIN -> {
        if (stage.dataLocality() && toPoint) {
          place(seen, region);
        }
        seen.weight(region.weight()).turn(lags.getOrDefault(region.name(), 0.0));
      }
      case NEAREST -> {
        if (stage.sourceLocation() != null || (stage.dataLocality() && placed(data))) {
          place(seen, region);
        } else {
          seen.latencyMs(state.latencyMs());
        }
      }
      case LEAST_LOADED -> {
        if (stage.dataLocality() && toPoint) {
          place(seen, region);
        }
        load(seen, state, now);
      }
      case COST_OPTIMIZED -> {
        seen.egressCostPerGb(region.egressCostPerGb());
        if (stage.dataLocality() && toPoint) {
          place(seen, region);
        }
      }
    }
    Hedge hedge = stage.hedge();
    if (hedge != null) {
      Double percentile = hedge.percentile();
      seen.hedgeAfterMs(percentile == null ? null : state.slowAfterMs(percentile));
      boolean keyIsRead = stage.idempotent() == null && region.honoursKey();
      seen.honoursKey(keyIsRead ? true : null);
    }
    if (movesData(stage)) {
      priceMove(seen, region, stage);
    }
    return seen.build();
  }

  /** What it costs to move the stage's data out of the region, if they may be in it, or into it. */
  private static void priceMove(
      RegionSnapshot.Builder seen, RegionConfig region, FederatedStageConfig stage) {
    seen.egressCostPerGb(region.egressCostPerGb());
    DataLocation data = stage.dataLocation();
    if (data == null) {
      return;
    }
    if (data.hasPoint()) {
      place(seen, region);
    }
    boolean holdsSome =
        data.sets(stage.dataSizeBytes()).stream()
            .anyMatch(set -> region.name().equals(set.region()));
    if (data.hasPoint() || holdsSome) {
      Map<String, Double> prices = new LinkedHashMap<>(region.egressCostPerGbTo());
      if (!stage.regions().isEmpty()) {
        prices
            .keySet()
            .removeIf(to -> !stage.regions().contains(to) && !to.equals(stage.fallbackRegion()));
      }
      seen.egressCostPerGbTo(prices.isEmpty() ? null : prices);
    }
  }

  private static boolean movesData(FederatedStageConfig stage) {
    DataLocation data = stage.dataLocation();
    return data == null
        ? stage.dataSizeBytes() > 0
        : data.sets(stage.dataSizeBytes()).stream().anyMatch(set -> set.sizeBytes() > 0);
  }

  private void load(RegionSnapshot.Builder seen, RegionState state, Instant now) {
    int slots = state.config().maxConcurrent();
    seen.maxConcurrent(slots);
    seen.backlog(state.backlog(now, staleAfter));
    RegionProbe reported = state.reported(now, staleAfter);
    if (reported == null) {
      seen.inFlight((double) state.outstanding(now) + state.inFlightElsewhere()).picks(0);
    } else {
      seen.inFlight(reported.currentLoad(slots)).picks(state.picksSinceLoad());
    }
  }

  /** Whether it is known where any of the data is, so that distances from it can be. */
  private boolean placed(@Nullable DataLocation data) {
    return data != null && (data.hasPoint() || data.regions().stream().anyMatch(this::hasPlace));
  }

  private boolean hasPlace(String name) {
    RegionState region = regions.get(name);
    return region != null
        && region.config().latitude() != null
        && region.config().longitude() != null;
  }

  private static void place(RegionSnapshot.Builder seen, RegionConfig region) {
    seen.latitude(region.latitude()).longitude(region.longitude());
  }

  private FederationStrategy strategy(FederatedStageConfig stage) {
    if (stage.strategy() != null) {
      return stage.strategy();
    }
    FederationStrategy byDefault = config.defaultStrategy();
    return byDefault == null ? FederationStrategy.PARALLEL : byDefault;
  }

  @Override
  public void started(String executionKey, String region) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      if (state != null && !endedExecutions.containsKey(executionKey)) {
        state.started(executionKey, clock.instant(), trialLostAfter);
      }
    }
  }

  @Override
  public void ended(String executionKey, String region, ExecutionEnd end) {
    RegionError error = end.error();
    FederationMetrics counted = metrics;
    boolean failed = false;
    boolean isNews;
    synchronized (lock) {
      Instant now = clock.instant();
      RegionState state = regions.get(region);
      if (state == null || endedExecutions.put(executionKey, true) != null) {
        return;
      }
      Instant startedAt = state.ended(executionKey);
      if (error == null) {
        state.succeeded(end, now);
        if (startedAt != null) {
          state.tookInAll(startedAt, end, now);
        }
      } else if (error.type() == FailureType.CIRCUIT_OPEN) {
        // The region's worker has seen every attempt, this view only what came of them.
        state.refused(now);
      } else if (error.type() != FailureType.CANCELLED) {
        failed = counts(error);
        state.failed(failed, end, now);
      } else if (end.latencyMs() > 0) {
        state.overtaken(end);
      }
      isNews = state.hasNews();
    }
    if (isNews) {
      news.run();
    }
    if (failed) {
      probe.accept(region);
    }
    if (error == null && counted != null) {
      counted.executionPaid(region, end.tokensUsed(), end.cost(), end.estimatedCost());
    }
  }

  @Override
  public void hedgeEnded(String executionKey, String region, HedgeOutcome outcome) {
    FederationMetrics counted = metrics;
    synchronized (lock) {
      if (counted == null || endedHedges.put(executionKey, true) != null) {
        return;
      }
    }
    if (outcome != HedgeOutcome.CANCELLED) {
      counted.hedgeEnded(region, outcome);
    }
  }

  @Override
  public void hedgesStarted(String runKey, int started) {
    synchronized (lock) {
      hedges.ended(runKey, started);
    }
  }

  @Override
  public void stageEnded(
      String runKey,
      FederationStrategy strategy,
      StageOutcome outcome,
      long latencyMs,
      List<String> left) {
    FederationMetrics counted = metrics;
    synchronized (lock) {
      if (counted == null || endedStages.put(runKey, true) != null) {
        return;
      }
    }
    counted.stageEnded(strategy, outcome, latencyMs);
    left.forEach(counted::fellBack);
  }

  /** The rules of {@link CircuitBreakers}; overload without a status was a long queue. */
  private static boolean counts(RegionError error) {
    boolean queueWait = error.type() == FailureType.REGION_OVERLOADED && error.httpStatus() == null;
    return !queueWait && CircuitBreakers.counts(error.type(), error.retryAfter() != null);
  }

  @Override
  public @Nullable Boolean polled(String region) {
    synchronized (lock) {
      RegionState state = regions.get(region);
      return state == null ? null : polled(state, clock.instant());
    }
  }

  private @Nullable Boolean polled(RegionState state, Instant now) {
    return localWorkers.contains(state.config().name())
        ? Boolean.TRUE
        : state.polled(now, POLLED_WITHIN, staleAfter);
  }

  /** Nothing: breaker and latency learn of every execution once, by {@link #ended}. */
  @Override
  public void called(String region, @Nullable RegionError error, long latencyMs) {}

  @Override
  public void probed(RegionProbe probe) {
    boolean isNews = false;
    synchronized (lock) {
      RegionState state = regions.get(probe.region());
      if (state != null) {
        state.probed(probe, clock.instant());
        isNews = state.hasNews();
      }
    }
    if (isNews) {
      news.run();
    }
  }
}
