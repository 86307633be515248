package dev.federated.starter;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.KeyRoot;
import dev.federated.model.Redrive;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineRedrive;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.StageDefinition;
import dev.federated.pipeline.StageReport;
import dev.federated.pipeline.StageStatus;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.ParkedStage;
import dev.federated.stage.StageDecision;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.workflow.v1.PendingChildExecutionInfo;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.failure.ApplicationFailure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an operator does with executions that wait or have failed. Behind the coordinator. */
final class Operator {
  private static final String REDRIVE = "~r";

  private final WorkflowClient client;

  Operator(WorkflowClient client) {
    this.client = client;
  }

  List<ParkedExecution> parked(String workflowId) {
    WorkflowExecutionDescription description = client.newUntypedWorkflowStub(workflowId).describe();
    List<ParkedExecution> parked = new ArrayList<>();
    if (description.getWorkflowType().equals(FederatedStageWorkflow.TYPE)) {
      addStage(workflowId, parked);
    } else if (description.getWorkflowType().equals(PipelineWorkflow.TYPE)) {
      ParkedStage[] inline =
          client
              .newUntypedWorkflowStub(workflowId)
              .query(FederatedStageWorkflow.STANDING, ParkedStage[].class);
      for (ParkedStage stage : inline) {
        if (stage.parked()) {
          parked.add(new ParkedExecution(workflowId, stage));
        }
      }
      for (PendingChildExecutionInfo child :
          description.getRawDescription().getPendingChildrenList()) {
        if (child.getWorkflowTypeName().equals(FederatedStageWorkflow.TYPE)) {
          addStage(child.getWorkflowId(), parked);
        }
      }
    }
    return parked;
  }

  private void addStage(String workflowId, List<ParkedExecution> parked) {
    ParkedStage stage =
        client
            .newUntypedWorkflowStub(workflowId)
            .query(FederatedStageWorkflow.STANDING, ParkedStage.class);
    if (stage.parked()) {
      parked.add(new ParkedExecution(workflowId, stage));
    }
  }

  ParkedStage decide(ParkedExecution where, StageDecision decision) {
    try {
      return client
          .newUntypedWorkflowStub(where.workflowId())
          .update(
              FederatedStageWorkflow.DECIDE,
              ParkedStage.class,
              decision.ofStage(where.stage().stageId()));
    } catch (WorkflowUpdateException e) {
      String message =
          e.getCause() instanceof ApplicationFailure refused
              ? refused.getOriginalMessage()
              : String.valueOf(e.getMessage());
      throw new DecisionRefusedException(message, e);
    }
  }

  /** A closed execution, which is what has a record and can be redriven. */
  WorkflowExecutionDescription closed(String workflowId) {
    WorkflowExecutionDescription description = client.newUntypedWorkflowStub(workflowId).describe();
    if (description.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING) {
      throw new IllegalStateException(
          "workflow %s still runs; a parked stage is resumed, not redriven".formatted(workflowId));
    }
    return description;
  }

  StageRequest stageToRedrive(WorkflowExecutionDescription closed, RedriveOptions options) {
    String workflowId = closed.getExecution().getWorkflowId();
    ClosedHistory history = ClosedHistory.of(client, workflowId);
    StageRequest request = history.input(StageRequest.class);
    KeyRoot root =
        request.redrive() == null
            ? new KeyRoot(workflowId, history.runId())
            : request.redrive().keyRoot();
    FederatedStageResult record = stageRecord(closed).orElseGet(history::stage);
    refuseLost(
        workflowId, record.regionsLeftOut().stream().map(region -> "region " + region).toList());
    Redrive redrive =
        new Redrive(
            workflowId,
            history.runId(),
            root,
            record.regionResults(),
            options.relocations(),
            options.newKey());
    FederatedStageConfig federation = options.federation();
    return (federation == null
            ? request
            : request.withFederation(withDataOf(request.federation(), federation)))
        .redriving(redrive);
  }

  /** A corrected block changes where and how shares execute, never what each of them has. */
  private static FederatedStageConfig withDataOf(
      FederatedStageConfig recorded, FederatedStageConfig corrected) {
    return corrected.toBuilder()
        .distribution(recorded.distribution())
        .partitionItems(recorded.partitionItems())
        .partitionBy(recorded.partitionBy())
        .partitionLocation(recorded.partitionLocation())
        .regionInputs(recorded.regionInputs())
        .build();
  }

  PipelineRequest pipelineToRedrive(WorkflowExecutionDescription closed, RedriveOptions options) {
    String workflowId = closed.getExecution().getWorkflowId();
    ClosedHistory history = ClosedHistory.of(client, workflowId);
    PipelineRequest request = history.input(PipelineRequest.class);
    PipelineResult record = pipelineRecord(closed);
    refuseLost(workflowId, record.leftOut());
    Map<String, StageReport> stages = record.stages();
    for (StageDefinition stage : request.pipeline().stages()) {
      StageReport report = stages.get(stage.id());
      String child = childOf(workflowId, stage.id());
      if (unread(report) && stage.federation() != null && running(child)) {
        throw new IllegalStateException(
            "stage %s still runs as workflow %s; redrive the pipeline when it has ended"
                .formatted(stage.id(), child));
      }
    }
    KeyRoot root =
        request.redrive() == null
            ? new KeyRoot(workflowId, history.runId())
            : request.redrive().keyRoot();
    return request.redriving(
        new PipelineRedrive(
            workflowId, history.runId(), root, stages, options.relocations(), options.newKey()));
  }

  /**
   * Refuses to carry over outputs that are not in the record: they would turn into JSON null, and
   * what has succeeded is not executed again.
   */
  private static void refuseLost(String workflowId, List<String> leftOut) {
    if (!leftOut.isEmpty()) {
      throw new IllegalStateException(
          "workflow %s cannot be redriven: its result was too large, and what these gave was left"
                  .formatted(workflowId)
              + " out of it: %s; start it anew, and pass references to large data"
                  .formatted(String.join(", ", leftOut)));
    }
  }

  /** The id of the next redrive: {@code <root id>~r<n>}. */
  String nextId(String workflowId) {
    int mark = workflowId.lastIndexOf(REDRIVE);
    String root = workflowId;
    int number = 1;
    if (mark > 0 && workflowId.substring(mark + REDRIVE.length()).matches("[0-9]{1,6}")) {
      root = workflowId.substring(0, mark);
      number = Integer.parseInt(workflowId.substring(mark + REDRIVE.length())) + 1;
    }
    return root + REDRIVE + number;
  }

  /**
   * The record of a closed stage: its result, or what it left when it was cancelled. One that was
   * terminated left nothing but its history.
   */
  Optional<FederatedStageResult> stageRecord(WorkflowExecutionDescription closed) {
    if (!endedByItself(closed)) {
      return left(closed, FederatedStageResult.class);
    }
    try {
      return Optional.of(
          new FederationCoordinator(client).stage(closed.getExecution().getWorkflowId()).result());
    } catch (FederatedStageException e) {
      return Optional.of(e.result());
    } catch (WorkflowFailedException e) {
      return Optional.empty();
    }
  }

  /**
   * The record of a closed pipeline: its result, or what it left when it was cancelled, or what its
   * history tells, with the records of the stages that were stopped with it.
   */
  PipelineResult pipelineRecord(WorkflowExecutionDescription closed) {
    String workflowId = closed.getExecution().getWorkflowId();
    PipelineResult record = pipelineResult(closed).orElse(null);
    if (record == null) {
      record =
          left(closed, PipelineResult.class)
              .orElseGet(() -> ClosedHistory.of(client, workflowId).pipeline());
    }
    Map<String, StageReport> stages = new LinkedHashMap<>(record.stages());
    stages.replaceAll(
        (stage, report) ->
            unread(report)
                ? childRecord(childOf(workflowId, stage)).map(StageReport::cancelled).orElse(report)
                : report);
    return record.withStages(stages);
  }

  private Optional<PipelineResult> pipelineResult(WorkflowExecutionDescription closed) {
    if (!endedByItself(closed)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new FederationCoordinator(client)
              .pipeline(closed.getExecution().getWorkflowId())
              .result());
    } catch (PipelineFailedException e) {
      return Optional.of(e.result());
    } catch (WorkflowFailedException e) {
      return Optional.empty();
    }
  }

  /** Whether a report is one of a stage that was stopped, whose own record stands elsewhere. */
  private static boolean unread(@Nullable StageReport report) {
    return report != null && report.status() == StageStatus.CANCELLED && report.result() == null;
  }

  private static String childOf(String workflowId, String stageId) {
    return workflowId + ":" + stageId;
  }

  private boolean running(String workflowId) {
    try {
      return client.newUntypedWorkflowStub(workflowId).describe().getStatus()
          == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
    } catch (WorkflowNotFoundException e) {
      return false;
    }
  }

  /** The record of a stage that was a child; empty if it still runs, or runs locally or inline. */
  private Optional<FederatedStageResult> childRecord(String workflowId) {
    try {
      WorkflowExecutionDescription child = client.newUntypedWorkflowStub(workflowId).describe();
      return child.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
          ? Optional.empty()
          : stageRecord(child).or(() -> Optional.of(ClosedHistory.of(client, workflowId).stage()));
    } catch (WorkflowNotFoundException e) {
      return Optional.empty();
    }
  }

  /** Whether it completed or failed, and so has a result, and was not stopped from outside. */
  private static boolean endedByItself(WorkflowExecutionDescription closed) {
    WorkflowExecutionStatus status = closed.getStatus();
    return status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
        || status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED;
  }

  /** The record that a cancelled execution left in its memo. */
  private static <T> Optional<T> left(WorkflowExecutionDescription closed, Class<T> type) {
    Object record = closed.getMemo(FederatedStageWorkflow.RESULT_MEMO, type);
    return type.isInstance(record) ? Optional.of(type.cast(record)) : Optional.empty();
  }
}
