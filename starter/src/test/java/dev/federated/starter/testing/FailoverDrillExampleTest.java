package dev.federated.starter.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageResult;
import dev.federated.testing.FederationExtension;
import dev.federated.testing.RegionScript;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** docs/testing.md shows this class from its first annotation on. */
class FailoverDrillExampleTest {
  @RegisterExtension
  static final FederationExtension federation =
      FederationExtension.newBuilder()
          .federation(
              FederationConfig.of(
                  List.of(
                      RegionConfig.builder("us-east-1").costPerExecution(0.01).build(),
                      RegionConfig.builder("eu-west-1").costPerExecution(0.02).build())))
          .region("us-east-1", RegionScript.down())
          .region(
              "eu-west-1", RegionScript.answers("{\"orders\": 42}").slowBy(Duration.ofSeconds(20)))
          .build();

  private static final FederatedStageConfig CHEAPEST =
      FederatedStageConfig.builder()
          .strategy(FederationStrategy.COST_OPTIMIZED)
          .regions(List.of("us-east-1", "eu-west-1"))
          .timeoutSeconds(60)
          .maxRetries(1)
          .build();

  @Test
  void stageFailsOverToEuropeAndWorksOnce() {
    FederatedStageResult result = federation.runStage(CHEAPEST);
    RegionResult share = result.regionResults().get("us-east-1");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated().path("orders").asInt()).isEqualTo(42);
    assertThat(share.executedIn()).isEqualTo("eu-west-1");
    assertThat(share.hops().get(0).region()).isEqualTo("us-east-1");
    assertThat(share.hops().get(0).error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(share.attempts()).isEqualTo(3);
    assertThat(result.totalCost()).isEqualTo(0.02);
    assertThat(result.latencyMs()).isGreaterThan(20_000);
    assertThat(federation.duplicates()).isEmpty();
  }

  @Test
  void stageFailsWhenEuropeIsTooSlowAsWell() {
    federation.script("eu-west-1", RegionScript.up().slowBy(Duration.ofSeconds(90)));

    FederatedStageResult result = federation.runStage(CHEAPEST);

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.regionResults().get("us-east-1").error().type())
        .isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(federation.executionsByKey()).isEmpty();
  }
}
