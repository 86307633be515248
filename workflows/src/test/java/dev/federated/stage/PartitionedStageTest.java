package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.response;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitState;
import dev.federated.model.Distribution;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.PartitionBy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.Residency;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.ScriptedRegions.Behaviour;
import io.temporal.client.WorkflowStub;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every region here gives its items back, so that a result shows which of them were executed. */
@Timeout(60)
class PartitionedStageTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static RemoteResponse echo(RemoteRequest request) {
    return response(request.inputs());
  }

  private static Behaviour echoesUnless(AtomicBoolean down) {
    return request -> down.get() ? unavailable().apply(request) : echo(request);
  }

  private static FederatedStageConfig.Builder partition(String... names) {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.PARALLEL)
        .distribution(Distribution.PARTITION)
        .regions(List.of(names))
        .maxRetries(0);
  }

  private static String items(FederatedStageResult result, String region) {
    return result.regionResults().get(region).items().toString();
  }

  @Test
  void inputsWithoutAnArrayAreRefusedAndNothingRuns() {
    regions.region("us", PartitionedStageTest::echo).start();

    FederatedStageResult result =
        regions.run(partition("us").partitionItems("orders"), "{\"orders\": {\"a\": 1}}");

    assertThat(result.error().message())
        .isEqualTo("distribution partition needs an array, but 'orders' in the inputs is object");
    assertThat(regions.run(partition("us"), "5").error().message()).contains("the inputs are");
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aDefaultStrategyOfOneRegionIsRefusedAndNothingRuns() {
    regions
        .region("us", PartitionedStageTest::echo)
        .start(FederationConfig.builder().defaultStrategy(FederationStrategy.NEAREST));

    FederatedStageResult result = regions.run(partition("us").strategy(null), "[1]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().message()).contains("parallel or sequential, not nearest");
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aPartThatFailsEverywhereIsAFailedShareAndTheOthersStand() {
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", refuses(FailureType.REGION_REJECTED, 422))
        .start();

    FederatedStageResult result = regions.run(partition("us", "eu"), "[1, 2, 3, 4]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.aggregated()).isEqualTo(json("[1, 2]"));
    assertThat(items(result, "eu")).isEqualTo("2-3");
    assertThat(regions.callsOf("us")).as("another region would refuse the same").isEqualTo(1);
  }

  @Test
  void everyItemIsExecutedOnceAndTheyComeOutInTheirOrder() {
    regions
        .region(RegionConfig.builder("us").weight(2), PartitionedStageTest::echo)
        .region("eu", PartitionedStageTest::echo)
        .region("ap", PartitionedStageTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(partition("us", "eu", "ap"), "[1, 2, 3, 4, 5, 6, 7, 8]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregation()).isEqualTo(AggregationStrategy.CONCAT);
    assertThat(result.aggregated()).isEqualTo(json("[1, 2, 3, 4, 5, 6, 7, 8]"));
    assertThat(items(result, "us")).isEqualTo("0-3");
    assertThat(items(result, "eu")).isEqualTo("4-5");
    assertThat(items(result, "ap")).isEqualTo("6-7");
    assertThat(regions.requests)
        .extracting(RemoteRequest::inputs)
        .as("each request has its part only")
        .containsExactlyInAnyOrder(json("[1, 2, 3, 4]"), json("[5, 6]"), json("[7, 8]"));
  }

  @Test
  void theOtherFieldsOfTheInputsGoToEveryRegion() {
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", PartitionedStageTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(
            partition("us", "eu").partitionItems("rows").aggregation(AggregationStrategy.ALL),
            "{\"model\": \"m\", \"rows\": [1, 2]}");

    assertThat(result.aggregated())
        .isEqualTo(json("[{\"model\": \"m\", \"rows\": [1]}, {\"model\": \"m\", \"rows\": [2]}]"));
  }

  @Test
  void aRegionWithoutAnItemIsNotCalledAndDoesNotCount() {
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", PartitionedStageTest::echo)
        .region("ap", PartitionedStageTest::echo)
        .start();

    FederatedStageResult result = regions.run(partition("us", "eu", "ap").minRegions(3), "[1, 2]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.regionResults().get("ap").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(items(result, "ap")).isEmpty();
    assertThat(regions.callsOf("ap")).isZero();
  }

  @Test
  void anEmptyArraySucceedsWithoutACall() {
    regions.region("us", PartitionedStageTest::echo).start();

    FederatedStageResult result = regions.run(partition("us"), "[]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("[]"));
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aRegionThatIsKnownToBeDownGetsNoPart() {
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", PartitionedStageTest::echo)
        .start();
    regions.world().knows("us", region -> region.circuit(CircuitState.OPEN));

    FederatedStageResult result = regions.run(partition("us", "eu"), "[1, 2]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("[1, 2]"));
    RegionResult left = result.regionResults().get("us");
    assertThat(left.status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(left.error().type()).isEqualTo(FailureType.CIRCUIT_OPEN);
  }

  @Test
  void whereEveryRegionIsDownTheStageParksWithItsPartsAndGoesOnWithThem() {
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", PartitionedStageTest::echo)
        .start();
    regions.world().knows("us", region -> region.circuit(CircuitState.OPEN));
    regions.world().knows("eu", region -> region.online(false));
    WorkflowStub stub =
        regions.startStage(
            partition("us", "eu").onPartialFailure(PartialFailurePolicy.WAIT), "[1, 2, 3]");
    Awaitility.await().until(() -> stub.query("standing", ParkedStage.class).parked());
    assertThat(stub.query("standing", ParkedStage.class).failedRegions())
        .containsOnlyKeys("us", "eu");
    assertThat(regions.requests).isEmpty();

    stub.update("decide", ParkedStage.class, StageDecision.retry(null));

    assertThat(ScriptedRegions.result(stub).aggregated()).isEqualTo(json("[1, 2, 3]"));
  }

  @Test
  void aRedriveOfAnEmptyArraySucceedsLikeTheFirstExecution() {
    regions.region("us", PartitionedStageTest::echo).start();
    FederatedStageConfig.Builder block = partition("us");
    FederatedStageResult first = regions.run(block, "[]");
    WorkflowStub stub = regions.control(FederatedStageWorkflow.TYPE, "redriven-empty");
    stub.start(
        new StageRequest("process", "transformer", json("{}"), json("[]"), block.build())
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    null,
                    false)));

    assertThat(ScriptedRegions.result(stub).aggregated()).isEqualTo(json("[]"));
  }

  @Test
  void failedPartsMoveToTheNextRegionsAndOneRegionMayTakeSeveral() {
    regions
        .region("a", unavailable())
        .region("b", unavailable())
        .region("c", PartitionedStageTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(partition("a", "b", "c").strategy(FederationStrategy.SEQUENTIAL), "[1, 2, 3]");

    assertThat(result.outcome()).as("a left for b, which was down as well").isNotNull();
    assertThat(result.regionResults().get("b").executedIn()).isEqualTo("c");
    assertThat(result.regionResults().get("b").output()).isEqualTo(json("[2]"));

    FederatedStageResult withFallback =
        regions.run(partition("a", "b", "c").fallbackRegion("c"), "[1, 2, 3]");
    assertThat(withFallback.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(withFallback.aggregated()).isEqualTo(json("[1, 2, 3]"));
    assertThat(withFallback.regionResults().values())
        .extracting(RegionResult::executedIn)
        .containsOnly("c");
  }

  @Test
  void aPartMovesOnceAndNeverToARegionThatFailed() {
    regions
        .region("a", unavailable())
        .region("b", PartitionedStageTest::echo)
        .region("c", unavailable())
        .start();

    FederatedStageResult result =
        regions.run(partition("a", "b", "c").strategy(FederationStrategy.SEQUENTIAL), "[1, 2, 3]");

    assertThat(result.aggregated()).isEqualTo(json("[1, 2, 3]"));
    assertThat(result.regionResults().get("c").executedIn())
        .as("a had failed by then")
        .isEqualTo("b");
    assertThat(result.regionResults().get("c").hops()).hasSize(1);
  }

  @Test
  void withoutRetryAPartStaysUnlessAFallbackIsNamed() {
    regions.region("us", unavailable()).region("eu", PartitionedStageTest::echo).start();

    assertThat(regions.run(partition("us", "eu").retryOnFailure(false), "[1, 2]").failedRegions())
        .containsExactly("us");
    assertThat(
            regions
                .run(partition("us", "eu").retryOnFailure(false).fallbackRegion("eu"), "[1, 2]")
                .aggregated())
        .isEqualTo(json("[1, 2]"));
  }

  @Test
  void movedPartsNeverLeaveTheResidency() {
    regions
        .region(RegionConfig.builder("eu").tags(List.of("eu")), unavailable())
        .region(RegionConfig.builder("eu2").tags(List.of("eu")), unavailable())
        .region(RegionConfig.builder("us").tags(List.of("us")), PartitionedStageTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(
            partition("eu", "eu2", "us")
                .residency(Residency.inTags(List.of("eu")))
                .fallbackRegion("us"),
            "[1, 2]");

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(regions.callsOf("us")).isZero();
    assertThat(result.regionResults().get("us").status()).isEqualTo(RegionStatus.SKIPPED);
  }

  @Test
  void itemsGoWhereTheyAreAndTheResultSaysWhich() {
    regions
        .region(
            RegionConfig.builder("us").latitude(38.9).longitude(-77.4), PartitionedStageTest::echo)
        .region(
            RegionConfig.builder("eu").latitude(53.3).longitude(-6.2), PartitionedStageTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(
            partition("us", "eu").partitionBy(PartitionBy.LOCATION).partitionLocation("at"),
            """
            [{"id": 1, "at": "eu"}, {"id": 2, "at": {"lat": 40.7, "lon": -74}},
             {"id": 3, "at": {"lat": 52.5, "lon": 13.4}}, {"id": 4}]
            """);

    assertThat(items(result, "us")).isEqualTo("1,3");
    assertThat(items(result, "eu")).isEqualTo("0,2");
    assertThat(result.aggregated().findValuesAsText("id")).containsExactly("2", "4", "1", "3");
    assertThat(result.warnings())
        .containsExactly("1 items do not say in 'at' where they are; us got them");
  }

  @Test
  void aRetryOfAParkedStageExecutesExactlyThePartThatFailed() {
    AtomicBoolean down = new AtomicBoolean(true);
    regions.region("us", PartitionedStageTest::echo).region("eu", echoesUnless(down)).start();
    WorkflowStub stub =
        regions.startStage(
            partition("us", "eu").retryOnFailure(false).onPartialFailure(PartialFailurePolicy.WAIT),
            "[1, 2, 3]");
    Awaitility.await().until(() -> stub.query("standing", ParkedStage.class).parked());

    stub.update("decide", ParkedStage.class, StageDecision.retryIn(List.of("eu"), "us"));

    FederatedStageResult result = ScriptedRegions.result(stub);
    assertThat(result.aggregated()).isEqualTo(json("[1, 2, 3]"));
    assertThat(result.regionResults().get("eu").executedIn()).isEqualTo("us");
    assertThat(regions.requests.get(regions.requests.size() - 1).inputs()).isEqualTo(json("[3]"));
  }

  /** The weights are others by then; the parts are what they were. */
  @Test
  void aRedriveExecutesTheFailedPartsOnlyWithExactlyTheirItems() {
    AtomicBoolean down = new AtomicBoolean(true);
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", echoesUnless(down))
        .region("ap", echoesUnless(down))
        .start();
    FederatedStageConfig.Builder block =
        partition("us", "eu", "ap")
            .retryOnFailure(false)
            .onPartialFailure(PartialFailurePolicy.FAIL);
    String inputs = "[1, 2, 3, 4, 5, 6]";
    FederatedStageResult first = regions.run(block, inputs);
    assertThat(first.successfulRegions()).containsExactly("us");
    Map<String, String> keys = keys();
    down.set(false);
    regions.requests.clear();
    regions.world().knows("eu", region -> region.weight(50.0).priority(1));

    WorkflowStub stub = regions.control(FederatedStageWorkflow.TYPE, "redriven");
    stub.start(
        new StageRequest("process", "transformer", json("{}"), json(inputs), block.build())
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    Map.of("ap", "us"),
                    false)));

    FederatedStageResult result = ScriptedRegions.result(stub);
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json(inputs));
    assertThat(result.regionResults().get("ap").executedIn()).isEqualTo("us");
    assertThat(regions.requests)
        .extracting(RemoteRequest::inputs)
        .containsExactlyInAnyOrder(json("[3, 4]"), json("[5, 6]"));
    assertThat(keys().entrySet()).isSubsetOf(keys.entrySet());
  }

  private Map<String, String> keys() {
    Map<String, String> keys = new HashMap<>();
    regions.requests.forEach(request -> keys.put(request.share(), request.idempotencyKey()));
    return keys;
  }

  @Test
  void theHistoryHoldsEveryItemOnceInTheInputAndOnceInThePartThatIsExecuted() {
    regions
        .region("us", PartitionedStageTest::echo)
        .region("eu", PartitionedStageTest::echo)
        .start();
    String item = "x".repeat(20_000);
    List<String> items = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      items.add("\"%s\"".formatted(item));
    }
    JsonNode all = json(items.toString());

    WorkflowStub stub =
        regions.startStage(
            partition("us", "eu").aggregation(AggregationStrategy.REDUCE).reduceFunction("count"),
            all.toString());
    ScriptedRegions.result(stub);

    assertThat(regions.commandBytesByTask(stub).stream().mapToLong(Long::longValue).sum())
        .isBetween(200_000L, 210_000L);
  }
}
