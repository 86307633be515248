package dev.federated.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.federated.model.Candidate;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OtherStrategyTest {
  private static final RegionSnapshot US =
      RegionSnapshot.builder("us").costPerExecution(0.02).latencyMs(10.0).build();
  private static final RegionSnapshot EU =
      RegionSnapshot.builder("eu").costPerExecution(0.01).latencyMs(90.0).build();
  private static final RegionSnapshot DRAINED =
      RegionSnapshot.builder("ap").costPerExecution(0.001).drained(true).build();
  private static final FederatedStageConfig NEAREST =
      FederatedStageConfig.builder().strategy(FederationStrategy.NEAREST).build();

  private static WorldSnapshot recorded(RegionSnapshot... regions) {
    return new WorldSnapshot(
        List.of(regions),
        null,
        null,
        null,
        null,
        null,
        null,
        new CircuitBreakerConfig(5, 60),
        1_000_000,
        false,
        "digest");
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"ROUND_ROBIN", "LEAST_LOADED"})
  void ofWhatWasNotRecordedNothingIsMadeUp(FederationStrategy strategy) {
    OtherStrategy other = OtherStrategy.decide(NEAREST, recorded(US, EU, DRAINED), strategy);

    assertThat(other.lacks()).isNotNull();
    assertThat(other.decision().chosen()).isEmpty();
    assertThat(other.decision().reason()).contains("not recorded, " + other.lacks());
    assertThat(other.decision().candidates())
        .extracting(Candidate::region, Candidate::score, Candidate::reason)
        .containsExactly(
            tuple("eu", null, "not recorded"),
            tuple("us", null, "not recorded"),
            tuple("ap", null, "drained by an operator"));
  }

  @Test
  void placesAndLatencyThatWereNotRecordedAreNotMissingFromTheRegions() {
    FederatedStageConfig cheapest =
        FederatedStageConfig.builder().strategy(FederationStrategy.COST_OPTIMIZED).build();
    RegionSnapshot us = RegionSnapshot.builder("us").build();
    RegionSnapshot eu = RegionSnapshot.builder("eu").build();

    assertThat(OtherStrategy.decide(cheapest, recorded(us, eu), FederationStrategy.NEAREST).lacks())
        .isEqualTo("measured latency");
    FederatedStageConfig fromBerlin =
        cheapest.toBuilder().sourceLocation(new GeoPoint(52.5, 13.4)).build();
    assertThat(
            OtherStrategy.decide(fromBerlin, recorded(us, eu), FederationStrategy.NEAREST).lacks())
        .isEqualTo("where the regions are");
  }

  @Test
  void pricesAreAlwaysRecordedSoThatTheCheapestRegionIsKnown() {
    OtherStrategy other =
        OtherStrategy.decide(NEAREST, recorded(US, EU, DRAINED), FederationStrategy.COST_OPTIMIZED);

    assertThat(other.lacks()).isNull();
    assertThat(other.decision().chosen()).containsExactly("eu");
    assertThat(new ExecutionCosts(NEAREST, recorded(US, EU)).ofAll(other.decision().chosen()))
        .isEqualTo(0.01);
  }

  @Test
  void everyEligibleRegionIsKnownToo() {
    OtherStrategy other =
        OtherStrategy.decide(NEAREST, recorded(US, EU, DRAINED), FederationStrategy.PARALLEL);

    assertThat(other.lacks()).isNull();
    assertThat(other.decision().chosen()).containsExactly("eu", "us");
  }

  @Test
  void theOnlyEligibleRegionIsChosenWhateverWasRecorded() {
    OtherStrategy other =
        OtherStrategy.decide(NEAREST, recorded(US, DRAINED), FederationStrategy.LEAST_LOADED);

    assertThat(other.decision().chosen()).containsExactly("us");
    assertThat(other.decision().reason()).isEqualTo("least_loaded: us, the only eligible region");
    assertThat(other.lacks()).isEqualTo("load");
  }

  @Test
  void withoutAnyEligibleRegionTheReasonsStand() {
    OtherStrategy other =
        OtherStrategy.decide(NEAREST, recorded(DRAINED), FederationStrategy.LEAST_LOADED);

    assertThat(other.decision().chosen()).isEmpty();
    assertThat(other.decision().reason()).contains("ap (drained by an operator)");
  }

  @Test
  void dataThatAreNamedByTheirRegionStillGoBeforePriceAndTurn() {
    FederatedStageConfig atData =
        NEAREST.toBuilder().dataLocality(true).dataLocation(DataLocation.inRegion("us")).build();

    for (FederationStrategy strategy :
        List.of(
            FederationStrategy.COST_OPTIMIZED,
            FederationStrategy.ROUND_ROBIN,
            FederationStrategy.LEAST_LOADED)) {
      OtherStrategy other = OtherStrategy.decide(atData, recorded(US, EU), strategy);
      assertThat(other.lacks()).as(strategy.wireName()).isNull();
      assertThat(other.decision().chosen()).as(strategy.wireName()).containsExactly("us");
    }
  }

  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void theSameStrategyDecidesTheSame(FederationStrategy strategy) {
    FederatedStageConfig stage = FederatedStageConfig.builder().strategy(strategy).build();

    OtherStrategy same = OtherStrategy.decide(stage, recorded(US, EU), strategy);

    assertThat(same.lacks()).isNull();
    assertThat(same.decision()).isEqualTo(RegionSelector.decide(stage, recorded(US, EU)));
  }
}
