package dev.federated.starter;

import static dev.federated.starter.FederationEnvironment.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineResult;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import io.temporal.common.WorkflowExecutionHistory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Histories are replayed by a control worker whose federation file says something else. */
@Timeout(120)
class ReplayTest {
  @TempDir static Path directory;
  private static FederationEnvironment recording;
  private static FederationEnvironment later;

  @BeforeAll
  static void start() {
    recording =
        FederationEnvironment.start(
            FederationConfig.of(
                List.of(
                    RegionConfig.builder("us").costPerExecution(0.01).weight(3).build(),
                    RegionConfig.builder("eu").costPerExecution(0.02).build())),
            directory);
    later =
        FederationEnvironment.start(
            FederationConfig.builder()
                .regions(
                    List.of(
                        RegionConfig.builder("ap").priority(1).costPerExecution(0.0).build(),
                        RegionConfig.builder("us").enabled(false).timeoutSeconds(1).build(),
                        RegionConfig.builder("eu").costPerExecution(0.0).build()))
                .defaultStrategy(FederationStrategy.COST_OPTIMIZED)
                .defaultAggregation(AggregationStrategy.MAJORITY)
                .maxOutputBytes(10)
                .build(),
            directory);
  }

  @AfterAll
  static void stop() {
    recording.close();
    later.close();
  }

  private static Execution<FederatedStageResult> stage(
      FederatedStageConfig.Builder block, String expression) {
    return recording
        .coordinator()
        .startFederated(
            new StageRequest(
                "s",
                "transformer",
                json("{\"jmespath_expression\": \"%s\"}".formatted(expression)),
                json("{\"a\": 1}"),
                block.maxRetries(0).build()));
  }

  private static void replay(String workflowId) throws Exception {
    WorkflowExecutionHistory history = recording.coordinator().history(workflowId);
    assertThat(history.getEvents()).isNotEmpty();
    later.replay(history);
  }

  @Test
  void aHistoryThatDoesNotFitTheCodeIsRefused() throws Exception {
    Execution<FederatedStageResult> execution = stage(FederatedStageConfig.builder(), "@");
    execution.result();
    String history = recording.coordinator().history(execution.workflowId()).toJson(false);
    later.replay(WorkflowExecutionHistory.fromJson(history));
    WorkflowExecutionHistory changed =
        WorkflowExecutionHistory.fromJson(history.replace("\"RemoteExecute\"", "\"Other\""));

    assertThatThrownBy(() -> later.replay(changed)).hasMessageContaining("Other");
  }

  @Test
  void aFailedStageIsReplayed() throws Exception {
    Execution<FederatedStageResult> execution =
        stage(FederatedStageConfig.builder().fallbackRegion("eu"), "abs('x')");
    assertThatThrownBy(execution::result).isInstanceOf(FederatedStageException.class);

    replay(execution.workflowId());
  }

  @ParameterizedTest
  @EnumSource(FederationStrategy.class)
  void aStageOfEachStrategyIsReplayed(FederationStrategy strategy) throws Exception {
    Execution<FederatedStageResult> execution =
        stage(FederatedStageConfig.builder().strategy(strategy), "@");
    execution.result();

    replay(execution.workflowId());
  }

  @Test
  void aStageWithTheFederationsDefaultsIsReplayed() throws Exception {
    Execution<FederatedStageResult> execution = stage(FederatedStageConfig.builder(), "@");
    assertThat(execution.result().aggregation()).isEqualTo(AggregationStrategy.MERGE);

    replay(execution.workflowId());
  }

  @Test
  void aPipelineWithAnInlineStageIsReplayed() throws Exception {
    PipelineDefinition pipeline =
        PipelineParser.parse(
                json(
                    """
                    {"id": "p", "federation": {"execution": "inline"}, "stages": [
                      {"id": "a", "federation": {"strategy": "round_robin"}},
                      {"id": "b", "depends_on": ["a"], "config": {"expression": "a"}}]}
                    """),
                "pipeline.json",
                null)
            .pipeline();
    Execution<PipelineResult> execution =
        recording.coordinator().startPipeline(pipeline, json("{\"a\": 1}"));
    assertThat(execution.result().output()).isEqualTo(json("1"));

    replay(execution.workflowId());
  }
}
