package dev.federated.activities.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.activities.remote.Regions;
import dev.federated.ledger.ExecutionTotals;
import dev.federated.ledger.LatencyPercentiles;
import dev.federated.ledger.LedgerCopy;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.RegionReport;
import dev.federated.model.Candidate;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.model.DataLocation;
import dev.federated.model.DataSet;
import dev.federated.model.Distribution;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.Hedge;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.PartitionBy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.Residency;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.RegionSelector;
import dev.federated.stage.ExecutionEnd;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RegionViewTest {
  private static final RegionConfig A =
      RegionConfig.builder("a").maxConcurrent(10).latitude(0.0).longitude(0.0).build();
  private static final RegionConfig B =
      RegionConfig.builder("b").maxConcurrent(5).tags(List.of("gpu")).build();

  private final Regions.MovingClock clock = new Regions.MovingClock();
  private final List<String> probes = new ArrayList<>();

  /** Bug 12 of the Python code: unknown names were dropped without a word. */
  @Test
  void namesThatTheFederationDoesNotHaveAreTold() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .regions(List.of("b", "nowhere"))
            .fallbackRegion("neither")
            .dataLocation(DataLocation.inRegion("lost"))
            .residency(List.of("b", "moon"))
            .build();

    WorldSnapshot snapshot = view(A, B).snapshot(request(stage), "run");

    assertThat(snapshot.unknownRegions()).containsExactly("nowhere", "neither", "lost", "moon");
    assertThat(names(snapshot)).containsExactly("b");
  }

  @Test
  void anUnlistedStageSeesAllRegionsByPriorityAndNameWithTheDisabledOnesMarked() {
    RegionConfig first = RegionConfig.builder("z").priority(1).build();
    RegionConfig disabled = RegionConfig.builder("c").enabled(false).build();

    WorldSnapshot snapshot =
        view(B, disabled, A, first).snapshot(request(FederationStrategy.PARALLEL), "run");

    assertThat(names(snapshot)).containsExactly("z", "a", "b", "c");
    assertThat(snapshot.region("c").enabled()).isFalse();
    assertThat(snapshot.region("a").enabled()).isNull();
    assertThat(snapshot.unknownRegions()).isNull();
  }

  @Test
  void theFallbackAndTheDatasRegionStandOutsideTheCandidates() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.NEAREST)
            .regions(List.of("b"))
            .fallbackRegion("c")
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("a"))
            .build();

    WorldSnapshot snapshot =
        view(A, B, RegionConfig.builder("c").build()).snapshot(request(stage), "run");

    assertThat(names(snapshot)).containsExactly("b");
    assertThat(snapshot.fallback().name()).isEqualTo("c");
    assertThat(snapshot.dataRegion().place()).isEqualTo(new GeoPoint(0, 0));
  }

  @Test
  void onlyWhatTheStrategyReadsIsRecorded() {
    RegionView view = view(A, B);
    view.probed(probe("a", 0.5, 10.0));

    assertThat(view.snapshot(request(FederationStrategy.PARALLEL), "1").candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").build());
    assertThat(view.snapshot(request(FederationStrategy.NEAREST), "2").candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").latencyMs(7.0).build());
    assertThat(view.snapshot(request(FederationStrategy.ROUND_ROBIN), "3").candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").weight(1.0).turn(0.0).build());
    assertThat(view.snapshot(request(FederationStrategy.LEAST_LOADED), "4").candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").maxConcurrent(10).inFlight(5.0).picks(1).build());
    FederatedStageConfig tags =
        FederatedStageConfig.builder().requiredTags(List.of("gpu")).timeoutSeconds(400).build();
    assertThat(view.snapshot(request(tags), "5").region("b"))
        .isEqualTo(RegionSnapshot.builder("b").tags(List.of("gpu")).timeoutSeconds(300.0).build());
  }

  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void explainingTellsWhatTheNextStageWillDecideAndTakesNobodysTurn(FederationStrategy strategy) {
    FederatedStageConfig stage = FederatedStageConfig.builder().strategy(strategy).build();
    RegionView asked = view(A, B);
    RegionView unasked = view(A, B);

    for (int i = 0; i < 5; i++) {
      RoutingDecision explained = asked.explain(stage);
      assertThat(asked.explain(stage)).isEqualTo(explained);
      WorldSnapshot snapshot = asked.snapshot(request(stage), "run " + i);
      assertThat(snapshot).isEqualTo(unasked.snapshot(request(stage), "run " + i));
      assertThat(explained).isEqualTo(RegionSelector.decide(stage, snapshot));
    }
  }

  @Test
  void anExplanationTellsTheTimeOfExecutionsAndWhereThereWereNoneThatOfProbes() {
    RegionView view = view(A, B);
    view.probed(probe("a", 0.5, 10.0));
    view.probed(probe("b", 0.5, 10.0));
    view.started("run/a/1", "a");
    view.ended("run/a/1", "a", ExecutionEnd.succeeded(250));

    RoutingDecision explained = view.explain(FederatedStageConfig.builder().build());

    assertThat(explained.candidates())
        .extracting(Candidate::region, Candidate::estimatedLatencyMs)
        .containsExactly(tuple("a", 250.0), tuple("b", 7.0));
  }

  @Test
  void anExplanationNamesRegionsThatTheFederationDoesNotHaveAndChoosesNone() {
    RoutingDecision explained =
        view(A, B).explain(FederatedStageConfig.builder().regions(List.of("b", "mars")).build());

    assertThat(explained.chosen()).isEmpty();
    assertThat(explained.reason()).endsWith("has no region named mars");
  }

  @Test
  void anUnknownRegionIsNotAssumedToBeAnything() {
    RegionView view = view(A);

    RegionSnapshot nearest =
        view.snapshot(request(FederationStrategy.NEAREST), "run").candidates().get(0);

    assertThat(nearest.latencyMs()).isNull();
    assertThat(nearest.online()).isNull();
    assertThat(view.polled("a")).isNull();
    assertThat(view.polled("nowhere")).isNull();
    assertThat(view.online("nowhere")).isNull();
  }

  @Test
  void outcomesOfUnknownRegionsAreIgnored() {
    RegionView view = view(A);

    view.started("key", "nowhere");
    view.ended("key", "nowhere", ExecutionEnd.failed(unavailable(), 1));
    view.probed(probe("nowhere", 0.5, null));
    drain(view, "nowhere");

    assertThat(probes).isEmpty();
  }

  @Test
  void anOfflineRegionIsMarkedAndComesBack() {
    RegionView view = view(A);

    view.probed(new RegionProbe("a", false, "offline", null, null, null, "refused"));
    assertThat(look(view, "a").online()).isFalse();
    view.probed(probe("a", null, null));

    assertThat(look(view, "a").online()).isNull();
    assertThat(view.online("a")).isTrue();
  }

  @Test
  void aDrainedRegionIsMarked() {
    RegionView view = view(A);
    drain(view, "a");
    assertThat(look(view, "a").drained()).isTrue();
    view.settings(Map.of());
    assertThat(look(view, "a").drained()).isNull();
  }

  /** Bug 11 of the Python code: the router did not ask the breaker, and its settings were fixed. */
  @Test
  void aRegionWhoseBreakerIsOpenIsMarkedUntilATrialIsDue() {
    RegionView view = view(A);
    for (int i = 0; i < 3; i++) {
      assertThat(look(view, "a").circuit()).isNull();
      view.ended("key" + i, "a", ExecutionEnd.failed(unavailable(), 1));
    }

    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.OPEN);
    assertThat(probes).containsExactly("a", "a", "a");
    clock.advance(Duration.ofSeconds(11));
    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.HALF_OPEN);
  }

  @Test
  void oneTrialIsOutAtATimeAndItsOutcomeDecides() {
    RegionView view = view(A);
    openBreaker(view);
    clock.advance(Duration.ofSeconds(11));

    view.started("trial", "a");
    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.OPEN);
    view.ended(
        "trial", "a", ExecutionEnd.failed(RegionError.of(FailureType.REGION_REJECTED, "no"), 1));
    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.HALF_OPEN);
    view.started("next", "a");
    view.ended("next", "a", ExecutionEnd.succeeded(1));

    assertThat(look(view, "a").circuit()).isNull();
  }

  @Test
  void aTrialThatIsNeverHeardOfAgainDoesNotShutTheRegionForGood() {
    RegionView view = view(A);
    openBreaker(view);
    clock.advance(Duration.ofSeconds(11));
    view.started("lost", "a");

    clock.advance(Duration.ofSeconds(11));

    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.HALF_OPEN);
  }

  @Test
  void anOpenBreakerInTheRegionsWorkerIsOpenHereToo() {
    RegionView view = view(A);

    view.ended(
        "key", "a", ExecutionEnd.failed(RegionError.of(FailureType.CIRCUIT_OPEN, "open"), 0));

    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.OPEN);
  }

  @ParameterizedTest
  @EnumSource(
      value = FailureType.class,
      names = {
        "REGION_REJECTED",
        "RESPONSE_TOO_LARGE",
        "COMPONENT_FAILED",
        "NO_WORKER_IN_REGION",
        "REGION_OVERLOADED",
        "CANCELLED"
      })
  void failuresThatSayNothingAboutTheRegionDoNotOpenTheBreaker(FailureType type) {
    RegionView view = view(A);

    for (int i = 0; i < 10; i++) {
      view.ended("key" + i, "a", ExecutionEnd.failed(RegionError.of(type, "message"), 1));
    }

    assertThat(look(view, "a").circuit()).isNull();
    assertThat(probes).isEmpty();
  }

  @Test
  void overloadOpensTheBreakerUnlessTheRegionSaidWhenToComeAgain() {
    RegionView view = view(A, B);
    for (int i = 0; i < 3; i++) {
      view.ended("a" + i, "a", ExecutionEnd.failed(overloaded(429, null), 1));
      view.ended("b" + i, "b", ExecutionEnd.failed(overloaded(429, 7L), 1));
      view.ended("c" + i, "b", ExecutionEnd.failed(overloaded(503, 120L), 1));
      view.ended("d" + i, "b", ExecutionEnd.failed(overloaded(null, null), 1));
    }

    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.OPEN);
    assertThat(look(view, "b").circuit()).isNull();
  }

  @Test
  void anOutcomeThatIsToldTwiceCountsOnce() {
    RegionView view = view(A);

    for (int i = 0; i < 10; i++) {
      view.ended("same", "a", ExecutionEnd.failed(unavailable(), 1));
    }

    assertThat(look(view, "a").circuit()).isNull();
    assertThat(probes).hasSize(1);
  }

  @Test
  void aStageThatEndsIsCountedOnceHoweverOftenItIsTold() {
    RegionView view = view(A);
    FederationMetrics metrics = new FederationMetrics(new MetricRegistry());
    view.watch(metrics);

    for (int i = 0; i < 3; i++) {
      view.stageEnded("run/one", FederationStrategy.NEAREST, StageOutcome.FAILED, 20, List.of());
    }
    view.stageEnded("run/two", FederationStrategy.NEAREST, StageOutcome.SUCCEEDED, 40, List.of());

    MetricRegistry registry = metrics.registry();
    assertThat(registry.counter("federation.stages;strategy=nearest;outcome=failed").getCount())
        .isEqualTo(1);
    assertThat(registry.counter("federation.stages;strategy=nearest;outcome=succeeded").getCount())
        .isEqualTo(1);
    assertThat(registry.timer("federation.stage.latency;strategy=nearest").getCount()).isEqualTo(2);
  }

  @Test
  void stagesOfAViewThatNobodyWatchesAreNotCounted() {
    view(A).stageEnded("run", FederationStrategy.NEAREST, StageOutcome.FAILED, 20, List.of());
  }

  @Test
  void whereTheDatasRegionHasNoCoordinatesNearestGoesByLatency() {
    RegionView view = view(A, B);
    view.probed(probe("a", null, null));
    FederatedStageConfig.Builder stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.NEAREST)
            .regions(List.of("a"))
            .dataLocality(true);

    stage.dataLocation(DataLocation.inRegion("b"));
    assertThat(view.snapshot(request(stage.build()), "1").region("a").latencyMs()).isEqualTo(7);
    stage.dataLocation(DataLocation.inRegion("a"));
    assertThat(view.snapshot(request(stage.build()), "2").region("a").place())
        .isEqualTo(new GeoPoint(0, 0));
  }

  @Test
  void executionsAreCountedOnceAndDoNotLeak() {
    RegionView view = view(A);

    view.started("1", "a");
    view.started("1", "a");
    view.started("2", "a");
    assertThat(inFlight(view, "a")).isEqualTo(2);
    view.ended("2", "a", ExecutionEnd.succeeded(1));
    view.ended("2", "a", ExecutionEnd.succeeded(1));
    view.started("2", "a");
    view.ended("3", "a", ExecutionEnd.succeeded(1));
    view.started("3", "a");

    assertThat(inFlight(view, "a")).isEqualTo(1);
  }

  @Test
  void anExecutionThatIsNeverHeardOfAgainIsForgottenAfterADay() {
    RegionView view = view(A);
    view.started("1", "a");

    clock.advance(Duration.ofHours(25));

    assertThat(inFlight(view, "a")).isZero();
  }

  @Test
  void outstandingExecutionsAreBounded() {
    RegionView view = view(A);
    for (int i = 0; i < 20_000; i++) {
      view.started("key" + i, "a");
    }

    assertThat(inFlight(view, "a")).isEqualTo(10_000);
  }

  @Test
  void latencyIsSmoothedAndThatOfProbesGoesFirst() {
    RegionView view = view(A);
    view.ended("1", "a", ExecutionEnd.succeeded(100));
    view.ended("2", "a", ExecutionEnd.succeeded(200));
    view.ended("3", "a", ExecutionEnd.failed(unavailable(), 5));
    assertThat(latency(view)).isCloseTo(120, within(1e-9));

    view.probed(probe("a", null, null));

    assertThat(latency(view)).isEqualTo(7);
  }

  @Test
  void pollersOfTheLastNinetySecondsCount() {
    RegionView view = view(A, B);

    view.statistics("a", new QueueStatistics.QueueState(3, clock.instant()));
    view.statistics("b", new QueueStatistics.QueueState(0, null));
    assertThat(view.polled("a")).isTrue();
    assertThat(view.polled("b")).isFalse();
    assertThat(look(view, "b").polled()).isFalse();
    clock.advance(Duration.ofSeconds(90));
    assertThat(view.polled("a")).isTrue();
    clock.advance(Duration.ofSeconds(1));
    assertThat(view.polled("a")).as("statistics are too old to tell").isNull();
    view.statistics("a", new QueueStatistics.QueueState(3, null));
    assertThat(view.polled("a")).isFalse();
    view.localWorkers(List.of("a"));

    assertThat(view.polled("a")).isTrue();
  }

  @Test
  void aQueueThatNobodyPollsYetIsLookedAtForTenSecondsBeforeStagesFailOfIt() {
    for (FederationStrategy strategy : FederationStrategy.values()) {
      RegionView view = view(A, B);
      view.statistics("a", new QueueStatistics.QueueState(0, null));
      view.statistics("b", new QueueStatistics.QueueState(0, null));
      assertThat(view.snapshot(request(strategy), "early").settling()).isTrue();
      assertThat(view.settling("a")).isTrue();

      clock.advance(Duration.ofSeconds(9));
      view.statistics("a", new QueueStatistics.QueueState(0, clock.instant()));

      assertThat(view.snapshot(request(strategy), "early").settling()).isNull();
      assertThat(view.snapshot(request(strategy), "early").region("a").polled()).isNull();
      assertThat(view.settling("a")).isFalse();
      FederatedStageConfig onlyB =
          FederatedStageConfig.builder().strategy(strategy).regions(List.of("b")).build();
      assertThat(view.snapshot(request(onlyB), "onlyB").settling()).isTrue();

      clock.advance(Duration.ofSeconds(1));
      assertThat(view.snapshot(request(onlyB), "late").settling()).isNull();
      assertThat(view.snapshot(request(onlyB), "late").region("b").polled()).isFalse();
    }
  }

  @Test
  void aStageDoesNotWaitForPollersWhereItHasAnotherRegionOrItsRegionsAreExcluded() {
    RegionView view = view(A, B, RegionConfig.builder("c").build());
    view.statistics("a", new QueueStatistics.QueueState(0, null));

    assertThat(view.snapshot(request(FederationStrategy.PARALLEL), "others").settling()).isNull();
    FederatedStageConfig falling =
        FederatedStageConfig.builder().regions(List.of("a")).fallbackRegion("b").build();
    assertThat(view.snapshot(request(falling), "fallback").settling()).isNull();
    FederatedStageConfig elsewhere =
        FederatedStageConfig.builder().regions(List.of("a")).residency(List.of("b")).build();
    assertThat(view.snapshot(request(elsewhere), "excluded").settling()).isNull();
  }

  @Test
  void loadThatIsOlderThanThreeIntervalsGivesWayToWhatIsOutstanding() {
    RegionView view = view(A);
    view.started("1", "a");
    view.probed(probe("a", 0.8, null));
    view.statistics("a", new QueueStatistics.QueueState(4, clock.instant()));

    clock.advance(Duration.ofSeconds(30));
    assertThat(look(view, FederationStrategy.LEAST_LOADED, "a", "x").inFlight()).isEqualTo(8);
    clock.advance(Duration.ofSeconds(1));
    RegionSnapshot stale = look(view, FederationStrategy.LEAST_LOADED, "a", "y");

    assertThat(stale.inFlight()).isEqualTo(2);
    assertThat(stale.picks()).isZero();
    assertThat(stale.backlog()).isNull();
  }

  @Test
  void theSameRunSeesTheSameAndCountsOnce() {
    RegionView view = view(A, B);
    WorldSnapshot first = view.snapshot(request(FederationStrategy.ROUND_ROBIN), "run");

    for (int i = 0; i < 10; i++) {
      assertThat(view.snapshot(request(FederationStrategy.ROUND_ROBIN), "run")).isSameAs(first);
    }
    WorldSnapshot next = view.snapshot(request(FederationStrategy.ROUND_ROBIN), "other");

    assertThat(next.region("a").turn()).isEqualTo(-0.5);
    assertThat(next.region("b").turn()).isEqualTo(0.5);
  }

  /** Bug 13 of the Python code: every stage went to the region that was free 30 s ago. */
  @Test
  void aBurstOnStaleLoadIsSplitByCapacity() {
    RegionView view = view(A, B);
    view.probed(probe("a", 0.0, null));
    view.probed(probe("b", 0.0, null));

    Map<String, Integer> picks = picks(view, FederationStrategy.LEAST_LOADED, 15);

    assertThat(picks.get("a")).isBetween(9, 11);
    assertThat(picks.get("b")).isBetween(4, 6);
  }

  @Test
  void aBurstWithoutAnyReportedLoadIsSplitByCapacityToo() {
    Map<String, Integer> picks = picks(view(A, B), FederationStrategy.LEAST_LOADED, 15);

    assertThat(picks.get("a")).isBetween(9, 11);
    assertThat(picks.get("b")).isBetween(4, 6);
  }

  @Test
  void aPickBecomesAnExecutionAndIsNotCountedTwice() {
    RegionView view = view(A);
    view.snapshot(request(FederationStrategy.LEAST_LOADED), "run/stage");
    view.snapshot(request(FederationStrategy.LEAST_LOADED), "run/stage2");

    view.started("run/stage/a/0", "a");
    assertThat(inFlight(view, "a")).isEqualTo(2);
    view.ended("run/stage/a/0", "a", ExecutionEnd.succeeded(1));

    assertThat(inFlight(view, "a")).isEqualTo(1);
  }

  @Test
  void aPickThatNeverStartsIsForgottenAfterAMinute() {
    RegionView view = view(A);
    view.snapshot(request(FederationStrategy.LEAST_LOADED), "run");

    clock.advance(Duration.ofSeconds(61));

    assertThat(inFlight(view, "a")).isZero();
  }

  @Test
  void anIneligibleRegionTakesNoTurns() {
    RegionView view = view(A, B);
    view.probed(new RegionProbe("a", false, "offline", null, null, null, "refused"));

    assertThat(picks(view, FederationStrategy.ROUND_ROBIN, 5)).containsOnly(Map.entry("b", 5));
  }

  @Test
  void noEligibleRegionIsNoPick() {
    RegionView view = view(RegionConfig.builder("a").enabled(false).build());

    WorldSnapshot snapshot = view.snapshot(request(FederationStrategy.ROUND_ROBIN), "run");

    assertThat(names(snapshot)).containsExactly("a");
  }

  @Test
  void theFederationsDefaultStrategyPicksToo() {
    FederationConfig config =
        FederationConfig.builder()
            .regions(List.of(A, B))
            .defaultStrategy(FederationStrategy.ROUND_ROBIN)
            .build();
    RegionView view = new RegionView(config, clock, () -> true);

    view.snapshot(request(FederatedStageConfig.builder().build()), "1");
    WorldSnapshot second = view.snapshot(request(FederatedStageConfig.builder().build()), "2");

    assertThat(second.region("a").turn()).isEqualTo(-0.5);
    assertThat(second.searchAttributes()).isTrue();
    assertThat(second.configDigest()).isEqualTo("in-code");
  }

  @Test
  void concurrentStagesTakeTheirTurns() throws Exception {
    RegionView view = view(A, B);
    ExecutorService pool = Executors.newFixedThreadPool(8);
    List<Future<String>> chosen = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      String runKey = "run" + i / 2;
      chosen.add(pool.submit(() -> pick(view, FederationStrategy.ROUND_ROBIN, runKey)));
    }
    int a = 0;
    for (Future<String> region : chosen) {
      a += region.get().equals("a") ? 1 : 0;
    }
    pool.shutdownNow();

    assertThat(a).isEqualTo(200);
  }

  @Property(tries = 100)
  void roundRobinKeepsEveryShareWithinOneOfItsWeights(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 50) Integer> weights,
      @ForAll @IntRange(min = 1, max = 100) int stages) {
    List<RegionConfig> regions = new ArrayList<>();
    double total = 0;
    for (int i = 0; i < weights.size(); i++) {
      regions.add(RegionConfig.builder("r" + i).weight(weights.get(i) / 10.0).build());
      total += weights.get(i);
    }
    RegionView view = view(regions.toArray(new RegionConfig[0]));
    Map<String, Integer> picks = new LinkedHashMap<>();
    for (int stage = 1; stage <= stages; stage++) {
      picks.merge(pick(view, FederationStrategy.ROUND_ROBIN, "run" + stage), 1, Integer::sum);
      for (int i = 0; i < weights.size(); i++) {
        double share = stage * weights.get(i) / total;
        assertThat((double) picks.getOrDefault("r" + i, 0)).isCloseTo(share, within(1.0));
      }
    }
  }

  @Test
  void whatOtherWorkersSeeCountsHereToo() {
    RegionView view = view(A, B);

    view.learn(
        known(
            Map.of("a", new LedgerState.Health(false, at(1), "other")),
            Map.of("b", new LedgerState.Circuit(CircuitState.OPEN, at(1), "other"))),
        "me");

    assertThat(look(view, "a").online()).isFalse();
    assertThat(probes).as("a look of its own").containsExactly("a");
    assertThat(look(view, "b").circuit()).isEqualTo(CircuitState.OPEN);
  }

  @Test
  void whatThisWorkerToldItselfIsNoNewsToIt() {
    RegionView view = view(A, B);

    view.learn(
        known(
            Map.of("a", new LedgerState.Health(false, at(1), "me")),
            Map.of("b", new LedgerState.Circuit(CircuitState.OPEN, at(1), "me"))),
        "me");

    assertThat(look(view, "a").online()).isNull();
    assertThat(look(view, "b").circuit()).isNull();
    assertThat(probes).isEmpty();
  }

  @Test
  void oldNewsDoesNotUndoWhatAProbeFoundSince() {
    RegionView view = view(A);
    LedgerCopy.Known news =
        known(Map.of("a", new LedgerState.Health(false, at(1), "other")), Map.of());
    view.learn(news, "me");
    view.probed(probe("a", null, null));

    view.learn(news, "me");

    assertThat(look(view, "a").online()).isNull();
  }

  @Test
  void aWorkerThatStartsDoesNotTakeOverAnOutageOfLongAgo() {
    RegionView view = view(A, B);
    LedgerCopy.Known known =
        known(
            Map.of("a", new LedgerState.Health(false, at(0), "other")),
            Map.of("b", new LedgerState.Circuit(CircuitState.OPEN, at(0), "other")));
    clock.advance(Duration.ofMinutes(1));

    view.learn(known, "me");

    assertThat(look(view, "a").online()).isNull();
    assertThat(probes).as("but looks for itself").containsExactly("a");
    assertThat(look(view, "b").circuit()).isNull();
  }

  @Test
  void theWorkerThatOpenedABreakerMakesTheTrialAndTheOthersOnlyIfItDoesNot() {
    RegionView opener = view(A);
    openBreaker(opener);
    RegionView other = view(A);
    other.learn(
        known(Map.of(), Map.of("a", new LedgerState.Circuit(CircuitState.OPEN, at(1), "opener"))),
        "other");

    clock.advance(Duration.ofSeconds(11));
    assertThat(look(opener, "a").circuit()).isEqualTo(CircuitState.HALF_OPEN);
    assertThat(look(other, "a").circuit()).isEqualTo(CircuitState.OPEN);

    clock.advance(Duration.ofSeconds(10));
    assertThat(look(other, "a").circuit()).isEqualTo(CircuitState.HALF_OPEN);
  }

  @Test
  void aTrialThatSucceedsClosesTheBreakerOfEveryWorker() {
    RegionView other = view(A);
    other.learn(
        known(Map.of(), Map.of("a", new LedgerState.Circuit(CircuitState.OPEN, at(1), "opener"))),
        "other");

    other.learn(
        known(Map.of(), Map.of("a", new LedgerState.Circuit(CircuitState.CLOSED, at(2), "opener"))),
        "other");

    assertThat(look(other, "a").circuit()).isNull();
  }

  @Test
  void aReportTellsWhatChangedOnce() {
    RegionView view = view(A, B);
    assertThat(view.takeReport()).isEmpty();
    view.started("1", "a");
    view.ended("2", "a", ExecutionEnd.failed(unavailable(), 5));
    view.probed(offline("b"));

    Map<String, RegionReport> report = view.takeReport();

    assertThat(report.get("a").failures()).isEqualTo(1);
    assertThat(report.get("a").succeeded()).isFalse();
    assertThat(report.get("a").inFlight()).isEqualTo(1);
    assertThat(report.get("a").ended().executions()).isEqualTo(1);
    assertThat(report.get("b").online()).isFalse();
    view.ended("1", "a", ExecutionEnd.succeeded(5));
    assertThat(view.takeReport().get("a").inFlight()).as("the last one ended").isZero();
    assertThat(view.takeReport()).isEmpty();
  }

  @Test
  void anExecutionThatRunsOnIsToldOnce() {
    RegionView view = view(A);
    view.started("1", "a");

    assertThat(view.takeReport().get("a").inFlight()).isEqualTo(1);
    assertThat(view.takeReport()).as("still one").isEmpty();
  }

  @Test
  void aFailureThatSaysNothingOfTheRegionIsCountedAllTheSame() {
    RegionView view = view(A);
    view.started("1", "a");
    RegionError rejected = RegionError.of(FailureType.REGION_REJECTED, "400");
    view.ended("1", "a", ExecutionEnd.failed(rejected, 5));

    RegionReport report = view.takeReport().get("a");

    assertThat(report.failures()).isZero();
    assertThat(report.ended().executions()).isEqualTo(1);
  }

  @Test
  void onlyABreakerOrAProbeThatTurnedIsWorthASignalAtOnce() {
    RegionView view = view(A);
    List<String> told = new ArrayList<>();
    view.news(() -> told.add("now"));

    view.ended("1", "a", ExecutionEnd.succeeded(5));
    view.probed(probe("a", null, null));
    assertThat(told).isEmpty();

    view.probed(offline("a"));
    assertThat(told).hasSize(1);
  }

  @Test
  void whatOthersRunInARegionThatTellsNoLoadCountsAsLoad() {
    RegionView view = view(A, B);

    view.learn(
        new LedgerCopy.Known(
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of("other", Map.of("b", 3), "me", Map.of("b", 100)),
            2,
            Map.of(),
            null),
        "me");

    assertThat(inFlight(view, "b")).isEqualTo(3);
  }

  private static StageRequest hedged(Hedge hedge) {
    return request(
        FederatedStageConfig.builder().strategy(FederationStrategy.PARALLEL).hedge(hedge).build());
  }

  private static LedgerCopy.Known latencies(long samples) {
    LatencyPercentiles ofA =
        new LatencyPercentiles(samples, List.of(10L, 20L, 30L, 400L, 500L, 600L, 700L));
    return new LedgerCopy.Known(
        Map.of(), Map.of(), Map.of(), Map.of(), 1, Map.of(), Map.of("a", ofA));
  }

  private @Nullable Double slowAfter(RegionView view, String region) {
    return view.snapshot(hedged(Hedge.afterPercentile(95)), "slow").region(region).hedgeAfterMs();
  }

  @Test
  void aRegionIsSlowBeyondThePercentileOfItsOwnHistory() {
    RegionView view = view(A, B);
    assertThat(slowAfter(view, "a")).as("nothing is known").isNull();

    view.learn(latencies(20), "me");

    assertThat(slowAfter(view, "a")).isEqualTo(400);
    assertThat(slowAfter(view, "b")).isNull();
    assertThat(view.snapshot(hedged(Hedge.afterSeconds(1)), "s").region("a").hedgeAfterMs())
        .as("a time needs no history")
        .isNull();
    assertThat(look(view, "a").hedgeAfterMs()).as("not read without a hedge").isNull();
  }

  @Test
  void withFewerThanTwentySamplesARegionIsSlowBeyondThreeTimesWhatIsMeasured() {
    RegionView view = view(A, B);
    view.learn(latencies(19), "me");
    assertThat(slowAfter(view, "a")).isNull();

    view.ended("1", "a", ExecutionEnd.succeeded(50));

    assertThat(slowAfter(view, "a")).isEqualTo(150);
  }

  @Test
  void theTimeThatTemporalAddsIsNotTakenForSlowness() {
    RegionView view = view(A, B);
    view.learn(latencies(20), "me");
    view.started("1", "a");
    clock.advance(Duration.ofMillis(90));

    view.ended("1", "a", ExecutionEnd.succeeded(50));

    assertThat(slowAfter(view, "a")).isEqualTo(440);
  }

  @Test
  void anExecutionThatAHedgeOvertookStaysInTheHistoryAsSlow() {
    RegionView view = view(A, B);
    RegionError stopped = RegionError.of(FailureType.CANCELLED, "another region was faster");
    view.ended("1", "a", ExecutionEnd.failed(stopped, 900));
    view.ended("2", "a", ExecutionEnd.succeeded(5));

    ExecutionTotals told = view.takeReport().get("a").ended();

    assertThat(told.executions()).isEqualTo(1);
    assertThat(told.percentile(99)).isBetween(890L, 910L);
  }

  @Test
  void aStageThatMayHedgeIsGrantedHedgesOnceAndGivesBackWhatItDidNotStart() {
    RegionView view = view(A, B);

    StageRequest stage = hedged(Hedge.afterSeconds(1).withMaxExtraLoad(1));

    assertThat(view.snapshot(stage, "run").hedges()).isEqualTo(1);
    assertThat(view.snapshot(stage, "run").hedges()).as("the same task again").isEqualTo(1);
    assertThat(view.snapshot(request(FederationStrategy.PARALLEL), "other").hedges()).isNull();
    view.hedgesStarted("run", 0);
    view.hedgesStarted("run", 0);
    assertThat(view.snapshot(stage, "next").hedges()).isEqualTo(2);
  }

  @Test
  void theKeyIsHonouredWhereTheFederationFileSaysSoAndWhereThereIsNoEndpoint() {
    URI endpoint = URI.create("https://node.example.com");
    RegionView view =
        view(
            A,
            RegionConfig.builder("node").endpoint(endpoint).build(),
            RegionConfig.builder("good").endpoint(endpoint).idempotency(true).build(),
            RegionConfig.builder("bad").idempotency(false).build());

    WorldSnapshot seen = view.snapshot(hedged(Hedge.afterSeconds(1)), "run");

    assertThat(seen.region("a").honoursKey()).isTrue();
    assertThat(seen.region("node").honoursKey()).isNull();
    assertThat(seen.region("good").honoursKey()).isTrue();
    assertThat(seen.region("bad").honoursKey()).isNull();
  }

  @Test
  void aHedgeThatEndedIsCountedOnce() {
    MetricRegistry registry = new MetricRegistry();
    RegionView view = view(A, B);
    view.watch(new FederationMetrics(registry));

    view.hedgeEnded("run/a/0/hedge-1", "b", HedgeOutcome.WON);
    view.hedgeEnded("run/a/0/hedge-1", "b", HedgeOutcome.WON);
    view.hedgeEnded("run/b/0/hedge-1", "a", HedgeOutcome.CANCELLED);

    assertThat(registry.getCounters())
        .hasEntrySatisfying(
            "federation.region.hedges;region=b;outcome=won",
            counter -> assertThat(counter.getCount()).isEqualTo(1));
    assertThat(registry.getCounters().keySet())
        .noneMatch(name -> name.contains("hedges") && name.contains("region=a"));
  }

  @Test
  void aRegionThatComesBackStartsWithOneExecutionAndDoublesWithEachSuccess() {
    RegionView view = view(A, B);
    view.probed(offline("a"));
    view.probed(probe("a", null, null));

    assertThat(comesBack(view)).as("room for one").isFalse();
    view.started("1", "a");
    assertThat(comesBack(view)).as("one is running").isTrue();
    view.ended("1", "a", ExecutionEnd.succeeded(5));
    view.started("2", "a");
    assertThat(comesBack(view)).as("room for two").isFalse();
    view.started("3", "a");
    assertThat(comesBack(view)).isTrue();
    assertThat(look(view, FederationStrategy.PARALLEL, "a", "all").comingBack())
        .as("a replicated stage has no choice")
        .isNull();
    view.ended("2", "a", ExecutionEnd.succeeded(5));
    view.ended("3", "a", ExecutionEnd.succeeded(5));
    for (int i = 4; i < 11; i++) {
      view.started("" + i, "a");
    }
    assertThat(comesBack(view)).as("room for eight, seven are running").isFalse();
    view.ended("4", "a", ExecutionEnd.succeeded(5));
    for (int i = 11; i < 30; i++) {
      view.started("" + i, "a");
    }
    assertThat(comesBack(view)).as("from here on its places are the limit").isFalse();
  }

  @Test
  void aRegionThatFlapsMovesNoStagesUntilItIsWellForTheStabilizationWindow() {
    RegionView view = view(A, B);
    int moves = 0;
    for (int second = 0; second < 120; second++) {
      view.probed(second % 4 < 2 ? offline("a") : probe("a", null, null));
      RegionSnapshot seen = look(view, FederationStrategy.NEAREST, "a", "" + second);
      boolean takesStages = seen.online() == null && seen.comingBack() == null;
      moves += takesStages && second % 4 == 2 ? 1 : 0;
      clock.advance(Duration.ofSeconds(1));
    }
    assertThat(moves).as("it was trusted the first time only").isEqualTo(1);

    view.probed(probe("a", null, null));
    clock.advance(Duration.ofSeconds(27));
    assertThat(comesBack(view)).as("29 s after its last return").isTrue();
    clock.advance(Duration.ofSeconds(2));
    assertThat(comesBack(view)).isFalse();
  }

  private static boolean comesBack(RegionView view) {
    return Boolean.TRUE.equals(
        look(view, FederationStrategy.NEAREST, "a", "look" + System.nanoTime()).comingBack());
  }

  @Test
  void aRegionThatIsAddedWhileTheWorkerRunsIsACandidateAndOneThatIsRemovedIsNone() {
    RegionView view = view(A, B);
    List<String> told = new ArrayList<>();
    view.regionsChanged(regions -> regions.forEach(region -> told.add(region.name())));
    JsonNode added = JsonNodeFactory.instance.objectNode().put("name", "c").put("priority", 1);

    view.settings(
        Map.of(
            "c", new LedgerSettings(false, false, added, null),
            "b", new LedgerSettings(false, true, null, "gone")));
    WorldSnapshot snapshot = view.snapshot(request(FederationStrategy.PARALLEL), "run");

    assertThat(names(snapshot)).containsExactly("c", "a");
    assertThat(told).containsExactly("a", "c");
    assertThat(snapshot.configDigest()).startsWith("in-code+");
    view.settings(Map.of());
    assertThat(names(view.snapshot(request(FederationStrategy.PARALLEL), "run")))
        .containsExactly("a", "b");
  }

  @Test
  void onlySeveralControlWorkersLeaveATieToChance() {
    RegionView view = view(A, B);
    StageRequest request = request(FederationStrategy.LEAST_LOADED);
    assertThat(view.snapshot(request, "1").tieSeed()).isNull();

    view.learn(
        new LedgerCopy.Known(Map.of(), Map.of(), Map.of(), Map.of(), 2, Map.of(), null), "me");

    assertThat(view.snapshot(request, "2").tieSeed()).isNotNull();
  }

  private static LedgerCopy.Known known(
      Map<String, LedgerState.Health> health, Map<String, LedgerState.Circuit> circuits) {
    return new LedgerCopy.Known(health, circuits, Map.of(), Map.of(), 1, Map.of(), null);
  }

  private long at(int ms) {
    return clock.instant().toEpochMilli() + ms;
  }

  private static RegionProbe offline(String region) {
    return new RegionProbe(region, false, "offline", null, null, null, "refused");
  }

  private static void drain(RegionView view, String region) {
    view.settings(Map.of(region, new LedgerSettings(true, false, null, null)));
  }

  private void openBreaker(RegionView view) {
    for (int i = 0; i < 3; i++) {
      view.ended("open" + i, "a", ExecutionEnd.failed(unavailable(), 1));
    }
    assertThat(look(view, "a").circuit()).isEqualTo(CircuitState.OPEN);
  }

  private RegionView view(RegionConfig... regions) {
    RegionView view =
        new RegionView(
            FederationConfig.builder()
                .regions(List.of(regions))
                .healthCheckIntervalSeconds(10)
                .circuitBreaker(new CircuitBreakerConfig(3, 10))
                .build(),
            clock,
            () -> false);
    view.probeWith(probes::add);
    return view;
  }

  private static Map<String, Integer> picks(RegionView view, FederationStrategy strategy, int n) {
    Map<String, Integer> picks = new LinkedHashMap<>();
    for (int i = 0; i < n; i++) {
      picks.merge(pick(view, strategy, "run" + i), 1, Integer::sum);
    }
    return picks;
  }

  private static String pick(RegionView view, FederationStrategy strategy, String runKey) {
    StageRequest request = request(strategy);
    return RegionSelector.decide(request.federation(), view.snapshot(request, runKey))
        .chosen()
        .get(0);
  }

  @Test
  void whatAPartitionIsSizedByIsRecordedAndNothingElse() {
    RegionView view = view(A, B);
    view.probed(probe("a", 0.5, 10.0));

    assertThat(partition(view, PartitionBy.WEIGHT).candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").weight(1.0).build());
    assertThat(partition(view, PartitionBy.LOAD).candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").maxConcurrent(10).inFlight(5.0).picks(0).build());
    assertThat(partition(view, PartitionBy.LOCATION).candidates().get(0))
        .isEqualTo(RegionSnapshot.builder("a").latitude(0.0).longitude(0.0).build());
  }

  private static WorldSnapshot partition(RegionView view, PartitionBy by) {
    return view.snapshot(
        request(
            FederatedStageConfig.builder()
                .distribution(Distribution.PARTITION)
                .partitionBy(by)
                .build()),
        "partition by " + by);
  }

  @Test
  void tagsAreRecordedWhereAResidencyReadsThem() {
    FederatedStageConfig byTags =
        FederatedStageConfig.builder().residency(Residency.inTags(List.of("gpu"))).build();

    WorldSnapshot snapshot = view(A, B).snapshot(request(byTags), "run");

    assertThat(RegionSelector.decide(byTags, snapshot).chosen()).containsExactly("b");
    assertThat(snapshot.region("b").tags()).containsExactly("gpu");
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"NEAREST", "ROUND_ROBIN", "LEAST_LOADED", "COST_OPTIMIZED"})
  void whereDataAtCoordinatesIsKeptTheCoordinatesAreRecorded(FederationStrategy strategy) {
    RegionConfig far = RegionConfig.builder("b").latitude(50.0).longitude(50.0).build();
    FederatedStageConfig near =
        FederatedStageConfig.builder()
            .strategy(strategy)
            .dataLocality(true)
            .dataLocation(
                DataLocation.of(
                    Map.of(
                        "x", DataSet.at(new GeoPoint(49, 49), 9),
                        "y", DataSet.inRegion("a", 1))))
            .build();

    WorldSnapshot snapshot = view(A, far).snapshot(request(near), "run " + strategy);

    assertThat(RegionSelector.decide(near, snapshot).chosen()).containsExactly("b");
  }

  /** Otherwise stages without data would all go elsewhere afterwards, to make up for it. */
  @Test
  void workThatStaysAtItsDataTakesNobodysTurn() {
    RegionView view = view(A, B);
    FederatedStageConfig atData =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.ROUND_ROBIN)
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("b"))
            .build();
    for (int i = 0; i < 20; i++) {
      view.snapshot(request(atData), "at data " + i);
    }

    assertThat(view.snapshot(request(FederationStrategy.ROUND_ROBIN), "free").candidates())
        .extracting(RegionSnapshot::turn)
        .containsOnly(0.0);
  }

  private static double inFlight(RegionView view, String region) {
    // Another region's stage, so that looking is no pick of this one.
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.LEAST_LOADED)
            .regions(List.of(region))
            .residency(List.of("none"))
            .build();
    return view.snapshot(request(stage), "look" + System.nanoTime()).region(region).inFlight();
  }

  @Test
  void pricesOfMovesAreInTheSnapshotOfAStageWithDataOnlyAndOnlyWhereTheDataMayBe() {
    RegionConfig us =
        RegionConfig.builder("us")
            .latitude(1.0)
            .longitude(1.0)
            .egressCostPerGb(0.09)
            .egressCostPerGbTo(Map.of("eu", 0.02, "ap", 0.05))
            .build();
    RegionConfig eu = RegionConfig.builder("eu").egressCostPerGbTo(Map.of("us", 0.01)).build();
    RegionConfig ap = RegionConfig.builder("ap").build();
    RegionView view = view(us, eu, ap);
    FederatedStageConfig.Builder stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(List.of("us", "eu"))
            .dataLocation(DataLocation.inRegion("us"));

    WorldSnapshot without = view.snapshot(request(stage.build()), "without");
    WorldSnapshot with = view.snapshot(request(stage.dataSizeBytes(1).build()), "with");
    WorldSnapshot atPlace =
        view.snapshot(
            request(stage.dataLocation(DataLocation.at(new GeoPoint(0, 0))).build()), "at");

    assertThat(without.region("us").egressCostPerGb()).isNull();
    assertThat(without.region("us").egressCostPerGbTo()).isNull();
    assertThat(with.region("us").egressCostPerGb()).isEqualTo(0.09);
    assertThat(with.region("us").egressCostPerGbTo()).containsOnly(Map.entry("eu", 0.02));
    assertThat(with.region("us").latitude()).isNull();
    assertThat(with.region("eu").egressCostPerGbTo()).isNull();
    assertThat(atPlace.region("eu").egressCostPerGbTo()).containsOnly(Map.entry("us", 0.01));
    assertThat(atPlace.region("us").latitude()).isEqualTo(1.0);
  }

  @Test
  void costTokensAndTheErrorOfTheEstimateAreCountedOnceForEachExecution() {
    MetricRegistry registry = new MetricRegistry();
    RegionView view = view(A);
    view.watch(new FederationMetrics(registry));
    for (int i = 0; i < 2; i++) {
      view.ended("one", "a", new ExecutionEnd(null, 1, 40, 0.25, 0.2));
    }
    view.ended("two", "a", new ExecutionEnd(null, 1, 2, null, null));
    view.ended("three", "a", ExecutionEnd.failed(unavailable(), 1));

    assertThat(registry.counter("federation.region.tokens;region=a").getCount()).isEqualTo(42);
    assertThat(registry.getGauges().get("federation.region.cost;region=a").getValue())
        .isEqualTo(0.25);
    assertThat(
            registry.histogram("federation.region.cost_error;region=a").getSnapshot().getValues())
        .containsExactly(50_000_000L);
  }

  private static @Nullable Double latency(RegionView view) {
    return look(view, FederationStrategy.NEAREST, "a", "latency").latencyMs();
  }

  private static RegionSnapshot look(RegionView view, String region) {
    return look(view, FederationStrategy.PARALLEL, region, "look");
  }

  private static RegionSnapshot look(
      RegionView view, FederationStrategy strategy, String region, String runKey) {
    return view.snapshot(request(strategy), runKey).region(region);
  }

  private static StageRequest request(FederationStrategy strategy) {
    return request(FederatedStageConfig.builder().strategy(strategy).build());
  }

  private static StageRequest request(FederatedStageConfig stage) {
    return new StageRequest(
        "process",
        "transformer",
        JsonNodeFactory.instance.objectNode(),
        JsonNodeFactory.instance.objectNode(),
        stage);
  }

  private static RegionError overloaded(@Nullable Integer status, @Nullable Long retryAfter) {
    return new RegionError(FailureType.REGION_OVERLOADED, "m", true, status, retryAfter);
  }

  private static RegionError unavailable() {
    return RegionError.of(FailureType.REGION_UNAVAILABLE, "refused");
  }

  private static RegionProbe probe(
      String region, @Nullable Double load, @Nullable Double capacity) {
    return new RegionProbe(region, true, "healthy", 7L, load, capacity, null);
  }

  private static List<String> names(WorldSnapshot snapshot) {
    return snapshot.candidates().stream().map(RegionSnapshot::name).toList();
  }
}
