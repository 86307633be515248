package dev.federated.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Federation;
import io.temporal.client.WorkflowOptions;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FederationExtensionTest {
  private static final String QUEUE = "application";

  private static final FederationConfig CONFIG =
      FederationConfig.of(
          List.of(
              RegionConfig.builder("us").costPerExecution(0.01).priority(1).build(),
              RegionConfig.builder("eu").costPerExecution(0.02).priority(2).build(),
              RegionConfig.builder("ap").priority(3).build()));

  @RegisterExtension
  static final FederationExtension federation =
      FederationExtension.newBuilder()
          .federation(CONFIG)
          .region("us", RegionScript.down())
          .region("eu", RegionScript.answers("{\"from\": \"eu\"}"))
          .component("http_request", request -> RegionScript.parse("{\"body\": [1, 2]}"))
          .workflows(QUEUE, OwnWorkflowImpl.class)
          .build();

  @TempDir Path directory;

  private static FederatedStageConfig.Builder nearest(String... regions) {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.NEAREST)
        .regions(List.of(regions));
  }

  private static RegionResult of(FederatedStageResult result, String region) {
    return result.regionResults().get(region);
  }

  @Test
  void scriptForARegionThatTheFederationLacksIsRefusedWithTheNearestName() {
    FederationExtension.Builder builder =
        FederationExtension.newBuilder()
            .federation(FederationConfig.of(List.of(RegionConfig.builder("eu-west-1").build())))
            .region("eu-wset-1", RegionScript.down());
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("did you mean eu-west-1?");
    assertThatThrownBy(() -> federation.script("nowhere", RegionScript.up()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void extensionWithoutFederationIsRefused() {
    assertThatThrownBy(() -> FederationExtension.newBuilder().build())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void useOutsideATestIsRefused() {
    FederationExtension unused = FederationExtension.newBuilder().federation(CONFIG).build();
    assertThatThrownBy(unused::calls)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("@RegisterExtension");
  }

  @Test
  void scriptsRefuseValuesThatMakeNoSense() {
    assertThatThrownBy(() -> RegionScript.refusing(200)).hasMessageContaining("200");
    assertThatThrownBy(() -> RegionScript.answers("{")).hasMessageContaining("not JSON");
    assertThatThrownBy(() -> RegionScript.flapping(0)).hasMessageContaining("0");
    assertThatThrownBy(() -> RegionScript.downFor(-1)).hasMessageContaining("-1");
    assertThatThrownBy(() -> RegionScript.up().slowBy(Duration.ofSeconds(-1)))
        .hasMessageContaining("PT-1S");
    assertThatThrownBy(() -> RegionScript.up().reporting(-1, null)).hasMessageContaining("-1");
    assertThatThrownBy(() -> RegionScript.up().reporting(0, -0.5)).hasMessageContaining("-0.5");
  }

  @Test
  void aWaveThatLooksAtTheHealthOfItsRegionsPassesOnesThatAreUp() {
    federation.script("us", RegionScript.up());

    FederatedStageResult result =
        federation.runStage(
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.SEQUENTIAL)
                .regions(List.of("us", "eu"))
                .pauseSeconds(3600.0)
                .healthGate(true)
                .build());

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.successfulRegions()).containsExactly("us", "eu");
  }

  @Test
  void regionThatIsDownIsLeftForTheNextAndTheWorkIsDoneOnce() {
    FederatedStageResult result = federation.runStage(nearest("us", "eu").build());
    RegionResult share = of(result, "us");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("eu");
    assertThat(share.attempts()).isEqualTo(5);
    assertThat(share.hops())
        .singleElement()
        .satisfies(hop -> assertThat(hop.attempts()).isEqualTo(4));
    assertThat(result.aggregated().path("from").asText()).isEqualTo("eu");
    assertThat(result.totalCost()).isEqualTo(0.02);
    assertThat(federation.calls("us")).hasSize(4).allMatch(call -> !call.executed());
    assertThat(federation.calls("eu")).singleElement().matches(call -> call.share().equals("us"));
    assertThat(federation.executionsByKey().values()).containsExactly(1);
    assertThat(federation.duplicates()).isEmpty();
  }

  @Test
  void eachTestStartsWithRegionsThatWereNotCalled() {
    assertThat(federation.calls()).isEmpty();
  }

  @Test
  void probeSeesAfterTheFirstFailureThatTheRegionIsDownAndLaterThatItIsBack() {
    FederatedStageConfig cheapest =
        nearest("us", "eu").strategy(FederationStrategy.COST_OPTIMIZED).build();
    assertThat(federation.runStage(cheapest).decisions().get(0).chosen()).containsExactly("us");
    assertThat(federation.runStage(cheapest).decisions().get(0).chosen()).containsExactly("eu");
    federation.script("us", RegionScript.up());
    assertThat(federation.runStage(cheapest).decisions().get(0).chosen()).containsExactly("us");
  }

  @Test
  void regionThatIsKnownToBeDownIsNotChosen() {
    federation.script("us", RegionScript.knownDown());
    FederatedStageResult result = federation.runStage(nearest("us", "eu").build());
    assertThat(result.decisions().get(0).chosen()).containsExactly("eu");
    assertThat(federation.calls("us")).isEmpty();
  }

  @Test
  void slowRegionSucceedsInTheServersTimeWithoutARealWait() {
    federation.script("ap", RegionScript.up().slowBy(Duration.ofSeconds(250)));
    long start = System.nanoTime();
    FederatedStageResult result = federation.runStage(nearest("ap").build(), "{\"n\": 1}");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated().path("n").asInt()).isEqualTo(1);
    assertThat(of(result, "ap").latencyMs()).isEqualTo(250_000);
    assertThat(result.latencyMs()).isBetween(250_000L, 280_000L);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void regionSlowerThanTheTimeoutTimesOut() {
    federation.script("ap", RegionScript.up().slowBy(Duration.ofSeconds(30)));
    FederatedStageResult result =
        federation.runStage(nearest("ap").timeoutSeconds(20).maxRetries(1).build());
    assertThat(of(result, "ap").error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(of(result, "ap").attempts()).isEqualTo(2);
    assertThat(federation.executionsByKey()).isEmpty();
  }

  @Test
  void attemptsThatTimeOutTakeTheirTimeAndSoDoThePausesBetweenThem() {
    federation.script("ap", RegionScript.up().slowBy(Duration.ofSeconds(400)));
    long start = System.nanoTime();
    FederatedStageResult result = federation.runStage(nearest("ap").build());
    assertThat(of(result, "ap").attempts()).isEqualTo(4);
    // Four times 300 s, each less what a region worker needs to report it, and 1 + 2 + 4 s.
    assertThat(result.latencyMs()).isBetween(1_204_000L, 1_240_000L);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void totalTimeoutEndsTheAttemptInWhichItIsReachedAndLeavesNoTimeForAHop() {
    federation.script("eu", RegionScript.up().slowBy(Duration.ofSeconds(400)));
    FederatedStageResult result =
        federation.runStage(
            nearest("eu", "ap").timeoutSeconds(60).totalTimeoutSeconds(100.0).build());
    assertThat(of(result, "eu").error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(of(result, "eu").hops()).isEmpty();
    assertThat(of(result, "eu").attempts()).isEqualTo(2);
    assertThat(result.latencyMs()).isBetween(99_500L, 130_000L);
  }

  @Test
  void slowRegionAfterAHopHasOnlyWhatIsLeftOfTheTotalTimeout() {
    federation.script("eu", RegionScript.up().slowBy(Duration.ofSeconds(400)));
    federation.script("ap", RegionScript.up().slowBy(Duration.ofSeconds(50)));
    FederatedStageResult result =
        federation.runStage(
            nearest("eu", "ap")
                .timeoutSeconds(60)
                .maxRetries(0)
                .totalTimeoutSeconds(100.0)
                .build());
    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(of(result, "eu").hops()).hasSize(1);
    assertThat(of(result, "eu").error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
  }

  @Test
  void firstAnswerWinsAndTheSlowRegionIsCancelled() {
    federation.script("ap", RegionScript.up().slowBy(Duration.ofSeconds(100)));
    FederatedStageResult result =
        federation.runStage(
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.PARALLEL)
                .aggregation(AggregationStrategy.FIRST)
                .regions(List.of("eu", "ap"))
                .build());
    assertThat(result.winner()).isEqualTo("eu");
    assertThat(result.latencyMs()).isLessThan(100_000);
  }

  @Test
  void flappingRegionWorksOnceAfterSoManyFailures() {
    federation.script("ap", RegionScript.flapping(2));
    FederatedStageResult first = federation.runStage(nearest("ap").build());
    FederatedStageResult second = federation.runStage(nearest("ap").maxRetries(1).build());
    assertThat(of(first, "ap").attempts()).isEqualTo(3);
    assertThat(first.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(second.outcome()).isEqualTo(StageOutcome.FAILED);
  }

  @Test
  void regionThatIsDownForAWhileWorksAfterIt() {
    federation.script("ap", RegionScript.downFor(1));
    assertThat(of(federation.runStage(nearest("ap").build()), "ap").attempts()).isEqualTo(2);
    assertThat(of(federation.runStage(nearest("ap").build()), "ap").attempts()).isEqualTo(1);
  }

  @Test
  void refusalThatEveryRegionWouldGiveDoesNotHopAndAnotherOneDoes() {
    federation.script("us", RegionScript.refusing(422));
    FederatedStageResult wrong = federation.runStage(nearest("us", "eu").build());
    assertThat(of(wrong, "us").error().httpStatus()).isEqualTo(422);
    assertThat(of(wrong, "us").hops()).isEmpty();
    federation.script("us", RegionScript.refusing(403));
    FederatedStageResult elsewhere = federation.runStage(nearest("us", "eu").build());
    assertThat(of(elsewhere, "us").executedIn()).isEqualTo("eu");
    assertThat(of(elsewhere, "us").attempts()).isEqualTo(2);
  }

  @Test
  void garbageIsNotRetriedInPlace() {
    federation.script("us", RegionScript.garbage());
    RegionResult share = of(federation.runStage(nearest("us", "eu").build()), "us");
    assertThat(share.hops().get(0).error().type()).isEqualTo(FailureType.INVALID_REGION_RESPONSE);
    assertThat(share.hops().get(0).attempts()).isEqualTo(1);
  }

  @Test
  void breakerOfTheRegionEndsTheAttempts() {
    FederatedStageResult result = federation.runStage(nearest("us").maxRetries(20).build());
    assertThat(of(result, "us").error().type()).isEqualTo(FailureType.CIRCUIT_OPEN);
    assertThat(federation.calls("us")).hasSize(5);
  }

  @Test
  void reportedTokensAndCostsCount() {
    federation.script("ap", RegionScript.up().reporting(7, 0.5));
    FederatedStageResult result = federation.runStage(nearest("ap").build());
    assertThat(result.totalTokens()).isEqualTo(7);
    assertThat(result.totalCost()).isEqualTo(0.5);
  }

  @Test
  void stageAndPipelineFilesRunWithRealComponentsAndTheFakesGiven() throws IOException {
    Path stage = directory.resolve("stage.json");
    Files.writeString(
        stage,
        """
        {"id": "process", "inputs": {"twice": "{{input.n}}"},
         "federation": {"strategy": "nearest", "regions": ["ap"]}}
        """);
    assertThat(federation.runStage(stage, "{\"n\": 2}").aggregated().path("twice").asInt())
        .isEqualTo(2);
    assertThatThrownBy(() -> federation.runStage(stage, "{}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("input.n");
    Path pipeline = directory.resolve("pipeline.json");
    Files.writeString(
        pipeline,
        """
        {"id": "p", "stages": [
          {"id": "fetch", "type": "http_request", "config": {"url": "https://example.com"}},
          {"id": "take", "type": "json_transform", "depends_on": ["fetch"],
           "config": {"jmespath_expression": "body[1]"}},
          {"id": "process", "depends_on": ["take"], "inputs": "{{upstream.take.result}}",
           "federation": {"strategy": "nearest", "regions": ["us", "ap"]}}]}
        """);
    PipelineResult result = federation.runPipeline(pipeline, "{}");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.output().asInt()).isEqualTo(2);
    federation.script("ap", RegionScript.refusing(400));
    JsonNode none = RegionScript.parse("{}");
    assertThat(federation.runPipeline(pipeline, none.toString()).outcome())
        .isEqualTo(StageOutcome.FAILED);
  }

  /** A workflow of a user's. */
  @WorkflowInterface
  public interface OwnWorkflow {
    /** Runs a stage that may fail over, and gives the region that did it. */
    @WorkflowMethod
    String run();
  }

  /** See {@link OwnWorkflow}. */
  public static final class OwnWorkflowImpl implements OwnWorkflow {
    @Override
    public String run() {
      JsonNode none = RegionScript.parse("{}");
      return Federation.executeStage(
              new StageRequest("own", "transformer", none, none, nearest("us", "eu").build()))
          .regionResults()
          .get("us")
          .executedIn();
    }
  }

  @Test
  void workflowOfAUsersOwnRunsItsStages() {
    OwnWorkflow own =
        federation
            .client()
            .newWorkflowStub(
                OwnWorkflow.class, WorkflowOptions.newBuilder().setTaskQueue(QUEUE).build());
    assertThat(own.run()).isEqualTo("eu");
    assertThat(federation.environment().getNamespace()).isNotEmpty();
    assertThat(federation.config()).isEqualTo(CONFIG);
  }
}
