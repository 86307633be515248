package dev.federated.pipeline;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

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
}
