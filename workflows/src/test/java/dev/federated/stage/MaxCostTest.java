package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.DataLocation;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.client.WorkflowStub;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Costs of stages: what is estimated beside what was paid, and what {@code max_cost} stops. */
@Timeout(60)
class MaxCostTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static RegionConfig.Builder priced(String name, double price) {
    return RegionConfig.builder(name).costPerExecution(price);
  }

  private static FederatedStageConfig.Builder stage(FederationStrategy strategy, String... names) {
    return FederatedStageConfig.builder()
        .strategy(strategy)
        .regions(List.of(names))
        .aggregation(AggregationStrategy.ALL)
        .retryDelaySeconds(0);
  }

  private static ScriptedRegions.Behaviour reports(double cost) {
    return request -> new RemoteResponse(json("1"), 70, cost, 1, 1);
  }

  @Test
  void aStageThatFitsInNoRegionIsRefusedBeforeAnythingStarts() {
    regions.region(priced("us", 0.5), answers("1")).region(priced("eu", 0.4), answers("2")).start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "us", "eu").maxCost(0.2));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(result.error().message())
        .isEqualTo("max_cost is 0.2, and the cheapest region, eu, is estimated to cost 0.4");
    assertThat(result.decisions().get(0).candidates())
        .allSatisfy(candidate -> assertThat(candidate.reason()).startsWith("over max_cost: "));
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aReplicatedStageIsRefusedIfItsRegionsCostMoreTogether() {
    regions.region(priced("us", 0.2), answers("1")).region(priced("eu", 0.2), answers("2")).start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.PARALLEL, "us", "eu")
                .onPartialFailure(PartialFailurePolicy.WAIT)
                .maxCost(0.3));

    assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(result.error().message())
        .isEqualTo("max_cost is 0.3, and its 2 regions are estimated to cost 0.4");
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void attemptsAreMadeAsLongAsTheBudgetCoversThemAndTheErrorSaysWhatIsSpent() {
    regions.region(priced("us", 0.1), unavailable()).start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "us").maxRetries(9).maxCost(0.35));

    RegionResult share = result.regionResults().get("us");
    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(share.attempts()).isEqualTo(3);
    assertThat(result.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(result.error().message())
        .isEqualTo(
            "RegionUnavailable of a test; max_cost is 0.35: 0.3 is spent, 0 is kept for other"
                + " regions, one more execution in us is estimated to cost 0.1");
    // The region reported no cost; that it may charge for its attempts counts for the budget only.
    assertThat(share.cost()).isZero();
    assertThat(share.estimatedCost()).isEqualTo(0.1);
    assertThat(share.chargeable()).isCloseTo(0.3, within(1e-9));
  }

  @Test
  void aHopThatTheBudgetDoesNotCoverIsNotMade() {
    regions.region(priced("a", 0.1), unavailable()).region(priced("b", 0.1), answers("1")).start();
    FederatedStageConfig.Builder stage = stage(FederationStrategy.NEAREST, "a", "b").maxRetries(0);

    FederatedStageResult stopped = regions.run(stage.maxCost(0.15));
    FederatedStageResult covered = regions.run(stage.maxCost(0.2));

    assertThat(stopped.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(stopped.error().message()).contains("0.1 is spent", "in b is estimated to cost 0.1");
    assertThat(covered.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(regions.callsOf("b")).isEqualTo(1);
  }

  @Test
  void everyRegionKeepsItsFirstExecutionWhateverOthersRepeat() {
    regions
        .region(priced("us", 0.1), unavailable())
        .region(priced("eu", 0.1), answers("2"))
        .start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.SEQUENTIAL, "us", "eu").maxRetries(9).maxCost(0.35));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.regionResults().get("us").attempts()).isEqualTo(2);
    assertThat(result.regionResults().get("us").error().message())
        .contains("0.2 is spent, 0.1 is kept for other regions");
  }

  @Test
  void aRegionThatChargedMoreThanItsEstimateLeavesNothingForTheNext() {
    regions
        .region(priced("us", 0.1), reports(0.25))
        .region(priced("eu", 0.1), answers("2"))
        .start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.SEQUENTIAL, "us", "eu").maxCost(0.3));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.regionResults().get("us").cost()).isEqualTo(0.25);
    assertThat(result.regionResults().get("us").estimatedCost()).isEqualTo(0.1);
    assertThat(result.regionResults().get("eu").error().type())
        .isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(result.regionResults().get("eu").error().message())
        .startsWith("eu was not called; max_cost is 0.3: 0.25 is spent");
    assertThat(regions.callsOf("eu")).isZero();
  }

  @Test
  void aRegionWithoutAPriceCountsAsNothingAndIsWarnedOfOnce() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.PARALLEL, "us", "eu").maxCost(0.1));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.warnings())
        .containsExactly(
            "max_cost is set, but regions are without a price, which counts as 0: us, eu");
  }

  @Test
  void whatAnOperatorRepeatsIsPaidFromTheSameBudget() {
    regions
        .region(priced("us", 0.1), answers("1"))
        .region(priced("eu", 0.1), unavailable())
        .start();
    WorkflowStub stub =
        regions.startStage(
            stage(FederationStrategy.PARALLEL, "us", "eu")
                .maxRetries(0)
                .onPartialFailure(PartialFailurePolicy.WAIT)
                .maxCost(0.3),
            "{}");
    awaitParked(stub);

    stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("eu")));
    awaitParked(stub);
    stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("eu")));
    awaitParked(stub);
    stub.update("decide", ParkedStage.class, StageDecision.accept());
    FederatedStageResult result = ScriptedRegions.result(stub);

    assertThat(regions.callsOf("eu")).isEqualTo(2);
    assertThat(result.regionResults().get("eu").error().message())
        .contains("eu was not called; max_cost is 0.3: 0.3 is spent");
    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
  }

  private static void awaitParked(WorkflowStub stub) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> stub.query("standing", ParkedStage.class).parked());
  }

  @Test
  void whatARedriveTakesOverIsSpent() {
    regions
        .region(priced("us", 0.1), answers("1"))
        .region(priced("eu", 0.1), unavailable())
        .start();
    FederatedStageConfig.Builder stage =
        stage(FederationStrategy.PARALLEL, "eu", "us").maxRetries(9).maxCost(0.3);
    FederatedStageResult first = regions.run(stage);
    assertThat(first.regionResults().get("eu").attempts()).isEqualTo(1 + 1);

    StageRequest again =
        new StageRequest("process", "transformer", json("{}"), json("{}"), stage.build())
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    null,
                    false));
    WorkflowStub stub = regions.control(FederatedStageWorkflow.TYPE, "again");
    stub.start(again);
    FederatedStageResult second = ScriptedRegions.result(stub);

    assertThat(regions.callsOf("us")).isEqualTo(1);
    assertThat(regions.callsOf("eu")).isEqualTo(2);
    assertThat(second.regionResults().get("us").output()).isEqualTo(json("1"));
    assertThat(second.regionResults().get("eu").error().message()).contains("0.3 is spent");
  }

  @Test
  void aRegionThatReportsNoCostIsPaidByItsPricesTheMoveIncluded() {
    regions
        .region(
            RegionConfig.builder("us").costPerExecution(0.5).egressCostPerGb(0.02), answers("1"))
        .region(RegionConfig.builder("eu").costPerExecution(0.1).costPerToken(0.001), answers("2"))
        .start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.COST_OPTIMIZED, "us", "eu")
                .dataSizeBytes(10_000_000_000L)
                .dataLocation(DataLocation.inRegion("us"))
                .expectedTokens(50));

    RegionResult share = result.regionResults().get("eu");
    assertThat(share.estimatedCost()).isCloseTo(0.1 + 0.05 + 0.2, within(1e-9));
    assertThat(share.cost()).isCloseTo(0.1 + 0.2, within(1e-9));
    assertThat(regions.world().ends)
        .singleElement()
        .satisfies(
            end -> {
              assertThat(end.cost()).isEqualTo(share.cost());
              assertThat(end.estimatedCost()).isEqualTo(share.estimatedCost());
            });
  }

  @Test
  void whatARegionReportsIsWhatWasPaidAndTheWorldIsTold() {
    regions.region(priced("us", 0.1), reports(0.25)).start();

    FederatedStageResult result = regions.run(stage(FederationStrategy.NEAREST, "us"));

    assertThat(result.totalCost()).isEqualTo(0.25);
    assertThat(regions.world().ends).containsExactly(new ExecutionEnd(null, 1, 70, 0.25, 0.1));
  }

  @Test
  void whereNothingIsPricedHistoriesHoldNoEstimateAndPrintedJsonSaysNull() throws Exception {
    regions.region("us", answers("1")).start();

    FederatedStageResult result = regions.run(stage(FederationStrategy.NEAREST, "us"));

    assertThat(new ObjectMapper().writeValueAsString(result)).doesNotContain("estimated_cost");
    var printed = StageResultJson.print(result);
    assertThat(printed.at("/region_results/us").get("estimated_cost").isNull()).isTrue();
    assertThat(printed.at("/decisions/0/candidates/0").get("estimated_cost").isNull()).isTrue();
  }
}
