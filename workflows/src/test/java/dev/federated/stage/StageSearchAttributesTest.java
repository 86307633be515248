package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederationStrategy;
import dev.federated.model.StageOutcome;
import io.temporal.common.SearchAttributeUpdate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StageSearchAttributesTest {
  @Test
  void aLongListOfFailedRegionsIsCutBelowWhatTheServerTakesAsOneValue() {
    List<String> failed = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      failed.add("region-" + i);
    }

    List<?> value = failedRegions(failed);

    assertThat(PayloadSizes.encoded(value)).isBetween(1_500L, 2_047L);
    assertThat(failed.subList(0, value.size()).equals(value)).isTrue();
  }

  @Test
  void aShortListIsWhole() {
    assertThat(failedRegions(List.of("us", "eu")).equals(List.of("us", "eu"))).isTrue();
  }

  private static List<?> failedRegions(List<String> failed) {
    FederatedStageResult result =
        new FederatedStageResult(
            "process",
            StageOutcome.FAILED,
            FederationStrategy.PARALLEL,
            AggregationStrategy.MERGE,
            null,
            null,
            null,
            null,
            List.of(),
            false,
            List.of(),
            failed,
            Map.of(),
            List.of(),
            0,
            0,
            1,
            "workflow",
            "run",
            null,
            null,
            null,
            null);
    for (SearchAttributeUpdate<?> update : StageSearchAttributes.of(result)) {
      if (update.getKey().equals(StageSearchAttributes.FAILED_REGIONS)) {
        return (List<?>) update.getValue().orElseThrow();
      }
    }
    throw new AssertionError("no failed regions");
  }
}
