package dev.federated.pipeline;

import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.ParkedStage;
import dev.federated.stage.StageDecision;
import dev.federated.stage.StageNotice;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.List;

/** Runs a pipeline, on queue {@link dev.federated.stage.FederatedQueues#CONTROL}. */
@WorkflowInterface
public interface PipelineWorkflow {
  /** The workflow type. */
  String TYPE = "PipelineWorkflow";

  /** The type of the {@code ApplicationFailure} of a failed pipeline; its detail is the result. */
  String FAILED = "PipelineFailed";

  /**
   * Runs the pipeline.
   *
   * @return the result of a pipeline none of whose stages failed
   * @throws io.temporal.failure.ApplicationFailure of type {@link #FAILED}, not retryable, with the
   *     {@link PipelineResult} as its one detail, if a stage failed
   */
  @WorkflowMethod(name = TYPE)
  PipelineResult execute(PipelineRequest request);

  /** Where the stages stand that run inline; a stage that is a child is asked itself. */
  @QueryMethod(name = FederatedStageWorkflow.STANDING)
  List<ParkedStage> standing();

  /** A stage that is a child was parked or goes on, for the table that operators see. */
  @SignalMethod(name = StageNotice.SIGNAL)
  void stageNotice(StageNotice notice);

  /**
   * Decides about a parked stage that runs inline; returns when the effect is known.
   *
   * @param decision with the stage's id, unless one stage only is parked
   * @throws io.temporal.failure.ApplicationFailure of type {@link
   *     dev.federated.stage.Parking#REFUSED} if it cannot be carried out
   */
  @UpdateMethod(name = FederatedStageWorkflow.DECIDE)
  ParkedStage decide(StageDecision decision);

  /** Refuses a decision that makes no sense, so that nothing of it is recorded. */
  @UpdateValidatorMethod(updateName = FederatedStageWorkflow.DECIDE)
  void validateDecide(StageDecision decision);
}
