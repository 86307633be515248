package dev.federated.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import org.junit.jupiter.api.Test;

class FederationSnapshotsTest {
  private static final FederationConfig FEDERATION =
      FederationConfig.builder()
          .regions(
              List.of(
                  RegionConfig.builder("a").build(),
                  RegionConfig.builder("b").enabled(false).build(),
                  RegionConfig.builder("c").costPerExecution(0.5).build()))
          .defaultStrategy(FederationStrategy.NEAREST)
          .defaultAggregation(AggregationStrategy.ALL)
          .build();

  /** Bug 12 of the Python code: unknown names were dropped without a word. */
  @Test
  void namesThatTheFederationDoesNotHaveAreTold() {
    WorldSnapshot snapshot =
        FederationSnapshots.of(
            FEDERATION,
            FederatedStageConfig.builder()
                .regions(List.of("a", "nowhere"))
                .fallbackRegion("neither")
                .dataLocation(DataLocation.inRegion("lost"))
                .build());

    assertThat(snapshot.unknownRegions()).containsExactly("nowhere", "neither", "lost");
    assertThat(snapshot.candidates()).extracting(RegionSnapshot::name).containsExactly("a");
  }

  @Test
  void aStageThatListsNoRegionsSeesAllOfThem() {
    WorldSnapshot snapshot =
        FederationSnapshots.of(FEDERATION, FederatedStageConfig.builder().build());

    assertThat(snapshot.candidates()).extracting(RegionSnapshot::name).contains("a", "b", "c");
    assertThat(snapshot.region("b").enabled()).isFalse();
    assertThat(snapshot.region("a").enabled()).isNull();
    assertThat(snapshot.unknownRegions()).isNull();
    assertThat(snapshot.defaultStrategy()).isEqualTo(FederationStrategy.NEAREST);
    assertThat(snapshot.defaultAggregation()).isEqualTo(AggregationStrategy.ALL);
  }

  @Test
  void aRegionThatIsListedTwiceIsOneCandidate() {
    WorldSnapshot snapshot =
        FederationSnapshots.of(
            FEDERATION, FederatedStageConfig.builder().regions(List.of("c", "a", "c")).build());

    assertThat(snapshot.candidates()).extracting(RegionSnapshot::name).containsExactly("c", "a");
  }

  @Test
  void theFallbackAndTheDatasRegionStandOutsideTheCandidates() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .regions(List.of("a"))
            .fallbackRegion("c")
            .dataLocation(DataLocation.inRegion("a"))
            .build();

    WorldSnapshot snapshot = FederationSnapshots.of(FEDERATION, stage);

    assertThat(snapshot.fallback().name()).isEqualTo("c");
    assertThat(snapshot.dataRegion()).as("is a candidate").isNull();
    assertThat(snapshot.region("c").costPerExecution()).isEqualTo(0.5);
  }

  @Test
  void aFileTellsNothingOfLoadAndHealth() {
    RegionSnapshot region =
        FederationSnapshots.of(FEDERATION, FederatedStageConfig.builder().build()).region("a");

    assertThat(region.online()).isNull();
    assertThat(region.inFlight()).isNull();
    assertThat(region.latencyMs()).isNull();
    assertThat(region.turn()).isNull();
  }
}
