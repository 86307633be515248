package dev.federated.routing;

import static dev.federated.routing.Worlds.region;
import static dev.federated.routing.Worlds.stage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.Candidate;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExecutionCostsTest {
  private static final long FIFTY_GB = 50_000_000_000L;

  private static @Nullable Double estimate(
      FederatedStageConfig.Builder stage, WorldSnapshot world, String region) {
    RegionSnapshot known = world.region(region);
    return new ExecutionCosts(stage.build(), world).of(known);
  }

  private static FederatedStageConfig.Builder data(DataLocation location) {
    return stage(FederationStrategy.COST_OPTIMIZED).dataSizeBytes(FIFTY_GB).dataLocation(location);
  }

  @Test
  void aRegionWithoutAnyPriceHasNoEstimateAndIsNotFree() {
    WorldSnapshot world = Worlds.of(region("a"), region("free").costPerExecution(0.0));
    FederatedStageConfig.Builder stage = stage(FederationStrategy.NEAREST).expectedTokens(10);

    assertThat(estimate(stage, world, "a")).isNull();
    assertThat(estimate(stage, world, "free")).isZero();
  }

  @Test
  void tokensAreThoseThatTheStageExpectsElseTheMeanOfTheRegionElseNone() {
    WorldSnapshot world =
        Worlds.of(
            region("known").costPerToken(0.001).meanTokens(300.5),
            region("new").costPerToken(0.001));
    FederatedStageConfig.Builder hint = stage(FederationStrategy.NEAREST).expectedTokens(100);
    FederatedStageConfig.Builder none = stage(FederationStrategy.NEAREST);

    assertThat(estimate(hint, world, "known")).isCloseTo(0.1, within(1e-12));
    assertThat(estimate(none, world, "known")).isCloseTo(0.3005, within(1e-12));
    assertThat(estimate(none, world, "new")).isZero();
  }

  @Test
  void theMoveCostsWhatThePairDoesElseWhatTheRegionThatTheDataLeaveAsks() {
    WorldSnapshot world =
        Worlds.of(
            region("us").egressCostPerGb(0.09).egressCostPerGbTo(Map.of("eu", 0.02)),
            region("eu").egressCostPerGb(7.0),
            region("ap").egressCostPerGb(7.0));
    FederatedStageConfig.Builder stage = data(DataLocation.inRegion("us"));

    assertThat(estimate(stage, world, "us")).isZero();
    assertThat(estimate(stage, world, "eu")).isCloseTo(1.0, within(1e-9));
    assertThat(estimate(stage, world, "ap")).isCloseTo(4.5, within(1e-9));
  }

  @Test
  void dataOutsideTheFederationCostWhatTheRegionItselfAsks() {
    WorldSnapshot world =
        Worlds.of(region("us").egressCostPerGb(0.01).egressCostPerGbTo(Map.of("eu", 0.02)));

    assertThat(estimate(data(null), world, "us")).isCloseTo(0.5, within(1e-9));
  }

  @Test
  void dataAtAPlaceLeaveTheRegionNearestToIt() {
    WorldSnapshot world =
        Worlds.of(
            region("us").latitude(40.0).longitude(-74.0).egressCostPerGbTo(Map.of("eu", 0.03)),
            region("eu").latitude(52.0).longitude(13.0).egressCostPerGb(7.0));

    assertThat(estimate(data(DataLocation.at(new GeoPoint(41, -75))), world, "eu"))
        .isCloseTo(1.5, within(1e-9));
  }

  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void everyStrategyNotesTheEstimateOfPricedCandidatesOnly(FederationStrategy strategy) {
    RoutingDecision decision =
        RegionSelector.decide(
            stage(strategy).build(),
            Worlds.of(region("a").costPerExecution(0.25), region("b"), region("c").enabled(false)));

    assertThat(decision.candidates())
        .extracting(Candidate::region, Candidate::estimatedCost)
        .containsExactlyInAnyOrder(tuple("a", 0.25), tuple("b", null), tuple("c", null));
  }

  @Test
  void aCandidateOverMaxCostIsNotEligibleAndSaysByHowMuch() {
    WorldSnapshot world =
        Worlds.of(
            region("near").latitude(0.0).longitude(0.0).costPerExecution(0.5),
            region("far").latitude(40.0).longitude(0.0).costPerExecution(0.2));
    FederatedStageConfig stage =
        stage(FederationStrategy.NEAREST)
            .sourceLocation(new GeoPoint(0, 0))
            .maxCost(0.2)
            .fallbackRegion("near")
            .build();

    RoutingDecision decision = RegionSelector.decide(stage, world);

    assertThat(decision.chosen()).containsExactly("far");
    assertThat(decision.candidates().get(1))
        .isEqualTo(new Candidate("near", false, null, "over max_cost: 0.5 > 0.2", 0.5));
    assertThat(RegionSelector.fallback(stage, world, decision, "far")).isNull();
    assertThat(RegionSelector.overMaxCost(stage, world)).isNull();
  }

  @Test
  void sumsThatOnlyRoundingLiftsOverMaxCostFit() {
    WorldSnapshot world =
        Worlds.of(region("a").costPerExecution(0.1), region("b").costPerExecution(0.2));
    FederatedStageConfig.Builder stage = stage(FederationStrategy.PARALLEL);

    assertThat(0.1 + 0.2).isGreaterThan(0.3);
    assertThat(RegionSelector.decide(stage.maxCost(0.3).build(), world).chosen())
        .containsExactly("a", "b");
    assertThat(RegionSelector.decide(stage.maxCost(0.29).build(), world).chosen()).isEmpty();
    assertThat(RegionSelector.decide(stage.build(), world).reason())
        .isEqualTo("parallel: max_cost is 0.29, and its 2 regions are estimated to cost 0.3");
  }

  @Test
  void whereNoRegionMayRunTheStageItsCostIsNotTheReason() {
    FederatedStageConfig stage = stage(FederationStrategy.NEAREST).maxCost(0.1).build();

    assertThat(
            RegionSelector.overMaxCost(
                stage, Worlds.of(region("a").costPerExecution(9.0).enabled(false))))
        .isNull();
  }

  @Test
  void aFallbackThatFitsMayRunWhatNoCandidateMay() {
    RegionSnapshot cheap = region("cheap").costPerExecution(0.1).build();
    WorldSnapshot world =
        Worlds.of(List.of(region("dear").costPerExecution(1.0).build()), cheap, null);
    FederatedStageConfig stage =
        stage(FederationStrategy.NEAREST).maxCost(0.2).fallbackRegion("cheap").build();

    assertThat(RegionSelector.overMaxCost(stage, world)).isNull();
    assertThat(RegionSelector.decide(stage, world).chosen()).containsExactly("cheap");
  }
}
