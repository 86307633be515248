package dev.federated.stage;

import dev.federated.model.StageRequest;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Runs one federated stage as a workflow of its own, on queue {@link FederatedQueues#CONTROL}. */
@WorkflowInterface
public interface FederatedStageWorkflow {
  /** The workflow type. */
  String TYPE = "FederatedStageWorkflow";

  /** The update by which operators decide about a parked stage. */
  String DECIDE = "decide";

  /** The query that tells where a stage stands. */
  String STANDING = "standing";

  /** The memo in which a cancelled stage or pipeline leaves its result. */
  String RESULT_MEMO = "federation_result";

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

  /** Where the stage stands. */
  @QueryMethod(name = STANDING)
  ParkedStage standing();

  /**
   * Decides about a parked stage; returns when the effect is known.
   *
   * @throws io.temporal.failure.ApplicationFailure of type {@link Parking#REFUSED} if the decision
   *     cannot be carried out; the stage stays parked
   */
  @UpdateMethod(name = DECIDE)
  ParkedStage decide(StageDecision decision);

  /** Refuses a decision that makes no sense, so that nothing of it is recorded. */
  @UpdateValidatorMethod(updateName = DECIDE)
  void validateDecide(StageDecision decision);
}
