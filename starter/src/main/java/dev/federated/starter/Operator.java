package dev.federated.starter;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.KeyRoot;
import dev.federated.model.Redrive;
import dev.federated.model.RegionResult;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineRedrive;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineWorkflow;
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

  /** The type of a closed execution, which is what can be redriven. */
  String closedType(String workflowId) {
    WorkflowExecutionDescription description = client.newUntypedWorkflowStub(workflowId).describe();
    if (description.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING) {
      throw new IllegalStateException(
          "workflow %s still runs; a parked stage is resumed, not redriven".formatted(workflowId));
    }
    return description.getWorkflowType();
  }

  StageRequest stageToRedrive(String workflowId, RedriveOptions options) {
    ClosedHistory history = ClosedHistory.of(client, workflowId);
    StageRequest request = history.input(StageRequest.class);
    FederatedStageResult result = stageResult(workflowId);
    KeyRoot root =
        request.redrive() == null
            ? new KeyRoot(workflowId, history.runId())
            : request.redrive().keyRoot();
    Redrive redrive =
        new Redrive(
            workflowId,
            history.runId(),
            root,
            result == null ? sharesWithoutRecord(history, request) : result.regionResults(),
            options.relocations(),
            options.newKey());
    StageRequest corrected =
        options.federation() == null
            ? request
            : new StageRequest(
                request.stageId(),
                request.type(),
                request.config(),
                request.inputs(),
                withDataOf(request.federation(), options.federation()));
    return corrected.redriving(redrive);
  }

  /** What an earlier redrive had of each share, where this execution of it left nothing. */
  private static Map<String, RegionResult> sharesWithoutRecord(
      ClosedHistory history, StageRequest request) {
    Redrive earlier = request.redrive();
    Map<String, RegionResult> shares = history.shares();
    if (earlier == null || earlier.shares().values().stream().noneMatch(s -> s.items() != null)) {
      return history.parts(request, shares);
    }
    Map<String, RegionResult> parts = new LinkedHashMap<>(earlier.shares());
    parts.replaceAll((region, old) -> shares.getOrDefault(region, old).withItems(old.items()));
    return parts;
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

  PipelineRequest pipelineToRedrive(String workflowId, RedriveOptions options) {
    ClosedHistory history = ClosedHistory.of(client, workflowId);
    PipelineRequest request = history.input(PipelineRequest.class);
    PipelineResult result = pipelineResult(workflowId);
    if (result == null) {
      throw new IllegalStateException(
          "pipeline %s ended without a record of its stages; run it again under a new id"
              .formatted(workflowId));
    }
    KeyRoot root =
        request.redrive() == null
            ? new KeyRoot(workflowId, history.runId())
            : request.redrive().keyRoot();
    return request.redriving(
        new PipelineRedrive(
            workflowId,
            history.runId(),
            root,
            result.stages(),
            options.relocations(),
            options.newKey()));
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

  private @Nullable FederatedStageResult stageResult(String workflowId) {
    if (!endedByItself(workflowId)) {
      // A terminated stage leaves no record, only its history.
      return cancelledStage(workflowId).orElse(null);
    }
    try {
      return new FederationCoordinator(client).stage(workflowId).result();
    } catch (FederatedStageException e) {
      return e.result();
    } catch (WorkflowFailedException e) {
      return null;
    }
  }

  /** Whether it completed or failed, and so has a result, and was not stopped from outside. */
  private boolean endedByItself(String workflowId) {
    WorkflowExecutionStatus status =
        client.newUntypedWorkflowStub(workflowId).describe().getStatus();
    return status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
        || status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED;
  }

  /** The record that a cancelled stage left in its memo. */
  Optional<FederatedStageResult> cancelledStage(String workflowId) {
    Object record =
        client
            .newUntypedWorkflowStub(workflowId)
            .describe()
            .getMemo(FederatedStageWorkflow.RESULT_MEMO, FederatedStageResult.class);
    return record instanceof FederatedStageResult result ? Optional.of(result) : Optional.empty();
  }

  private @Nullable PipelineResult pipelineResult(String workflowId) {
    if (!endedByItself(workflowId)) {
      return null;
    }
    try {
      return new FederationCoordinator(client).pipeline(workflowId).result();
    } catch (PipelineFailedException e) {
      return e.result();
    } catch (WorkflowFailedException e) {
      return null;
    }
  }
}
