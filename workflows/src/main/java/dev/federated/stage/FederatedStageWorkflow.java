package dev.federated.stage;

import dev.federated.model.StageRequest;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Runs one federated stage as a workflow of its own, on queue {@link FederatedQueues#CONTROL}. */
@WorkflowInterface
public interface FederatedStageWorkflow {
  /** The workflow type. */
  String TYPE = "FederatedStageWorkflow";

  /**
   * The type of the {@code ApplicationFailure} of a stage that failed; its detail is the result.
   */
  String FAILED = "FederatedStageFailed";

  /**
   * Runs the stage.
   *
   * @return the result of a stage that succeeded, fully or partially
   * @throws io.temporal.failure.ApplicationFailure of type {@link #FAILED}, not retryable, with the
   *     {@link FederatedStageResult} as its one detail, if the stage failed
   */
  @WorkflowMethod(name = TYPE)
  FederatedStageResult execute(StageRequest request);
}
