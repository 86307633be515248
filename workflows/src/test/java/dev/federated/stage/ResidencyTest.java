package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionConfig;
import dev.federated.model.Residency;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.client.WorkflowStub;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A wall at every way that a share can take. Region eu is inside and down, us outside and well. */
@Timeout(60)
class ResidencyTest {
  static final List<Residency> WALLS =
      List.of(Residency.inRegions(List.of("eu")), Residency.inTags(List.of("eu", "gdpr")));

  private final ScriptedRegions regions = new ScriptedRegions();

  @BeforeEach
  void start() {
    regions
        .region(RegionConfig.builder("eu").tags(List.of("gdpr", "eu")), unavailable())
        .region(RegionConfig.builder("us").tags(List.of("us", "gdpr")), answers("1"))
        .start();
  }

  /** Nothing of any of these stages may ever have left. */
  @AfterEach
  void nothingLeft() {
    assertThat(regions.callsOf("us")).isZero();
    regions.close();
  }

  private static FederatedStageConfig.Builder stage(FederationStrategy strategy, Residency wall) {
    return FederatedStageConfig.builder()
        .strategy(strategy)
        .regions(List.of("eu", "us"))
        .residency(wall)
        .maxRetries(0);
  }

  @ParameterizedTest
  @FieldSource("WALLS")
  void holdsAtSubmitForEveryStrategyAndFailsLoudly(Residency wall) {
    for (FederationStrategy strategy : FederationStrategy.values()) {
      FederatedStageResult result = regions.run(stage(strategy, wall).regions(List.of("us")));

      assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
      assertThat(result.error().message()).contains("us (outside the residency " + wall + ")");
    }
  }

  @ParameterizedTest
  @FieldSource("WALLS")
  void holdsAtTheHopAndForTheFallback(Residency wall) {
    for (FederationStrategy strategy : FederationStrategy.values()) {
      assertThat(regions.run(stage(strategy, wall)).outcome()).isEqualTo(StageOutcome.FAILED);
      assertThat(regions.run(stage(strategy, wall).fallbackRegion("us")).outcome())
          .isEqualTo(StageOutcome.FAILED);
      assertThat(
              regions
                  .run(stage(strategy, wall).regions(List.of("eu")).fallbackRegion("us"))
                  .outcome())
          .as("a fallback that is not among the candidates")
          .isEqualTo(StageOutcome.FAILED);
    }
  }

  @ParameterizedTest
  @FieldSource("WALLS")
  void holdsWhenAnOperatorSendsAParkedShareElsewhere(Residency wall) {
    WorkflowStub stub =
        regions.startStage(
            stage(FederationStrategy.PARALLEL, wall).onPartialFailure(PartialFailurePolicy.WAIT),
            "{}");
    Awaitility.await().until(() -> stub.query("standing", ParkedStage.class).parked());

    assertThatThrownBy(
            () ->
                stub.update(
                    "decide", ParkedStage.class, StageDecision.retryIn(List.of("eu"), "us")))
        .cause()
        .hasMessageContaining("residency");
    assertThat(stub.query("standing", ParkedStage.class).parked()).isTrue();
    stub.update("decide", ParkedStage.class, StageDecision.abort(null));
    ScriptedRegions.result(stub);
  }

  @ParameterizedTest
  @FieldSource("WALLS")
  void holdsWhenARedriveRelocatesAShare(Residency wall) {
    FederatedStageConfig block =
        stage(FederationStrategy.PARALLEL, wall)
            .onPartialFailure(PartialFailurePolicy.FAIL)
            .build();
    FederatedStageResult first = regions.run(block.toBuilder());
    WorkflowStub stub = regions.control(FederatedStageWorkflow.TYPE, "redriven");
    stub.start(
        new StageRequest("process", "transformer", json("{}"), json("{}"), block)
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    Map.of("eu", "us"),
                    false)));

    FederatedStageResult result = ScriptedRegions.result(stub);
    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.regionResults().get("eu").error().message())
        .contains("us was not called: outside the residency");
  }
}
