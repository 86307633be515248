package dev.federated.pipeline;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.FailureType;
import dev.federated.model.KeyRoot;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.ScriptedRegions;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class PipelineMaxCostTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private PipelineResult run(String pipeline, @Nullable PipelineRedrive redrive) {
    PipelineDefinition definition =
        PipelineParser.parse(json(pipeline), "pipeline.json", null).pipeline();
    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                PipelineWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    PipelineRequest request = new PipelineRequest(definition, json("1"));
    stub.start(redrive == null ? request : request.redriving(redrive));
    try {
      return stub.getResult(PipelineResult.class);
    } catch (WorkflowFailedException e) {
      return ((ApplicationFailure) e.getCause()).getDetails().get(0, PipelineResult.class);
    }
  }

  private static String pipeline(String execution, double maxCost, String... stages) {
    return "{\"id\": \"p\", \"federation\": {\"execution\": \"%s\", \"max_cost\": %s}, \"stages\": [%s]}"
        .formatted(execution, maxCost, String.join(",", stages));
  }

  private static String stage(String id, String more) {
    return "{\"id\": \"%s\", \"federation\": {\"strategy\": \"nearest\", \"regions\": [\"us\"], \"retry_delay_seconds\": 0%s}}"
        .formatted(id, more);
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aStageThatDoesNotFitIntoWhatIsLeftFailsBeforeItStarts(String execution) {
    regions.region(RegionConfig.builder("us").costPerExecution(0.1), answers("1")).start();

    PipelineResult result =
        run(
            pipeline(
                execution,
                0.25,
                stage("a", ""),
                stage("b", ""),
                stage("c", ""),
                "{\"id\": \"local\"}"),
            null);

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.totalCost()).isCloseTo(0.2, within(1e-9));
    assertThat(result.stages().get("b").status()).isEqualTo(StageStatus.SUCCEEDED);
    assertThat(result.stages().get("local").status()).isEqualTo(StageStatus.SUCCEEDED);
    assertThat(result.stages().get("c").error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(result.stages().get("c").error().message())
        .isEqualTo("max_cost is 0.05, and the cheapest region, us, is estimated to cost 0.1");
    assertThat(regions.requests).hasSize(2);
  }

  @Test
  void stagesThatCouldSpendTheSameMoneyRunOneAfterTheOther() {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    regions
        .region(
            RegionConfig.builder("us").costPerExecution(0.1),
            request -> {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              try {
                return answers("1").apply(request);
              } finally {
                running.decrementAndGet();
              }
            })
        .start();

    PipelineResult result =
        run(pipeline("child", 0.5, stage("a", ""), stage("b", ""), stage("c", "")), null);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(most).hasValue(1);
  }

  @Test
  void aStageWithALimitOfItsOwnTakesNoMoreThanThat() {
    regions.region(RegionConfig.builder("us").costPerExecution(0.1), unavailable()).start();

    PipelineResult result =
        run(pipeline("child", 1, stage("a", ", \"max_cost\": 0.2, \"max_retries\": 9")), null);

    assertThat(result.stages().get("a").result().regionResults().get("us").attempts()).isEqualTo(2);
    assertThat(result.error().message()).contains("max_cost is 0.2: 0.2 is spent");
  }

  @Test
  void whatARedriveTakesOverIsPaidFirst() {
    AtomicInteger bad = new AtomicInteger();
    regions
        .region(
            RegionConfig.builder("us").costPerExecution(0.1),
            request -> {
              if (request.stageId().equals("bad") && bad.incrementAndGet() == 1) {
                throw ApplicationFailure.newNonRetryableFailure("no", "ComponentFailed");
              }
              return answers("1").apply(request);
            })
        .start();
    String pipeline = pipeline("child", 0.25, stage("bad", ""), stage("good", ""));
    PipelineResult first = run(pipeline, null);
    assertThat(first.stages().get("good").status()).isEqualTo(StageStatus.SUCCEEDED);

    PipelineResult second =
        run(
            pipeline,
            new PipelineRedrive(
                first.workflowId(),
                first.runId(),
                new KeyRoot(first.workflowId(), first.runId()),
                first.stages(),
                null,
                false));

    // 0.1 is carried over and 0.1 was spent on the attempt that failed; 0.05 is left.
    assertThat(second.stages().get("bad").status()).isEqualTo(StageStatus.FAILED);
    assertThat(second.stages().get("bad").error().message())
        .contains("us was not called; max_cost is 0.15: 0.1 is spent");
    assertThat(regions.calledRegions()).isEqualTo(List.of("us", "us"));
  }
}
