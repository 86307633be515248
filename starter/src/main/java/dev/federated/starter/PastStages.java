package dev.federated.starter;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.pipeline.PipelineExecution;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.StageDefinition;
import dev.federated.pipeline.StageReport;
import dev.federated.routing.ExecutionCosts;
import dev.federated.routing.OtherStrategy;
import dev.federated.routing.RegionSelector;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides anew what past stages decided, by the snapshots in their histories. */
final class PastStages {
  private final WorkflowClient client;

  PastStages(WorkflowClient client) {
    this.client = client;
  }

  List<ReplayedStage> replay(String workflowId, FederationStrategy strategy) {
    WorkflowExecutionDescription description = client.newUntypedWorkflowStub(workflowId).describe();
    return switch (description.getWorkflowType()) {
      case FederatedStageWorkflow.TYPE -> stage(description, strategy).stream().toList();
      case PipelineWorkflow.TYPE -> pipeline(description, strategy);
      default ->
          throw new IllegalStateException(
              "workflow %s is a %s, neither a stage nor a pipeline"
                  .formatted(workflowId, description.getWorkflowType()));
    };
  }

  private Optional<ReplayedStage> stage(
      WorkflowExecutionDescription description, FederationStrategy strategy) {
    String workflowId = description.getExecution().getWorkflowId();
    ClosedHistory history = ClosedHistory.of(client, workflowId);
    StageRequest request = history.input(StageRequest.class);
    Double actual =
        running(description)
            ? null
            : new Operator(client)
                .stageRecord(description)
                .map(FederatedStageResult::totalCost)
                .orElse(null);
    return history
        .snapshot()
        .map(
            snapshot ->
                replay(
                    workflowId,
                    request.stageId(),
                    request.federation(),
                    snapshot,
                    strategy,
                    actual));
  }

  private List<ReplayedStage> pipeline(
      WorkflowExecutionDescription description, FederationStrategy strategy) {
    String workflowId = description.getExecution().getWorkflowId();
    ClosedHistory history = ClosedHistory.of(client, workflowId);
    PipelineRequest request = history.input(PipelineRequest.class);
    boolean inline = request.pipeline().execution() == PipelineExecution.INLINE;
    Map<String, WorldSnapshot> snapshots = inline ? history.snapshots() : Map.of();
    Map<String, StageReport> reports =
        inline && !running(description)
            ? new Operator(client).pipelineRecord(description).stages()
            : Map.of();
    List<ReplayedStage> replayed = new ArrayList<>();
    for (StageDefinition stage : request.pipeline().stages()) {
      FederatedStageConfig block = stage.federation();
      if (block != null && inline) {
        WorldSnapshot snapshot = snapshots.get(stage.id());
        StageReport report = reports.get(stage.id());
        FederatedStageResult result = report == null ? null : report.result();
        if (snapshot != null) {
          Double actual = result == null ? null : result.totalCost();
          replayed.add(replay(workflowId, stage.id(), block, snapshot, strategy, actual));
        }
      } else if (block != null) {
        child(workflowId + ":" + stage.id(), strategy).ifPresent(replayed::add);
      }
    }
    return replayed;
  }

  /** A stage of a pipeline, unless the pipeline did not come to it. */
  private Optional<ReplayedStage> child(String workflowId, FederationStrategy strategy) {
    try {
      return stage(client.newUntypedWorkflowStub(workflowId).describe(), strategy);
    } catch (WorkflowNotFoundException e) {
      return Optional.empty();
    }
  }

  private static boolean running(WorkflowExecutionDescription description) {
    return description.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
  }

  private static ReplayedStage replay(
      String workflowId,
      String stageId,
      FederatedStageConfig block,
      WorldSnapshot snapshot,
      FederationStrategy strategy,
      @Nullable Double actual) {
    RoutingDecision then = RegionSelector.decide(block, snapshot);
    OtherStrategy other = OtherStrategy.decide(block, snapshot, strategy);
    ExecutionCosts costs = new ExecutionCosts(block, snapshot);
    return new ReplayedStage(
        workflowId,
        stageId,
        then,
        other.decision(),
        other.lacks(),
        cost(costs, then),
        cost(costs, other.decision()),
        actual);
  }

  private static @Nullable Double cost(ExecutionCosts costs, RoutingDecision decision) {
    return decision.chosen().isEmpty() ? null : costs.ofAll(decision.chosen());
  }
}
