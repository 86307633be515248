package dev.federated.stage;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/**
 * Executes a share of a stage whose workflow is in another namespace or cluster. It runs on the
 * region's own queue, so that the worker of the region serves both.
 */
@WorkflowInterface
public interface RegionExecutionWorkflow {
  /** The workflow type. */
  String TYPE = "RegionExecutionWorkflow";

  /**
   * Executes it by {@link RemoteExecuteActivity}.
   *
   * @throws io.temporal.failure.ApplicationFailure with a {@link dev.federated.model.FailureType}
   *     as type and a {@link RemoteFailure} as its one detail
   */
  @WorkflowMethod(name = TYPE)
  RemoteResponse execute(RegionExecution execution);
}
