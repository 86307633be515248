package dev.federated.routing;

import static dev.federated.routing.Worlds.region;
import static dev.federated.routing.Worlds.stage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.Candidate;
import dev.federated.model.CircuitState;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class RegionSelectorTest {
  private static final GeoPoint BERLIN = new GeoPoint(52.5, 13.4);
  private static final GeoPoint NEW_YORK = new GeoPoint(40.7, -74.0);

  // No region

  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void noEligibleRegionIsNoChoiceAndEachRegionIsNamedWithItsReason(FederationStrategy strategy) {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(strategy).requiredTags(List.of("gpu")).build(),
            Worlds.of(region("us").enabled(false), region("eu")));

    assertThat(decision.chosen()).isEmpty();
    assertThat(decision.reason())
        .startsWith("no eligible region: ")
        .contains("us (disabled in the federation file)")
        .contains("eu (missing tag gpu)");
    assertThat(decision.candidates()).hasSize(2).noneMatch(Candidate::eligible);
  }

  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void noCandidateAtAllIsNoChoice(FederationStrategy strategy) {
    assertThat(RegionSelector.decide(stage(strategy).build(), Worlds.of()).chosen()).isEmpty();
  }

  /** Bug 3 of the Python code: what the router decided was ignored, offline regions were called. */
  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void aRegionThatIsDownIsNotChosenWhateverItsScore(FederationStrategy strategy) {
    RegionSnapshot.Builder down =
        region("a").priority(1).latencyMs(1.0).costPerExecution(0.0).inFlight(0.0).turn(0.9);
    RegionSnapshot.Builder up =
        region("b").latencyMs(9.0).costPerExecution(9.0).inFlight(9.0).turn(-0.9);

    for (RegionSnapshot.Builder away :
        List.of(
            copy(down).online(false),
            copy(down).circuit(CircuitState.OPEN),
            copy(down).drained(true),
            copy(down).polled(false))) {
      RoutingDecision decision =
          RegionSelector.decide(stage(strategy).build(), Worlds.of(away, up));
      assertThat(decision.chosen()).containsExactly("b");
      assertThat(decision.reason()).endsWith("; 1 not eligible");
      assertThat(decision.candidates()).extracting(Candidate::region).containsExactly("b", "a");
    }
  }

  // Parallel and sequential

  /** Bug 4 of the Python code: sequential work ignored the order it was given. */
  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"PARALLEL", "SEQUENTIAL"})
  void replicatedWorkRunsInTheOrderOfTheListWhateverThePriorities(FederationStrategy strategy) {
    FederatedStageConfig stage = stage(strategy).regions(List.of("c", "a", "b")).build();

    RoutingDecision decision =
        RegionSelector.decide(
            stage, Worlds.of(region("c").priority(9), region("a").priority(1), region("b")));

    assertThat(decision.chosen()).containsExactly("c", "a", "b");
    assertThat(scores(decision)).containsExactly(0.0, 1.0, 2.0);
    assertThat(reasons(decision))
        .containsExactly("number 1 in order", "number 2 in order", "number 3 in order");
    assertThat(decision.reason()).isEqualTo(strategy.wireName() + ": 3 of 3 regions");
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"PARALLEL", "SEQUENTIAL"})
  void withoutAListReplicatedWorkRunsByPriorityThenName(FederationStrategy strategy) {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(strategy).build(),
            Worlds.of(
                region("c"), region("z").priority(1), region("a"), region("off").online(false)));

    assertThat(decision.chosen()).containsExactly("z", "a", "c");
    assertThat(decision.reason())
        .isEqualTo(strategy.wireName() + ": 3 of 4 regions; 1 not eligible");
  }

  /** Bug 6 of the Python code: min_regions was also the number of regions that were picked. */
  @Test
  void minRegionsDoesNotLimitHowManyRegionsAreChosen() {
    FederatedStageConfig stage = stage(FederationStrategy.PARALLEL).minRegions(1).build();

    assertThat(
            RegionSelector.decide(stage, Worlds.of(region("a"), region("b"), region("c"))).chosen())
        .containsExactly("a", "b", "c");
  }

  /** Bug 6 of the Python code: round robin picked a region twice when it was to pick many. */
  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"PARALLEL", "SEQUENTIAL"},
      mode = Mode.EXCLUDE)
  void singleTargetStrategiesChooseOneRegionHoweverManyMustSucceed(FederationStrategy strategy) {
    FederatedStageConfig stage = stage(strategy).minRegions(3).build();

    RoutingDecision decision = RegionSelector.decide(stage, Worlds.of(region("a"), region("b")));

    assertThat(decision.chosen()).hasSize(1);
    assertThat(decision.candidates()).extracting(Candidate::region).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"PARALLEL", "SEQUENTIAL"},
      mode = Mode.EXCLUDE)
  void tiesGoByPriorityThenName(FederationStrategy strategy) {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(strategy).regions(List.of("d", "c", "b", "a")).build(),
            Worlds.of(region("d"), region("c").priority(7), region("b"), region("a").priority(7)));

    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("a", "c", "b", "d");
  }

  // Nearest

  /** Bug 2 of the Python code: the caller's place never reached the router. */
  @Test
  void nearestIsByDistanceFromTheCaller() {
    FederatedStageConfig stage = stage(FederationStrategy.NEAREST).sourceLocation(BERLIN).build();

    RoutingDecision decision =
        RegionSelector.decide(
            stage,
            Worlds.of(
                region("unknown").priority(1).latencyMs(1.0),
                at("us", NEW_YORK),
                at("eu", BERLIN)));

    assertThat(decision.chosen()).containsExactly("eu");
    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("eu", "us", "unknown");
    assertThat(decision.candidates().get(0).score()).isZero();
    assertThat(decision.candidates().get(1).score()).isCloseTo(6387, within(10.0));
    assertThat(decision.candidates().get(2).score()).isNull();
    assertThat(reasons(decision).get(1)).matches("63\\d\\d km from the caller");
    assertThat(reasons(decision).get(2)).isEqualTo("distance unknown: it has no coordinates");
    assertThat(decision.reason()).isEqualTo("nearest: eu, 0 km from the caller");
  }

  @Test
  void withDataLocalityNearestIsByDistanceFromTheDataInsteadOfTheCaller() {
    FederatedStageConfig.Builder stage =
        stage(FederationStrategy.NEAREST)
            .sourceLocation(BERLIN)
            .dataLocation(DataLocation.at(NEW_YORK));
    WorldSnapshot world = Worlds.of(at("us", NEW_YORK), at("eu", BERLIN));

    assertThat(RegionSelector.decide(stage.dataLocality(true).build(), world).chosen())
        .containsExactly("us");
    assertThat(RegionSelector.decide(stage.dataLocality(true).build(), world).reason())
        .isEqualTo("nearest: us, 0 km from the data");
    assertThat(RegionSelector.decide(stage.dataLocality(false).build(), world).chosen())
        .containsExactly("eu");
  }

  @Test
  void theRegionThatHoldsTheDataIsNearestAndTheOthersAreMeasuredFromIt() {
    FederatedStageConfig stage =
        stage(FederationStrategy.NEAREST)
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("us"))
            .build();

    RoutingDecision decision =
        RegionSelector.decide(stage, Worlds.of(at("eu", BERLIN), at("us", NEW_YORK)));

    assertThat(decision.candidates()).extracting(Candidate::region).containsExactly("us", "eu");
    assertThat(reasons(decision).get(0)).isEqualTo("holds the data");
    assertThat(reasons(decision).get(1)).endsWith("km from the data");
  }

  @Test
  void theDatasRegionNeedNotBeACandidate() {
    FederatedStageConfig stage =
        stage(FederationStrategy.NEAREST)
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("store"))
            .build();
    List<RegionSnapshot> candidates = List.of(at("eu", BERLIN).build(), at("us", NEW_YORK).build());

    RoutingDecision decision =
        RegionSelector.decide(
            stage, Worlds.of(candidates, null, at("store", new GeoPoint(40, -75)).build()));

    assertThat(decision.chosen()).containsExactly("us");
  }

  @Test
  void whereTheDatasPlaceIsNotKnownItsRegionGoesFirstAndTheOthersAreMeasuredFromTheCaller() {
    FederatedStageConfig stage =
        stage(FederationStrategy.NEAREST)
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("store"))
            .sourceLocation(BERLIN)
            .build();

    RoutingDecision decision =
        RegionSelector.decide(
            stage, Worlds.of(at("us", NEW_YORK), at("eu", BERLIN), region("store")));

    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("store", "eu", "us");
  }

  /** Bug 2 of the Python code: a region that was never measured beat every measured one. */
  @Test
  void withoutAPlaceNearestIsByMeasuredLatencyAndTheUnmeasuredComeLast() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.NEAREST).build(),
            Worlds.of(
                region("new").priority(1).weight(1.0),
                region("slow").latencyMs(900.0),
                region("fast").latencyMs(12.34)));

    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("fast", "slow", "new");
    assertThat(decision.reason()).isEqualTo("nearest: fast, 12.3 ms measured latency");
    assertThat(reasons(decision).get(2))
        .isEqualTo("no location is known and no latency is measured yet");
  }

  /** Bug 2 of the Python code: latitude or longitude 0 counted as missing. */
  @Test
  void theEquatorAndTheMeridianArePlaces() {
    GeoPoint zero = new GeoPoint(0, 0);
    WorldSnapshot world = Worlds.of(at("far", BERLIN).priority(1), at("zero", zero));

    assertThat(
            RegionSelector.decide(
                    stage(FederationStrategy.NEAREST).sourceLocation(zero).build(), world)
                .reason())
        .isEqualTo("nearest: zero, 0 km from the caller");
    assertThat(
            RegionSelector.decide(
                    stage(FederationStrategy.NEAREST)
                        .dataLocality(true)
                        .dataLocation(DataLocation.at(zero))
                        .build(),
                    world)
                .reason())
        .isEqualTo("nearest: zero, 0 km from the data");
  }

  // Round robin

  @Test
  void roundRobinTakesTheRegionThatHasToComeEarliest() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.ROUND_ROBIN).build(),
            Worlds.of(region("a").weight(1.0).turn(-0.5), region("b").weight(1.0).turn(0.5)));

    assertThat(decision.chosen()).containsExactly("b");
    assertThat(decision.reason())
        .isEqualTo("round_robin: b, lags 0.5 turns behind its share of 0.5");
    assertThat(reasons(decision).get(1)).isEqualTo("lags -0.5 turns behind its share of 0.5");
  }

  @Test
  void roundRobinBeginsWithTheHeaviest() {
    assertThat(
            RegionSelector.decide(
                    stage(FederationStrategy.ROUND_ROBIN).build(),
                    Worlds.of(region("light").weight(1.0), region("heavy").weight(3.0)))
                .chosen())
        .containsExactly("heavy");
  }

  // Least loaded

  /** Bug 13 of the Python code: a load was a fraction in one place and a number in another. */
  @Test
  void leastLoadedComparesWhatIsBusyWithWhatFits() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.LEAST_LOADED).build(),
            Worlds.of(
                region("small").maxConcurrent(2).inFlight(1.0),
                region("large").maxConcurrent(100).inFlight(30.0).backlog(5L).picks(5)));

    assertThat(decision.chosen()).containsExactly("large");
    assertThat(scores(decision)).containsExactly(0.4, 0.5);
    assertThat(decision.reason())
        .isEqualTo("least_loaded: large, (30 in flight + 5 waiting + 5 picked) of 100");
  }

  /** Bug 13 of the Python code: an unknown region was assumed to be half free. */
  @Test
  void aRegionOfUnknownLoadRanksLast() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.LEAST_LOADED).build(),
            Worlds.of(
                region("unknown").priority(1), region("full").maxConcurrent(1).inFlight(7.0)));

    assertThat(decision.chosen()).containsExactly("full");
    assertThat(reasons(decision).get(1)).isEqualTo("load unknown");
    assertThat(scores(decision).get(1)).isNull();
  }

  @Test
  void withDataLocalityTheDatasRegionGoesBeforeLessLoadedOnes() {
    WorldSnapshot world =
        Worlds.of(
            at("us", NEW_YORK).maxConcurrent(10).inFlight(9.0),
            at("eu", BERLIN).maxConcurrent(10).inFlight(1.0));
    FederatedStageConfig.Builder stage = stage(FederationStrategy.LEAST_LOADED);

    for (DataLocation data :
        List.of(DataLocation.inRegion("us"), DataLocation.at(new GeoPoint(41, -75)))) {
      stage.dataLocation(data);
      assertThat(RegionSelector.decide(stage.dataLocality(true).build(), world).chosen())
          .containsExactly("us");
      assertThat(RegionSelector.decide(stage.dataLocality(false).build(), world).chosen())
          .containsExactly("eu");
    }
  }

  // Cost

  /** Bug 1 of the Python code: a region at 0.005 beat a free one, and one at 0.01 tied with it. */
  @Test
  void aFreeRegionWinsOnCost() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.COST_OPTIMIZED).build(),
            Worlds.of(
                region("cheap").priority(1).costPerExecution(0.005),
                region("listed").priority(1).costPerExecution(0.01),
                region("free").costPerExecution(0.0)));

    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("free", "cheap", "listed");
    assertThat(decision.reason()).isEqualTo("cost_optimized: free, free");
    assertThat(scores(decision)).containsExactly(0.0, 0.005, 0.01);
  }

  @Test
  void aRegionWithoutAnyPriceRanksLastAndIsNotFree() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.COST_OPTIMIZED).build(),
            Worlds.of(region("unpriced").priority(1), region("dear").costPerExecution(1e6)));

    assertThat(decision.chosen()).containsExactly("dear");
    assertThat(decision.candidates().get(1))
        .isEqualTo(new Candidate("unpriced", true, null, "no price"));
  }

  /** Bug 1 of the Python code: tokens and data cost nothing. */
  @Test
  void theCostIsThatOfTheExecutionTheTokensAndTheData() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .expectedTokens(1000)
            .dataSizeBytes(2_000_000_000L)
            .build();

    RoutingDecision decision =
        RegionSelector.decide(
            stage,
            Worlds.of(
                region("a").costPerExecution(0.01).costPerToken(0.00001).egressCostPerGb(0.09),
                region("b").costPerToken(0.001)));

    assertThat(decision.candidates().get(0).score()).isCloseTo(0.01 + 0.01 + 0.18, within(1e-12));
    assertThat(decision.candidates().get(1).score()).isCloseTo(1, within(1e-12));
    assertThat(reasons(decision))
        .containsExactly(
            "0.01 for the execution + 0.01 for tokens + 0.18 to move the data",
            "0 for the execution + 1 for tokens + 0 to move the data");
  }

  @Test
  void movingDataCostsNothingWhereTheDataIs() {
    FederatedStageConfig.Builder stage =
        stage(FederationStrategy.COST_OPTIMIZED).dataSizeBytes(100_000_000_000L);
    WorldSnapshot world =
        Worlds.of(
            at("eu", BERLIN).costPerExecution(0.01).egressCostPerGb(0.1),
            at("us", NEW_YORK).costPerExecution(0.5).egressCostPerGb(0.1));

    for (DataLocation data :
        List.of(DataLocation.inRegion("us"), DataLocation.at(new GeoPoint(41, -75)))) {
      RoutingDecision decision = RegionSelector.decide(stage.dataLocation(data).build(), world);
      assertThat(decision.chosen()).containsExactly("us");
      assertThat(decision.candidates().get(0).score()).isCloseTo(0.5, within(1e-12));
      assertThat(decision.candidates().get(1).score()).isCloseTo(10.01, within(1e-12));
    }
  }

  @Test
  void dataLeavesItsRegionAtThatRegionsPrice() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .dataSizeBytes(1_000_000_000L)
            .dataLocation(DataLocation.inRegion("store"))
            .build();
    List<RegionSnapshot> candidates =
        List.of(region("a").costPerExecution(1.0).egressCostPerGb(7.0).build());

    assertThat(
            scores(
                RegionSelector.decide(
                    stage,
                    Worlds.of(candidates, null, region("store").egressCostPerGb(0.25).build()))))
        .containsExactly(1.25);
    assertThat(
            scores(
                RegionSelector.decide(stage, Worlds.of(candidates, null, region("store").build()))))
        .as("the data's region has no price")
        .containsExactly(8.0);
  }

  @Test
  void costsThatRoundToTheSameTextStillRankByTheirValue() {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(FederationStrategy.COST_OPTIMIZED).build(),
            Worlds.of(
                region("a").costPerExecution(Math.nextUp(0.01)),
                region("b").costPerExecution(0.01),
                region("c").costPerExecution(Math.nextDown(0.01))));

    assertThat(decision.candidates()).extracting(Candidate::region).containsExactly("c", "b", "a");
  }

  // The strategy

  @Test
  void aRegionThatComesBackRanksAfterAllOthersWhateverItsScore() {
    WorldSnapshot world =
        Worlds.of(
            region("near").latencyMs(1.0).comingBack(true),
            region("far").latencyMs(90.0),
            region("unknown"));

    RoutingDecision decision =
        RegionSelector.decide(stage(FederationStrategy.NEAREST).build(), world);

    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("far", "unknown", "near");
    assertThat(decision.candidates().get(2).reason())
        .isEqualTo("1 ms measured latency; after the others, it comes back from an outage");
    assertThat(
            RegionSelector.decide(
                    stage(FederationStrategy.NEAREST).build(),
                    Worlds.of(region("near").comingBack(true)))
                .chosen())
        .as("better than none")
        .containsExactly("near");
  }

  @Test
  void aPanicIsTold() {
    WorldSnapshot world = Worlds.panicking(region("a").online(false));

    RoutingDecision decision =
        RegionSelector.decide(stage(FederationStrategy.NEAREST).build(), world);

    assertThat(decision.chosen()).containsExactly("a");
    assertThat(decision.reason()).startsWith("panic, no region is well: nearest: a");
  }

  @Test
  void aSeedDecidesBetweenLeastLoadedRegionsThatAreAlikeAndBetweenNoOthers() {
    WorldSnapshot alike =
        Worlds.of(
            region("a").maxConcurrent(10).inFlight(1.0),
            region("b").maxConcurrent(10).inFlight(1.0),
            region("larger").maxConcurrent(20).inFlight(2.0),
            region("busy").maxConcurrent(10).inFlight(5.0));
    FederatedStageConfig stage = stage(FederationStrategy.LEAST_LOADED).build();

    assertThat(RegionSelector.decide(stage, alike).chosen()).containsExactly("a");
    assertThat(RegionSelector.decide(stage, alike.withTieSeed(0)).chosen()).containsExactly("a");
    assertThat(RegionSelector.decide(stage, alike.withTieSeed(1)).chosen()).containsExactly("b");
    assertThat(RegionSelector.decide(stage, alike.withTieSeed(-2)).chosen()).containsExactly("a");
  }

  @Test
  void theStagesStrategyGoesBeforeTheFederationsAndParallelIsTheLast() {
    WorldSnapshot plain = Worlds.of(region("a"));
    WorldSnapshot federation =
        new WorldSnapshot(
            plain.candidates(),
            null,
            null,
            null,
            FederationStrategy.NEAREST,
            null,
            null,
            plain.circuitBreaker(),
            1,
            false,
            "test");
    FederatedStageConfig silent = FederatedStageConfig.builder().build();

    assertThat(RegionSelector.strategy(silent, plain)).isEqualTo(FederationStrategy.PARALLEL);
    assertThat(RegionSelector.strategy(silent, federation)).isEqualTo(FederationStrategy.NEAREST);
    assertThat(RegionSelector.strategy(stage(FederationStrategy.SEQUENTIAL).build(), federation))
        .isEqualTo(FederationStrategy.SEQUENTIAL);
  }

  // Fallback

  /** Bug 5 of the Python code: when the chosen region failed no second one was tried. */
  @Test
  void aSingleTargetFallsBackToTheNextRankedCandidate() {
    FederatedStageConfig stage = stage(FederationStrategy.COST_OPTIMIZED).build();

    assertThat(fallback(stage, priced())).isEqualTo("b");
  }

  @Test
  void anExplicitFallbackGoesBeforeTheNextRankedAndMayBeUnlisted() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED).fallbackRegion("spare").build();
    WorldSnapshot world = Worlds.of(priced().candidates(), region("spare").build(), null);

    assertThat(fallback(stage, world)).isEqualTo("spare");
  }

  @Test
  void anExplicitFallbackHasToPassEveryRule() {
    FederatedStageConfig.Builder stage =
        stage(FederationStrategy.COST_OPTIMIZED).fallbackRegion("spare");

    for (RegionSnapshot.Builder spare :
        List.of(
            region("spare").enabled(false),
            region("spare").drained(true),
            region("spare").online(false),
            region("spare").polled(false),
            region("spare").circuit(CircuitState.OPEN))) {
      WorldSnapshot world = Worlds.of(priced().candidates(), spare.build(), null);
      assertThat(fallback(stage.build(), world)).isEqualTo("b");
    }
    WorldSnapshot world = Worlds.of(priced().candidates(), region("spare").build(), null);
    assertThat(fallback(stage.residency(List.of("a", "b")).build(), world)).isEqualTo("b");
  }

  @Test
  void aFallbackIsNeverTheRegionThatFailed() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED).fallbackRegion("a").build();

    assertThat(fallback(stage, priced())).isEqualTo("b");
    assertThat(fallback(stage, Worlds.of(region("a").costPerExecution(1.0)))).isNull();
  }

  @Test
  void anIneligibleCandidateIsNoFallback() {
    WorldSnapshot world = Worlds.of(region("a").costPerExecution(1.0), region("b").online(false));

    assertThat(fallback(stage(FederationStrategy.COST_OPTIMIZED).build(), world)).isNull();
  }

  @Test
  void withoutRetryOnFailureOnlyAnExplicitFallbackApplies() {
    FederatedStageConfig.Builder stage =
        stage(FederationStrategy.COST_OPTIMIZED).retryOnFailure(false);

    assertThat(fallback(stage.build(), priced())).isNull();
    assertThat(fallback(stage.fallbackRegion("c").build(), priced())).isEqualTo("c");
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"PARALLEL", "SEQUENTIAL"})
  void replicatedWorkHasNoAutomaticFallback(FederationStrategy strategy) {
    assertThat(fallback(stage(strategy).build(), priced())).isNull();
    assertThat(fallback(stage(strategy).fallbackRegion("c").build(), priced())).isEqualTo("c");
  }

  private static String fallback(FederatedStageConfig stage, WorldSnapshot world) {
    return RegionSelector.fallback(stage, world, RegionSelector.decide(stage, world), "a");
  }

  /** Regions a, b, c, cheapest first. */
  private static WorldSnapshot priced() {
    return Worlds.of(
        region("c").costPerExecution(3.0),
        region("a").costPerExecution(1.0),
        region("b").costPerExecution(2.0));
  }

  private static RegionSnapshot.Builder at(String name, GeoPoint place) {
    return region(name).latitude(place.lat()).longitude(place.lon());
  }

  private static RegionSnapshot.Builder copy(RegionSnapshot.Builder of) {
    RegionSnapshot region = of.build();
    return region(region.name())
        .priority(region.priority())
        .latencyMs(region.latencyMs())
        .costPerExecution(region.costPerExecution())
        .inFlight(region.inFlight())
        .turn(region.turn());
  }

  private static List<Double> scores(RoutingDecision decision) {
    return decision.candidates().stream().map(Candidate::score).toList();
  }

  private static List<String> reasons(RoutingDecision decision) {
    return decision.candidates().stream().map(Candidate::reason).toList();
  }
}
