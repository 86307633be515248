package dev.federated.pipeline;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FailureType;
import dev.federated.model.KeyRoot;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.ScriptedRegions;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class PipelineWorkflowTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private WorkflowStub start(String pipeline, String input) {
    PipelineDefinition definition =
        PipelineParser.parse(json(pipeline), "pipeline.json", null).pipeline();
    WorkflowStub stub = newPipeline();
    stub.start(new PipelineRequest(definition, json(input)));
    return stub;
  }

  private WorkflowStub newPipeline() {
    return regions
        .client()
        .newUntypedWorkflowStub(
            PipelineWorkflow.TYPE,
            WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
  }

  private PipelineResult run(String pipeline, String input) {
    WorkflowStub stub = start(pipeline, input);
    try {
      return stub.getResult(PipelineResult.class);
    } catch (WorkflowFailedException e) {
      ApplicationFailure failure = (ApplicationFailure) e.getCause();
      assertThat(failure.getType()).isEqualTo("PipelineFailed");
      return failure.getDetails().get(0, PipelineResult.class);
    }
  }

  private static ApplicationFailure refused() {
    return ApplicationFailure.newNonRetryableFailure("no such table", "ComponentFailed");
  }

  @Test
  void theDependentsOfAFailedStageAreSkippedAndIndependentBranchesFinish() {
    regions
        .components(
            request -> {
              if (request.stageId().equals("bad")) {
                throw refused();
              }
              return request.inputs();
            })
        .start();

    PipelineResult result =
        run(
            """
            {"id": "p", "stages": [
              {"id": "bad"},
              {"id": "after", "depends_on": ["bad"]},
              {"id": "far", "depends_on": ["after"]},
              {"id": "good"}]}
            """,
            "1");

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.stages().get("bad").error().message()).isEqualTo("no such table");
    assertThat(result.stages().get("after").status()).isEqualTo(StageStatus.SKIPPED);
    assertThat(result.stages().get("far").status()).isEqualTo(StageStatus.SKIPPED);
    assertThat(result.stages().get("good").status()).isEqualTo(StageStatus.SUCCEEDED);
    assertThat(result.error().message()).isEqualTo("stage bad: no such table");
  }

  @Test
  void aPathThatIsMissingAtRunTimeFailsTheStageAndNamesIt() {
    regions.start();

    PipelineResult result =
        run(
            """
            {"id": "p", "stages": [{"id": "s", "inputs": {"x": "{{input.user.name}}"}}]}
            """,
            "{\"user\": {}}");

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.stages().get("s").error().message())
        .contains("{{input.user.name}}")
        .contains("name");
    assertThat(regions.components).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aFederatedStageHandsItsAggregateOnAndKeepsItsRecord(String execution) {
    regions.region("us", answers("{\"us\": 1}")).region("eu", answers("{\"eu\": 2}")).start();

    PipelineResult result =
        run(
            """
            {"id": "p", "federation": {"execution": "%s"}, "stages": [
              {"id": "spread", "federation": {"strategy": "parallel", "regions": ["us", "eu"]}},
              {"id": "store", "depends_on": ["spread"],
               "inputs": {"sum": "{{upstream.spread}}",
                          "where": "{{stages.spread.result.successful_regions}}",
                          "first": "{{stages.spread.result.region_results.us.output.us}}"}}]}
            """
                .formatted(execution),
            "{}");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.output())
        .isEqualTo(
            json("{\"sum\": {\"us\": 1, \"eu\": 2}, \"where\": [\"us\", \"eu\"], \"first\": 1}"));
    assertThat(result.stages().get("spread").result().workflowId())
        .isEqualTo(
            execution.equals("child") ? result.workflowId() + ":spread" : result.workflowId());
    ObjectNode printed = PipelineResultJson.print(result);
    assertThat(printed.at("/stages/spread/output")).isEqualTo(json("{\"us\": 1, \"eu\": 2}"));
    assertThat(printed.at("/stages/spread/result/aggregated"))
        .isEqualTo(json("{\"us\": 1, \"eu\": 2}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aPartialStageLetsItsDependentsRunAndMakesThePipelinePartial(String execution) {
    regions.region("us", answers("{\"us\": 1}")).region("eu", unavailable()).start();

    PipelineResult result =
        run(
            """
            {"id": "p", "federation": {"execution": "%s"}, "stages": [
              {"id": "spread",
               "federation": {"strategy": "parallel", "regions": ["us", "eu"], "max_retries": 0}},
              {"id": "store", "depends_on": ["spread"]}]}
            """
                .formatted(execution),
            "{}");

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.stages().get("spread").status()).isEqualTo(StageStatus.PARTIAL);
    assertThat(result.output()).isEqualTo(json("{\"us\": 1}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aFailedFederatedStageKeepsItsRecord(String execution) {
    regions.region("us", unavailable()).start();

    PipelineResult result =
        run(
            """
            {"id": "p", "federation": {"execution": "%s"}, "stages": [
              {"id": "spread", "federation": {"regions": ["us"], "max_retries": 0}}]}
            """
                .formatted(execution),
            "{}");

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.stages().get("spread").result().failedRegions()).containsExactly("us");
    assertThat(result.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
  }

  @Test
  void aStageTakesThePipelinesInputTheSingleUpstreamsOutputOrAnObjectOfThem() {
    regions.start();

    PipelineResult result =
        run(
            """
            {"id": "p", "stages": [
              {"id": "a"},
              {"id": "b", "depends_on": ["a"]},
              {"id": "c", "depends_on": ["a", "b"]}]}
            """,
            "[1, 2]");

    assertThat(result.output()).isEqualTo(json("{\"a\": [1, 2], \"b\": [1, 2]}"));
  }

  @Test
  void theOutputIsThatOfTheOutputStageElseOfTheOnlySinkElseAnObjectOfTheSinks() {
    regions.start();
    String stages = "\"stages\": [{\"id\": \"a\"}, {\"id\": \"b\", \"inputs\": 2}]";

    assertThat(run("{\"id\": \"p\", " + stages + "}", "1").output())
        .isEqualTo(json("{\"a\": 1, \"b\": 2}"));
    assertThat(run("{\"id\": \"p\", \"output_stage_id\": \"b\", " + stages + "}", "1").output())
        .isEqualTo(json("2"));
  }

  @Test
  void stagesThatDoNotDependOnEachOtherRunAtOnce() throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    regions
        .components(
            request -> {
              both.countDown();
              Awaitility.await().until(() -> both.getCount() == 0);
              return request.inputs();
            })
        .start();

    assertThat(
            run("{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}, {\"id\": \"b\"}]}", "1").outcome())
        .isEqualTo(StageOutcome.SUCCEEDED);
  }

  @Test
  void aPipelineOfTwoHundredStagesRuns() {
    regions.start();
    StringBuilder stages = new StringBuilder("{\"id\": \"s0\"}");
    for (int i = 1; i < 200; i++) {
      stages.append(",{\"id\": \"s%d\", \"depends_on\": [\"s%d\"]}".formatted(i, i - i % 10));
      if (i % 10 == 0) {
        stages.setLength(stages.lastIndexOf(",{"));
        stages.append(",{\"id\": \"s%d\", \"depends_on\": [\"s%d\"]}".formatted(i, i - 1));
      }
    }

    PipelineResult result = run("{\"id\": \"p\", \"stages\": [" + stages + "]}", "1");

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.stages()).hasSize(200);
  }

  @Test
  void inputsThatAreTooLargeForAWorkerAreANamedError() {
    regions.components(request -> JsonNodeFactory.instance.textNode("x".repeat(1_200_000))).start();

    PipelineResult result =
        run(
            """
            {"id": "p", "output_stage_id": "c", "stages": [
              {"id": "a"}, {"id": "b"},
              {"id": "c", "depends_on": ["a", "b"]}]}
            """,
            "1");

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.stages().get("c").error().type()).isEqualTo(FailureType.PAYLOAD_TOO_LARGE);
  }

  @Test
  void resultsThatDoNotFitOnePayloadAreANamedErrorThatKeepsWhatFits() {
    regions.components(request -> JsonNodeFactory.instance.textNode("x".repeat(900_000))).start();

    PipelineResult result =
        run(
            """
            {"id": "p", "output_stage_id": "c", "stages": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}
            """,
            "1");

    assertThat(result.error().type()).isEqualTo(FailureType.PAYLOAD_TOO_LARGE);
    assertThat(result.output().asText()).hasSize(900_000);
    assertThat(result.warnings()).singleElement().asString().contains("stage b");
    assertThat(result.leftOut()).containsExactly("stage b");
  }

  @Test
  void aCancelledPipelineEndsAfterItsStages() {
    CountDownLatch cancelled = new CountDownLatch(1);
    regions.region("us", ScriptedRegions.hangs(cancelled)).start();
    WorkflowStub stub =
        start(
            """
            {"id": "p", "stages": [
              {"id": "a", "federation": {"regions": ["us"]}},
              {"id": "b", "federation": {"regions": ["us"]}}]}
            """,
            "1");
    Awaitility.await().until(() -> regions.requests.size() == 2);

    stub.cancel();

    assertThatThrownBy(() -> stub.getResult(PipelineResult.class))
        .cause()
        .isInstanceOf(CanceledFailure.class);
    assertThat(
            regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents().stream()
                .map(HistoryEvent::getEventType)
                .filter(
                    type ->
                        type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED
                            || type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED))
        .containsExactly(
            EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED,
            EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED,
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED);
    Awaitility.await().until(() -> cancelled.getCount() == 0);
  }

  private static final String CANCELLED_HALFWAY =
      """
      {"id": "p", "federation": {"execution": "%s"}, "stages": [
        {"id": "before"},
        {"id": "spread", "depends_on": ["before"],
         "federation": {"strategy": "parallel", "regions": ["us", "eu"], "aggregation": "all"}},
        {"id": "after", "depends_on": ["spread"]}]}
      """;

  /** A pipeline that was cancelled when its second stage had one of two regions done. */
  private WorkflowStub cancelledHalfway(String execution, AtomicBoolean euHangs) {
    CountDownLatch never = new CountDownLatch(1);
    regions
        .region("us", answers("1"))
        .region(
            "eu",
            request -> (euHangs.get() ? ScriptedRegions.hangs(never) : answers("2")).apply(request))
        .start();
    WorkflowStub stub = start(CANCELLED_HALFWAY.formatted(execution), "7");
    String id = stub.getExecution().getWorkflowId();
    String stage = execution.equals("child") ? id + ":spread" : id;
    Awaitility.await().until(() -> regions.requests.size() == 2 && completedRemote(stage));
    stub.cancel();
    assertThatThrownBy(() -> stub.getResult(PipelineResult.class))
        .cause()
        .isInstanceOf(CanceledFailure.class);
    return stub;
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aCancelledPipelineLeavesWhatItsStagesHadDone(String execution) {
    WorkflowStub stub = cancelledHalfway(execution, new AtomicBoolean(true));

    PipelineResult left = left(stub);

    assertThat(left.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(left.error().type()).isEqualTo(FailureType.CANCELLED);
    assertThat(left.stages().get("before").output()).isEqualTo(json("7"));
    assertThat(left.stages().get("spread").status()).isEqualTo(StageStatus.CANCELLED);
    assertThat(left.stages().get("after").status()).isEqualTo(StageStatus.SKIPPED);
    FederatedStageResult spread =
        execution.equals("inline")
            ? left.stages().get("spread").result()
            : memo(stub.getExecution().getWorkflowId() + ":spread", FederatedStageResult.class);
    assertThat(spread.regionResults().get("us").status()).isEqualTo(RegionStatus.SUCCEEDED);
    assertThat(spread.regionResults().get("eu").status()).isEqualTo(RegionStatus.CANCELLED);
  }

  @Test
  void aRedriveOfACancelledPipelineRunsOnlyWhatHadNotSucceeded() {
    AtomicBoolean euHangs = new AtomicBoolean(true);
    PipelineResult left = left(cancelledHalfway("inline", euHangs));
    euHangs.set(false);
    PipelineDefinition pipeline =
        PipelineParser.parse(json(CANCELLED_HALFWAY.formatted("inline")), "pipeline.json", null)
            .pipeline();
    WorkflowStub stub = newPipeline();

    stub.start(
        new PipelineRequest(pipeline, json("7"))
            .redriving(
                new PipelineRedrive(
                    left.workflowId(),
                    left.runId(),
                    new KeyRoot(left.workflowId(), left.runId()),
                    left.stages(),
                    null,
                    false)));

    assertThat(stub.getResult(PipelineResult.class).output()).isEqualTo(json("[1,2]"));
    assertThat(regions.calledRegions()).containsExactlyInAnyOrder("us", "eu", "eu");
    assertThat(regions.components)
        .extracting(ComponentRequest::stageId)
        .containsExactly("before", "after");
    assertThat(regions.requests)
        .filteredOn(request -> request.region().equals("eu"))
        .extracting(RemoteRequest::idempotencyKey)
        .hasSize(2)
        .satisfies(keys -> assertThat(Set.copyOf(keys)).hasSize(1));
  }

  @Test
  void aLocalStageThatRunsWhenThePipelineIsCancelledIsToldAndRecorded() {
    CountDownLatch told = new CountDownLatch(1);
    regions.components(request -> ScriptedRegions.hangs(told).apply(null).output()).start();
    WorkflowStub stub = start("{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}]}", "1");
    Awaitility.await().until(() -> regions.components.size() == 1);

    stub.cancel();

    assertThatThrownBy(() -> stub.getResult(PipelineResult.class))
        .cause()
        .isInstanceOf(CanceledFailure.class);
    assertThat(left(stub).stages().get("a").status()).isEqualTo(StageStatus.CANCELLED);
    Awaitility.await().until(() -> told.getCount() == 0);
  }

  private boolean completedRemote(String workflowId) {
    Set<Long> remote = new HashSet<>();
    for (HistoryEvent event : regions.client().fetchHistory(workflowId).getEvents()) {
      if (event.hasActivityTaskScheduledEventAttributes()
          && event
              .getActivityTaskScheduledEventAttributes()
              .getActivityType()
              .getName()
              .equals(RemoteExecuteActivity.REMOTE_EXECUTE)) {
        remote.add(event.getEventId());
      }
      if (event.hasActivityTaskCompletedEventAttributes()
          && remote.contains(
              event.getActivityTaskCompletedEventAttributes().getScheduledEventId())) {
        return true;
      }
    }
    return false;
  }

  private PipelineResult left(WorkflowStub stub) {
    return memo(stub.getExecution().getWorkflowId(), PipelineResult.class);
  }

  private <T> T memo(String workflowId, Class<T> type) {
    return type.cast(
        regions
            .client()
            .newUntypedWorkflowStub(workflowId)
            .describe()
            .getMemo(FederatedStageWorkflow.RESULT_MEMO, type));
  }

  @Test
  void anInlineStageAddsNoChildWorkflow() {
    regions.region("us", answers("1")).start();
    WorkflowStub stub =
        start(
            """
            {"id": "p", "federation": {"execution": "inline"},
             "stages": [{"id": "s", "federation": {"regions": ["us"]}}]}
            """,
            "1");
    stub.getResult(PipelineResult.class);

    assertThat(regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents())
        .noneMatch(
            event ->
                event.getEventType()
                    == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED);
  }

  @Test
  void stagesThatWaitForRoomAtOnceDoNotCrowdTheSameWorkflowTask() {
    regions.region("us", answers("1")).start();
    StringBuilder stages = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      stages.append(
          "%s{\"id\": \"s%d\", \"federation\": {\"regions\": [\"us\"]}}"
              .formatted(i == 0 ? "" : ",", i));
    }

    WorkflowStub stub =
        start(
            "{\"id\": \"p\", \"federation\": {\"execution\": \"inline\"}, \"stages\": ["
                + stages
                + "]}",
            "\"" + "x".repeat(900_000) + "\"");

    assertThat(stub.getResult(PipelineResult.class).outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(regions.commandBytesByTask(stub))
        .hasSizeGreaterThanOrEqualTo(2)
        .allSatisfy(bytes -> assertThat(bytes).isLessThanOrEqualTo(3_500_000L));
  }

  @Test
  void stagesThatWaitForEachOtherFailThePipelineInsteadOfWaitingForEver() {
    regions.start();
    PipelineDefinition sound =
        PipelineParser.parse(
                json("{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}]}"), "pipeline.json", null)
            .pipeline();
    StageDefinition stage = sound.stages().get(0);
    StageDefinition cyclic =
        new StageDefinition(
            "a", stage.type(), stage.config(), stage.inputs(), List.of("a"), stage.federation());
    PipelineDefinition pipeline =
        new PipelineDefinition(
            "p", null, sound.execution(), null, sound.outputStageId(), List.of(cyclic));
    WorkflowStub stub = newPipeline();
    stub.start(new PipelineRequest(pipeline, json("1")));

    assertThatThrownBy(() -> stub.getResult(PipelineResult.class))
        .cause()
        .hasMessageContaining("stages wait for each other");
  }

  @Test
  void aComponentThatGivesNothingFailsItsStageInsteadOfStoppingThePipeline() {
    regions.componentsGiveNothing().start();

    PipelineResult result = run("{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}]}", "1");

    assertThat(result.stages().get("a").error().message()).contains("gave nothing");
  }
}
