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
    if (request.pipeline().execution() == PipelineExecution.INLINE) {
      return running(description) ? List.of() : inline(description, history, request, strategy);
    }
    List<ReplayedStage> replayed = new ArrayList<>();
    for (StageDefinition stage : request.pipeline().stages()) {
      if (stage.federation() != null) {
        child(workflowId + ":" + stage.id(), strategy).ifPresent(replayed::add);
      }
    }
    return replayed;
  }

  /** The stages that ran inside the pipeline's workflow, which holds the snapshots of all. */
  private List<ReplayedStage> inline(
      WorkflowExecutionDescription description,
      ClosedHistory history,
      PipelineRequest request,
      FederationStrategy strategy) {
    Map<String, StageReport> reports = new Operator(client).pipelineRecord(description).stages();
    List<WorldSnapshot> snapshots = history.snapshots();
    List<ReplayedStage> replayed = new ArrayList<>();
    for (StageDefinition stage : request.pipeline().stages()) {
      FederatedStageConfig block = stage.federation();
      StageReport report = reports.get(stage.id());
      FederatedStageResult result = report == null ? null : report.result();
      if (block != null && result != null) {
        String workflowId = description.getExecution().getWorkflowId();
        snapshots.stream()
            .filter(snapshot -> explains(block, snapshot, result))
            .findFirst()
            .map(its -> replay(workflowId, stage.id(), block, its, strategy, result.totalCost()))
            .ifPresent(replayed::add);
      }
    }
    return replayed;
  }

  /** Whether the stage saw what that snapshot shows: then it makes the same of every candidate. */
  private static boolean explains(
      FederatedStageConfig block, WorldSnapshot snapshot, FederatedStageResult result) {
    RoutingDecision decision = RegionSelector.decide(block, snapshot);
    return result.decisions().stream()
        .anyMatch(
            recorded ->
                recorded.strategy() == decision.strategy()
                    && recorded.candidates().equals(decision.candidates()));
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
