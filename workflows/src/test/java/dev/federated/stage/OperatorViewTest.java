package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineDescription;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineWorkflow;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.sdk.v1.WorkflowMetadata;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateHandle;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What operators read in Temporal's UI about stages and pipelines. */
@Timeout(60)
class OperatorViewTest {
  /** The query behind the UI's tab of current details. */
  private static final String METADATA = "__temporal_workflow_metadata";

  /** What the server takes as static details, encoded. */
  private static final int MOST_DETAILS_BYTES = 20_000;

  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static FederatedStageConfig.Builder parallel(String... names) {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.PARALLEL)
        .regions(List.of(names))
        .maxRetries(0);
  }

  private ScriptedRegions euRefuses() {
    return regions
        .region("us", answers("{\"us\":1}"))
        .region("eu", refuses(FailureType.REGION_REJECTED, 401))
        .start();
  }

  private WorkflowStub parked() {
    WorkflowStub stub =
        regions.startStage(parallel("us", "eu").onPartialFailure(PartialFailurePolicy.WAIT), "{}");
    await(() -> stub.query("standing", ParkedStage.class).parked());
    return stub;
  }

  private static void await(Callable<Boolean> condition) {
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(condition);
  }

  private static String details(WorkflowStub stub) {
    return stub.query(METADATA, WorkflowMetadata.class).getCurrentDetails();
  }

  private long upserts(WorkflowStub stub) {
    return regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents().stream()
        .map(HistoryEvent::getEventType)
        .filter(type -> type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
        .count();
  }

  private static String outcome(WorkflowStub stub) {
    return stub.describe().getTypedSearchAttributes().get(StageSearchAttributes.OUTCOME);
  }

  private WorkflowStub startPipeline(String text) {
    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                PipelineWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    stub.start(pipeline(text));
    return stub;
  }

  private static PipelineRequest pipeline(String text) {
    return new PipelineRequest(
        PipelineParser.parse(json(text), "pipeline.json", null).pipeline(), json("{}"));
  }

  @Test
  void aFailedStageSaysWhichTypeWhichRegionAndHowToRunItAgain() {
    euRefuses();
    WorkflowStub stub = regions.startStage(parallel("eu"), "{}");

    assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
        .isInstanceOf(WorkflowFailedException.class)
        .cause()
        .hasMessageContaining(
            "stage process failed (RegionRejected): eu: RegionRejected of a test; run what failed"
                + " again with: federate redrive "
                + stub.getExecution().getWorkflowId());
    assertThat(details(stub))
        .startsWith("**failed**: RegionRejected of a test\n")
        .contains("| eu | failed | 1 | 1 ms | 0.0000 | RegionRejected: RegionRejected of a test |");
  }

  @Test
  void aFailedPipelineSaysWhichStageWhatWasSkippedAndHowToRunItAgain() {
    euRefuses();
    WorkflowStub stub =
        startPipeline(
            """
            {"id": "p", "stages": [
              {"id": "a", "federation": {"regions": ["eu"], "max_retries": 0}},
              {"id": "b", "depends_on": ["a"]}]}
            """);

    assertThatThrownBy(() -> stub.getResult(Object.class))
        .cause()
        .hasMessageContaining(
            "pipeline p failed: stage a: RegionRejected of a test; stages skipped after it: 1; run"
                + " what failed and what depends on it again with: federate redrive "
                + stub.getExecution().getWorkflowId());
    assertThat(details(stub))
        .contains("| a | failed | failed: eu | RegionRejected: RegionRejected of a test |")
        .contains("| b | skipped | local | stage a failed |");
  }

  @Test
  void aStageWithoutAnyRegionSaysSo() {
    regions.region("us", answers("1")).start();
    WorkflowStub stub = regions.startStage(parallel("us").requiredTags(List.of("gpu")), "{}");
    ScriptedRegions.result(stub);

    assertThat(details(stub)).startsWith("**failed**: ").contains("| us | skipped | 0 |  |  |  |");
  }

  @Test
  void aStageThatRunsShowsItsRegionsBeforeTheFirstAnswers() {
    var release = new CountDownLatch(1);
    regions
        .region(
            "us",
            request -> {
              try {
                var unused = release.await(20, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return ScriptedRegions.response(json("{}"));
            })
        .region("eu", answers("{}"))
        .start();
    WorkflowStub stub = regions.startStage(parallel("us", "eu").maxParallel(1), "{}");
    await(() -> regions.requests.size() == 1);

    assertThat(details(stub))
        .startsWith("**running**")
        .contains("| us | running | | | | |")
        .contains("| eu | waiting | | | | |");
    release.countDown();
    ScriptedRegions.result(stub);
    assertThat(details(stub))
        .startsWith("**succeeded**\n")
        .contains("| us | succeeded | 1 | 1 ms | 0.0000 |  |");
  }

  @Test
  void aParkedStageIsListedAsParkedAndSaysHowToDecide() {
    euRefuses().world().hasSearchAttributes();
    WorkflowStub stub = parked();

    assertThat(outcome(stub)).isEqualTo("parked");
    assertThat(stub.describe().getTypedSearchAttributes().get(StageSearchAttributes.FAILED_REGIONS))
        .containsExactly("eu");
    assertThat(upserts(stub)).isEqualTo(1);
    assertThat(details(stub))
        .startsWith("**waiting for a decision**: 1 of 2 regions succeeded")
        .contains("Decide with: federate resume " + stub.getExecution().getWorkflowId());

    stub.update("decide", ParkedStage.class, StageDecision.accept());
    ScriptedRegions.result(stub);
    assertThat(outcome(stub)).isEqualTo("partial");
    assertThat(upserts(stub)).isEqualTo(2);
  }

  @Test
  void aStageCancelledWhileParkedIsNotListedAsParked() {
    euRefuses().world().hasSearchAttributes();
    WorkflowStub stub = parked();

    stub.cancel();

    assertThatThrownBy(() -> stub.getResult(Object.class))
        .isInstanceOf(WorkflowFailedException.class);
    assertThat(outcome(stub)).isEqualTo("failed");
    assertThat(details(stub)).startsWith("**failed**: the stage was cancelled");
  }

  @Test
  void aParkedStageWithoutSearchAttributesRecordsNothingOfThem() {
    euRefuses();
    WorkflowStub stub = parked();
    stub.update("decide", ParkedStage.class, StageDecision.accept());
    ScriptedRegions.result(stub);

    assertThat(upserts(stub)).isZero();
  }

  @Test
  void aPipelineShowsWhichInlineStageWaitsAndCarriesNoSearchAttributes() {
    euRefuses().world().hasSearchAttributes();
    WorkflowStub stub =
        startPipeline(
            """
            {"id": "p", "federation": {"execution": "inline"}, "stages": [
              {"id": "a", "federation": {"strategy": "parallel", "regions": ["us", "eu"],
                "on_partial_failure": "wait", "max_retries": 0}},
              {"id": "b", "depends_on": ["a"]}]}
            """);
    await(() -> stub.query("standing", ParkedStage[].class).length == 1);
    await(() -> stub.query("standing", ParkedStage[].class)[0].parked());

    assertThat(details(stub))
        .startsWith("**waiting for a decision**: stage a is parked. Decide with: federate resume ")
        .contains("| a | parked | us, eu | 1 of 2 regions succeeded")
        .contains("| b | waiting | local |  |");
    stub.update("decide", ParkedStage.class, StageDecision.accept());
    var unused = stub.getResult(JsonNode.class);

    assertThat(details(stub))
        .startsWith("**partial**\n")
        .contains("| a | partial | us; failed: eu | eu: RegionRejected: RegionRejected of a test |")
        .contains("| b | succeeded | local |  |");
    assertThat(upserts(stub)).isZero();
  }

  /** A pipeline whose stage a is parked since region eu refuses, until {@code mended}. */
  private WorkflowStub pipelineWithParkedChild(AtomicBoolean mended, CountDownLatch answer) {
    regions
        .region("us", answers("{\"us\":1}"))
        .region(
            "eu",
            request ->
                mended.get()
                    ? afterwards(answer, request)
                    : refuses(FailureType.REGION_REJECTED, 401).apply(request))
        .start();
    regions.world().hasSearchAttributes();
    return startPipeline(
        """
        {"id": "p", "stages": [
          {"id": "a", "federation": {"strategy": "parallel", "regions": ["us", "eu"],
            "on_partial_failure": "wait", "max_retries": 0}},
          {"id": "b", "depends_on": ["a"]}]}
        """);
  }

  private static RemoteResponse afterwards(CountDownLatch latch, RemoteRequest request) {
    try {
      var unused = latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return answers("{\"eu\":2}").apply(request);
  }

  private List<EventType> events(String workflowId) {
    return regions.client().fetchHistory(workflowId).getEvents().stream()
        .map(HistoryEvent::getEventType)
        .toList();
  }

  @Test
  void aPipelineShowsThatAChildIsParkedAndWhenItGoesOn() {
    AtomicBoolean mended = new AtomicBoolean();
    CountDownLatch answer = new CountDownLatch(1);
    WorkflowStub pipeline = pipelineWithParkedChild(mended, answer);
    String id = pipeline.getExecution().getWorkflowId();
    await(() -> details(pipeline).contains("parked"));

    assertThat(details(pipeline))
        .startsWith(
            "**waiting for a decision**: stage a is parked. Decide with: federate resume "
                + id
                + "\n")
        .contains("| a | parked | us, eu | 1 of 2 regions succeeded")
        .contains("| b | waiting | local |  |");

    mended.set(true);
    WorkflowStub child = regions.client().newUntypedWorkflowStub(id + ":a");
    WorkflowUpdateHandle<ParkedStage> decided =
        child.startUpdate(
            "decide",
            WorkflowUpdateStage.ACCEPTED,
            ParkedStage.class,
            StageDecision.retry(List.of("eu")));
    await(() -> details(pipeline).contains("| a | running | us, eu |  |"));
    assertThat(outcome(child)).isNull();
    assertThat(child.describe().getTypedSearchAttributes().get(StageSearchAttributes.STAGE))
        .isEqualTo("a");
    assertThat(details(pipeline)).startsWith("**running**\n");
    answer.countDown();
    assertThat(decided.getResult().parked()).isFalse();
    var unused = pipeline.getResult(JsonNode.class);

    assertThat(details(pipeline)).contains("| a | succeeded | us, eu |  |");
    assertThat(outcome(child)).isEqualTo("succeeded");
    assertThat(upserts(child)).isEqualTo(3);
    assertThat(events(id))
        .filteredOn(type -> type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
        .hasSize(2);
  }

  @Test
  void aParkedChildThatEndsByTheDecisionTellsItsPipelineNothingMore() {
    WorkflowStub pipeline = pipelineWithParkedChild(new AtomicBoolean(), new CountDownLatch(0));
    String id = pipeline.getExecution().getWorkflowId();
    await(() -> details(pipeline).contains("parked"));

    regions
        .client()
        .newUntypedWorkflowStub(id + ":a")
        .update("decide", ParkedStage.class, StageDecision.accept());
    var unused = pipeline.getResult(JsonNode.class);

    assertThat(details(pipeline)).startsWith("**partial**\n").contains("| a | partial |");
    assertThat(events(id + ":a"))
        .filteredOn(
            type -> type == EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
        .hasSize(1);
  }

  @Test
  void severalParkedStagesAreNamedAndOneOfThemIsDecidedAbout() {
    euRefuses();
    WorkflowStub pipeline =
        startPipeline(
            """
            {"id": "p", "stages": [
              {"id": "a", "federation": {"regions": ["eu"], "on_partial_failure": "wait"}},
              {"id": "b", "federation": {"regions": ["eu"], "on_partial_failure": "wait"}}]}
            """);
    String id = pipeline.getExecution().getWorkflowId();
    await(
        () ->
            details(pipeline).contains("| b | parked")
                && details(pipeline).contains("| a | parked"));

    assertThat(details(pipeline))
        .contains(
            "stages a, b are parked. Decide with: federate resume %s --stage a".formatted(id));
    pipeline.cancel();
    assertThatThrownBy(() -> pipeline.getResult(Object.class))
        .isInstanceOf(WorkflowFailedException.class);
  }

  /** A workflow of somebody who uses federated stages. */
  @WorkflowInterface
  public interface TheirWorkflow {
    @WorkflowMethod(name = "TheirWorkflow")
    void run(StageRequest request);
  }

  /** Runs the stage that it is given. */
  public static final class TheirWorkflowImpl implements TheirWorkflow {
    @Override
    public void run(StageRequest request) {
      var unused = Federation.executeStage(request);
    }
  }

  @Test
  void aParkedStageOfSomebodysOwnWorkflowSignalsNobody() {
    regions
        .environment()
        .newWorker("theirs")
        .registerWorkflowImplementationTypes(TheirWorkflowImpl.class);
    euRefuses();
    WorkflowStub parent =
        regions
            .client()
            .newUntypedWorkflowStub(
                "TheirWorkflow",
                WorkflowOptions.newBuilder()
                    .setTaskQueue("theirs")
                    .setWorkflowId("theirs")
                    .build());
    parent.start(
        new StageRequest(
            "a",
            "transformer",
            json("{}"),
            json("{}"),
            parallel("us", "eu").onPartialFailure(PartialFailurePolicy.WAIT).build()));
    await(() -> events("theirs").contains(EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED));
    WorkflowStub child = regions.client().newUntypedWorkflowStub("theirs:a");
    await(() -> child.query("standing", ParkedStage.class).parked());
    child.update("decide", ParkedStage.class, StageDecision.accept());
    var unused = parent.getResult(Object.class);

    assertThat(events("theirs:a"))
        .contains(EventType.EVENT_TYPE_TIMER_STARTED)
        .doesNotContain(EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED);
  }

  @Test
  void theTableOfAPipelineCostsNoEvent() {
    regions.region("us", answers("1")).start();
    WorkflowStub stub = startPipeline("{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}]}");
    var unused = stub.getResult(JsonNode.class);

    assertThat(regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents())
        .extracting(HistoryEvent::getEventType)
        .noneMatch(type -> type == EventType.EVENT_TYPE_MARKER_RECORDED)
        .hasSize(11);
  }

  @Test
  void aLongTableShowsFailedRegionsFirstAndSaysHowManyMoreThereAre() {
    List<StageDetails.Row> rows = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      rows.add(StageDetails.Row.open("region-" + i, "running"));
    }
    rows.add(
        StageDetails.Row.ended(
            RegionResult.notCalled(
                "last",
                RegionStatus.FAILED,
                RegionError.of(FailureType.CIRCUIT_OPEN, "a|b\n" + "x".repeat(500)))));

    String table = StageDetails.table("running", "", "all of them", rows);

    assertThat(table.lines().filter(line -> line.startsWith("| "))).hasSize(51);
    assertThat(table)
        .contains("|---|---|---|---|---|---|\n| last | failed | 0 |  |  | CircuitOpen: a\\|b xxx")
        .contains("x… |\n")
        .endsWith("and 11 more regions");
  }

  @Test
  void theDetailsOfAStageSayWhereItMayRunButNothingOfItsConfig() {
    StageRequest request =
        new StageRequest(
            "process",
            "http_request",
            json("{\"password\": \"geheim\"}"),
            json("{\"card\": \"4711\"}"),
            parallel("us", "eu").fallbackRegion("ap").residency(List.of("us", "eu", "ap")).build());

    assertThat(StageDescription.summary(request)).isEqualTo("federated stage process");
    assertThat(StageDescription.details(request))
        .isEqualTo(
            """
            **process** runs component http_request

            - strategy: parallel
            - regions: us, eu
            - fallback: ap
            - residency: us, eu, ap""");
    assertThat(
            StageDescription.details(
                new StageRequest(
                    "s", "t", json("{}"), json("{}"), FederatedStageConfig.builder().build())))
        .contains("strategy: the federation's default")
        .contains("regions: every enabled region of the federation");
  }

  @Test
  void theDetailsOfALongPipelineFitWhatTheServerTakes() {
    StringBuilder stages = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      stages.append(i == 0 ? "" : ",").append("{\"id\": \"stage-").append(i).append("\"}");
    }
    PipelineRequest request =
        pipeline(
            "{\"id\": \"p\", \"name\": \"%s\", \"stages\": [%s]}"
                .formatted("地".repeat(1_000), stages));

    String details = PipelineDescription.details(request);

    assertThat(PayloadSizes.encoded(details)).isLessThan(MOST_DETAILS_BYTES / 2);
    assertThat(details).contains("| stage-0 | transformer |  |  | local |").contains("more stages");
    assertThat(PipelineDescription.summary(request).getBytes(StandardCharsets.UTF_8).length)
        .isLessThanOrEqualTo(200);
  }

  @Test
  void aRegionThatIsDownIsNamedInTheReasonOfAPartialStage() {
    regions.region("us", answers("{}")).region("eu", unavailable()).start();
    WorkflowStub stub = regions.startStage(parallel("us", "eu"), "{}");
    ScriptedRegions.result(stub);

    assertThat(details(stub))
        .startsWith("**partial**\n")
        .contains("| eu | failed | 1 | 1 ms | 0.0000 | RegionUnavailable: ");
  }
}
