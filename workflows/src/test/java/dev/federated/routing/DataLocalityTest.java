package dev.federated.routing;

import static dev.federated.routing.Worlds.region;
import static dev.federated.routing.Worlds.stage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.Candidate;
import dev.federated.model.CircuitState;
import dev.federated.model.DataLocation;
import dev.federated.model.DataSet;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where data is, what has to move, and what goes before price, turn and load. */
class DataLocalityTest {
  private static final long GB = 1_000_000_000;

  private static final FederationConfig FEDERATION =
      FederationConfig.of(
          List.of(
              RegionConfig.builder("cheap").costPerExecution(0.0).priority(1).build(),
              RegionConfig.builder("us").costPerExecution(1.0).egressCostPerGb(0.5).build(),
              RegionConfig.builder("eu").costPerExecution(2.0).egressCostPerGb(0.1).build()));

  private static DataLocation sets(Object... namesAndSets) {
    Map<String, DataSet> sets = new LinkedHashMap<>();
    for (int i = 0; i < namesAndSets.length; i += 2) {
      sets.put((String) namesAndSets[i], (DataSet) namesAndSets[i + 1]);
    }
    return DataLocation.of(sets);
  }

  private static List<String> ranked(FederatedStageConfig stage, WorldSnapshot world) {
    return RegionSelector.decide(stage, world).candidates().stream()
        .map(Candidate::region)
        .toList();
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"NEAREST", "ROUND_ROBIN", "LEAST_LOADED", "COST_OPTIMIZED"})
  void workStaysAtTheDataBeforePriceTurnAndLoad(FederationStrategy strategy) {
    FederatedStageConfig stage =
        stage(strategy).dataLocality(true).dataLocation(DataLocation.inRegion("eu")).build();

    assertThat(RegionSelector.decide(stage, FederationSnapshots.of(FEDERATION, stage)).chosen())
        .containsExactly("eu");
  }

  @Test
  void theRegionThatGoesFirstForItsDataStillTellsItsEstimatedCost() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("eu"))
            .build();

    RoutingDecision decision =
        RegionSelector.decide(stage, FederationSnapshots.of(FEDERATION, stage));

    assertThat(decision.candidates().get(0).region()).isEqualTo("eu");
    assertThat(decision.candidates().get(0).estimatedCost()).isEqualTo(2.0);
  }

  @Test
  void aDataRegionThatMayNotRunTheStageIsPassedOver() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .dataLocality(true)
            .dataLocation(DataLocation.inRegion("eu"))
            .build();
    WorldSnapshot world = FederationSnapshots.of(FEDERATION, stage);
    WorldSnapshot down =
        new WorldSnapshot(
            world.candidates().stream().map(DataLocalityTest::euIsOpen).toList(),
            null,
            null,
            null,
            null,
            null,
            null,
            world.circuitBreaker(),
            1,
            false,
            "test",
            null,
            true,
            null,
            null,
            null,
            null,
            null);

    assertThat(RegionSelector.decide(stage, down).chosen()).containsExactly("cheap");
  }

  private static RegionSnapshot euIsOpen(RegionSnapshot region) {
    return region.name().equals("eu")
        ? RegionSnapshot.builder("eu").circuit(CircuitState.OPEN).build()
        : region;
  }

  /** Histories from before recorded no such mark: their decisions stay what they were. */
  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"ROUND_ROBIN", "COST_OPTIMIZED"})
  void aSnapshotWithoutTheMarkIsDecidedAsItWasBefore(FederationStrategy strategy) {
    FederatedStageConfig stage =
        stage(strategy).dataLocality(true).dataLocation(DataLocation.inRegion("eu")).build();

    assertThat(
            RegionSelector.decide(
                    stage,
                    Worlds.of(
                        region("cheap").costPerExecution(0.0).priority(1),
                        region("eu").costPerExecution(2.0)))
                .chosen())
        .containsExactly("cheap");
  }

  @Test
  void onlyStagesWhoseOrderItChangesCarryTheMark() {
    for (FederationStrategy strategy : FederationStrategy.values()) {
      FederatedStageConfig local =
          stage(strategy).dataLocality(true).dataLocation(DataLocation.inRegion("eu")).build();
      boolean marked =
          strategy == FederationStrategy.COST_OPTIMIZED
              || strategy == FederationStrategy.ROUND_ROBIN;
      assertThat(FederationSnapshots.of(FEDERATION, local).dataFirst())
          .isEqualTo(marked ? true : null);
      assertThat(
              FederationSnapshots.of(FEDERATION, local.toBuilder().dataLocality(false).build())
                  .dataFirst())
          .isNull();
    }
  }

  @Test
  void egressIsTheSumOverTheDataSetsThatAreElsewhere() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .dataLocation(
                sets(
                    "orders", DataSet.inRegion("us", 5 * GB),
                    "events", DataSet.inRegion("eu", 2 * GB)))
            .build();

    RoutingDecision decision =
        RegionSelector.decide(stage, FederationSnapshots.of(FEDERATION, stage));

    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactly("us", "cheap", "eu");
    assertThat(decision.candidates().get(0).score()).isCloseTo(1 + 2 * 0.1, within(1e-9));
    assertThat(decision.candidates().get(1).score()).isCloseTo(5 * 0.5 + 2 * 0.1, within(1e-9));
    assertThat(decision.candidates().get(2).score()).isCloseTo(2 + 5 * 0.5, within(1e-9));
  }

  @Test
  void aHolderThatIsNoCandidateStillHasItsPrice() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .regions(List.of("cheap"))
            .dataLocation(
                sets("a", DataSet.inRegion("us", GB), "b", DataSet.inRegion("eu", 2 * GB)))
            .build();
    WorldSnapshot world = FederationSnapshots.of(FEDERATION, stage);

    assertThat(world.otherRegions()).extracting(RegionSnapshot::name).containsExactly("us", "eu");
    assertThat(RegionSelector.decide(stage, world).candidates().get(0).score())
        .isCloseTo(0.5 + 0.2, within(1e-9));
  }

  @Test
  void movesSayWhatLeavesWhere() {
    FederatedStageConfig stage =
        stage(FederationStrategy.COST_OPTIMIZED)
            .dataLocation(
                sets("a", DataSet.inRegion("us", 3), "b", DataSet.at(new GeoPoint(50, 8), 4)))
            .build();
    RegionSnapshot.Builder us = region("us").latitude(38.9).longitude(-77.4);
    RegionSnapshot.Builder eu = region("eu").latitude(53.3).longitude(-6.2);
    DataHolders data = new DataHolders(stage, Worlds.of(us, eu));

    assertThat(data.dataRegion()).isEqualTo("eu");
    assertThat(data.movesTo("us")).containsExactly(new DataHolders.Move(eu.build(), 4));
    assertThat(data.movesTo("eu")).containsExactly(new DataHolders.Move(us.build(), 3));
    assertThat(data.movesTo("ap")).hasSize(2);
  }

  @Test
  void dataOfWhichNobodySaysWhereItIsMovesEverywhere() {
    FederatedStageConfig stage = stage(FederationStrategy.COST_OPTIMIZED).dataSizeBytes(7).build();

    assertThat(new DataHolders(stage, Worlds.of(region("us"))).movesTo("us"))
        .containsExactly(new DataHolders.Move(null, 7));
  }

  @Test
  void theNearestRegionIsThatWithTheLeastMeanDistanceOverTheBytes() {
    RegionSnapshot.Builder[] regions = {
      region("west").latitude(0.0).longitude(0.0),
      region("middle").latitude(0.0).longitude(50.0),
      region("east").latitude(0.0).longitude(100.0),
      region("nowhere")
    };
    GeoPoint west = new GeoPoint(0, 0);
    GeoPoint middle = new GeoPoint(0, 50);
    GeoPoint east = new GeoPoint(0, 100);

    assertThat(
            ranked(
                nearest(sets("a", DataSet.at(west, 4), "b", DataSet.at(east, 6))),
                Worlds.of(regions)))
        .startsWith("east")
        .endsWith("nowhere");
    // No set is most of the data: the region between them is nearest on average.
    assertThat(
            ranked(
                nearest(
                    sets(
                        "a",
                        DataSet.at(west, 4),
                        "b",
                        DataSet.at(east, 4),
                        "c",
                        DataSet.at(middle, 3))),
                Worlds.of(regions)))
        .startsWith("middle");
  }

  private static FederatedStageConfig nearest(DataLocation data) {
    return stage(FederationStrategy.NEAREST).dataLocality(true).dataLocation(data).build();
  }

  @Test
  void whereSomeDataHasNoPlaceTheRegionThatHoldsMostGoesFirst() {
    FederatedStageConfig stage =
        nearest(
            sets(
                "a", DataSet.inRegion("nowhere", 9),
                "b", DataSet.at(new GeoPoint(0, 0), 1)));

    assertThat(
            ranked(
                stage, Worlds.of(region("west").latitude(0.0).longitude(0.0), region("nowhere"))))
        .containsExactly("nowhere", "west");
  }
}
