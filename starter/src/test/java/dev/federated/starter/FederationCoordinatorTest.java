package dev.federated.starter;

import static dev.federated.starter.FederationEnvironment.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.StageStatus;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import io.temporal.client.WorkflowFailedException;
import io.temporal.failure.CanceledFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workflow ids, attaching, and what an {@link Execution} gives. */
@Timeout(120)
class FederationCoordinatorTest {
  private static final FederatedStageConfig ONE_ATTEMPT =
      FederatedStageConfig.builder().regions(List.of("us")).retryOnFailure(false).build();

  @TempDir static Path directory;
  private static ComponentExecutor components;
  private static RegionNode node;
  private static FederationEnvironment environment;

  /** Executions wait here; open unless a test shuts it. */
  private static volatile CountDownLatch gate = new CountDownLatch(0);

  private final FederationCoordinator coordinator = environment.coordinator();
  private final String id = "id-" + UUID.randomUUID();
  private final List<Execution<FederatedStageResult>> started = new ArrayList<>();
  private int executedBefore;

  @BeforeAll
  static void start() throws IOException {
    components = ComponentExecutor.builder().build();
    node =
        RegionNode.start(
            RegionNodeOptions.builder("us")
                .executor(components)
                .filter(
                    (request, next) -> {
                      if (request.path().endsWith("/execute")) {
                        gate.await();
                      }
                      return next.handle(request);
                    })
                .build());
    environment =
        FederationEnvironment.start(
            FederationConfig.of(
                List.of(
                    RegionConfig.builder("us").endpoint(node.endpoint()).build(),
                    RegionConfig.builder("eu").build(),
                    RegionConfig.builder("ap").build())),
            directory);
  }

  @AfterAll
  static void stop() {
    environment.close();
    node.close();
    components.close();
  }

  @BeforeEach
  void count() {
    executedBefore = node.executions().size();
  }

  @AfterEach
  void openTheGateAndWaitForWhatRuns() {
    gate.countDown();
    gate = new CountDownLatch(0);
    for (Execution<FederatedStageResult> execution : started) {
      execution.resultAsync().handle((result, failure) -> result).join();
    }
  }

  /** JSON of that many bytes. */
  private static JsonNode large(int bytes) {
    return JsonNodeFactory.instance.textNode("x".repeat(bytes));
  }

  @Test
  void aStageWhoseOutputsWereLeftOutIsNotRedrivenWithNullsInTheirPlace() {
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .regions(List.of("us", "eu", "ap"))
            .aggregation(AggregationStrategy.ALL)
            .build();
    Execution<FederatedStageResult> execution =
        coordinator.startFederated(
            new StageRequest("large", "transformer", json("{}"), large(700_000), block));
    assertThatThrownBy(execution::result).hasMessageContaining("at most 2000000 fit");

    assertThatThrownBy(
            () -> coordinator.redriveStage(execution.workflowId(), RedriveOptions.DEFAULT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(execution.workflowId())
        .hasMessageContaining("left out of it: region ap;");
  }

  @Test
  void aPipelineWhoseOutputsWereLeftOutIsNotRedrivenWithNullsInTheirPlace() {
    Execution<PipelineResult> execution =
        coordinator.startPipeline(
            PipelineParser.parse(
                    json(
                        """
                        {"id": "p", "output_stage_id": "c", "stages": [
                          {"id": "a"}, {"id": "b"},
                          {"id": "f", "federation": {"regions": ["eu"]}},
                          {"id": "c", "depends_on": ["a"]}]}
                        """),
                    "pipeline.json",
                    null)
                .pipeline(),
            large(600_000));
    assertThatThrownBy(execution::result).hasMessageContaining("at most 2000000 fit");

    assertThatThrownBy(
            () -> coordinator.redrivePipeline(execution.workflowId(), RedriveOptions.DEFAULT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("left out of it: stage f;");
  }

  private int executed() {
    return node.executions().size() - executedBefore;
  }

  private static StageRequest stage(String inputs) {
    return stage("{}", inputs);
  }

  private static StageRequest stage(String config, String inputs) {
    return new StageRequest("process", "transformer", json(config), json(inputs), ONE_ATTEMPT);
  }

  private static StageRequest failingStage() {
    return stage("{\"jmespath_expression\": \"abs('x')\"}", "{}");
  }

  private static PipelineDefinition pipeline(String expression) {
    JsonNode document =
        json(
            """
            {"id": "p", "stages": [{"id": "s", "config": {"jmespath_expression": "%s"}}]}
            """
                .formatted(expression));
    return PipelineParser.parse(document, "pipeline.json", null).pipeline();
  }

  private Execution<FederatedStageResult> start(StageRequest request, WorkflowIdPolicy policy) {
    Execution<FederatedStageResult> execution = coordinator.startFederated(request, id, policy);
    started.add(execution);
    return execution;
  }

  @Test
  void anotherRequestUnderARunningIdIsRefused() {
    gate = new CountDownLatch(1);
    start(stage("{\"a\": 1}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);

    assertThatThrownBy(() -> start(stage("{\"a\": 2}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES))
        .isInstanceOfSatisfying(
            WorkflowIdInUseException.class,
            refused -> assertThat(refused.workflowId()).isEqualTo(id))
        .hasMessageContaining(id);
  }

  @Test
  void anotherRequestUnderAClosedIdIsRefused() {
    start(stage("{\"a\": 1}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES).result();

    assertThatThrownBy(() -> start(stage("{\"a\": 2}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES))
        .isInstanceOf(WorkflowIdInUseException.class)
        .hasMessageContaining("another request");
    assertThat(executed()).isEqualTo(1);
  }

  @Test
  void aPipelineUnderTheIdOfAStageIsRefused() {
    start(stage("{}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES).result();

    assertThatThrownBy(
            () ->
                coordinator.startPipeline(
                    pipeline("@"), json("{}"), id, WorkflowIdPolicy.SAME_REQUEST_ATTACHES))
        .isInstanceOf(WorkflowIdInUseException.class);
  }

  @Test
  void rerunIsRefusedWhileTheExecutionRuns() {
    gate = new CountDownLatch(1);
    start(stage("{}"), WorkflowIdPolicy.RERUN);

    assertThatThrownBy(() -> start(stage("{}"), WorkflowIdPolicy.RERUN))
        .isInstanceOf(WorkflowIdInUseException.class)
        .hasMessageContaining("running");
  }

  @Test
  void theSameRequestAttachesToTheRunningExecution() {
    gate = new CountDownLatch(1);
    Execution<FederatedStageResult> first =
        start(stage("{\"a\": 1}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
    Execution<FederatedStageResult> second =
        start(stage("{\"a\": 1}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
    gate.countDown();

    assertThat(first.attached()).isFalse();
    assertThat(second.attached()).isTrue();
    assertThat(second.result().runId()).isEqualTo(first.result().runId());
    assertThat(executed()).isEqualTo(1);
  }

  @Test
  void theSameRequestGetsTheStoredResultOfTheClosedExecution() {
    FederatedStageResult first =
        start(stage("{\"a\": 1, \"b\": 2}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES).result();
    Execution<FederatedStageResult> second =
        start(stage("{\"b\": 2, \"a\": 1}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);

    assertThat(second.attached()).isTrue();
    assertThat(second.result()).isEqualTo(first);
    assertThat(executed()).isEqualTo(1);
  }

  @Test
  void theSameRequestGetsTheStoredFailureOfTheClosedExecution() {
    for (int i = 0; i < 2; i++) {
      Execution<FederatedStageResult> execution =
          start(failingStage(), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
      assertThatThrownBy(execution::result).isInstanceOf(FederatedStageException.class);
    }
    assertThat(executed()).isEqualTo(1);
  }

  @Test
  void rerunStartsAnewWhereTheExecutionIsClosed() {
    FederatedStageResult first = start(stage("{}"), WorkflowIdPolicy.RERUN).result();
    Execution<FederatedStageResult> second = start(stage("{\"a\": 2}"), WorkflowIdPolicy.RERUN);

    assertThat(second.attached()).isFalse();
    assertThat(second.result().aggregated()).isEqualTo(json("{\"a\": 2}"));
    assertThat(second.result().runId()).isNotEqualTo(first.runId());
    assertThat(executed()).isEqualTo(2);
  }

  @Test
  void aNewIdIsTheStagesWithTwelveRandomHexDigits() {
    Execution<FederatedStageResult> execution = coordinator.startFederated(stage("{}"));

    assertThat(execution.workflowId()).matches("process-[0-9a-f]{12}");
    assertThat(execution.runId()).isNotEmpty();
    assertThat(execution.result().workflowId()).isEqualTo(execution.workflowId());
    assertThat(FederationCoordinator.newWorkflowId("x"))
        .isNotEqualTo(FederationCoordinator.newWorkflowId("x"));
  }

  @Test
  void aFailedStageIsAnExceptionWithItsResultAlsoWithoutWaiting() {
    Execution<FederatedStageResult> execution =
        start(failingStage(), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);

    assertThatThrownBy(execution::result)
        .isInstanceOfSatisfying(
            FederatedStageException.class,
            failed -> {
              assertThat(failed.result().outcome()).isEqualTo(StageOutcome.FAILED);
              assertThat(failed.result().error().type()).isEqualTo(FailureType.REGION_REJECTED);
            });
    assertThatThrownBy(() -> execution.resultAsync().get())
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(FederatedStageException.class);
  }

  @Test
  void aCancelledStageIsNoFailedStage() {
    gate = new CountDownLatch(1);
    Execution<FederatedStageResult> execution =
        start(stage("{}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
    execution.cancel();

    assertThatThrownBy(execution::result)
        .isInstanceOf(WorkflowFailedException.class)
        .hasCauseInstanceOf(CanceledFailure.class);
    assertThatThrownBy(() -> execution.resultAsync().get())
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(WorkflowFailedException.class);
  }

  @Test
  void anExecutionIsFoundByItsIdAlone() {
    FederatedStageResult result =
        start(stage("{\"a\": 1}"), WorkflowIdPolicy.SAME_REQUEST_ATTACHES).result();
    Execution<FederatedStageResult> found = coordinator.stage(id);

    assertThat(found.attached()).isTrue();
    assertThat(found.result()).isEqualTo(result);
    assertThat(found.resultAsync().join()).isEqualTo(result);
    assertThat(coordinator.history(id).getEvents()).isNotEmpty();
  }

  @Test
  void aFailedPipelineIsAnExceptionWithTheReportOfEveryStage() {
    Execution<PipelineResult> execution =
        coordinator.startPipeline(
            pipeline("abs('x')"), json("{}"), id, WorkflowIdPolicy.SAME_REQUEST_ATTACHES);

    assertThatThrownBy(execution::result)
        .isInstanceOfSatisfying(
            PipelineFailedException.class,
            failed ->
                assertThat(failed.result().stages().get("s").status())
                    .isEqualTo(StageStatus.FAILED));
    assertThatThrownBy(coordinator.pipeline(id)::result)
        .isInstanceOf(PipelineFailedException.class);
  }

  @Test
  void aPipelineAttachesLikeAStage() {
    PipelineDefinition pipeline = pipeline("a");
    PipelineResult first =
        coordinator
            .startPipeline(pipeline, json("{\"a\": 1}"), id, WorkflowIdPolicy.SAME_REQUEST_ATTACHES)
            .result();
    Execution<PipelineResult> second =
        coordinator.startPipeline(
            pipeline, json("{\"a\": 1}"), id, WorkflowIdPolicy.SAME_REQUEST_ATTACHES);

    assertThat(second.attached()).isTrue();
    assertThat(second.result()).isEqualTo(first);
    assertThat(coordinator.startPipeline(pipeline, json("{\"a\": 2}")).result().output())
        .isEqualTo(json("2"));
  }
}
