package dev.federated.stage;

import io.temporal.failure.ActivityFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Workflow;

/** See {@link RegionExecutionWorkflow}. */
public final class RegionExecutionWorkflowImpl implements RegionExecutionWorkflow {
  @Override
  public RemoteResponse execute(RegionExecution execution) {
    RemoteRequest request = execution.request();
    String region = request.region();
    try {
      return Workflow.newUntypedActivityStub(execution.limits().options(region, request.stageId()))
          .execute(RemoteExecuteActivity.REMOTE_EXECUTE, RemoteResponse.class, request);
    } catch (ActivityFailure e) {
      if (e.getCause() instanceof CanceledFailure) {
        throw e;
      }
      // The worker that runs this polls the queue: who waited too long there waited for busy ones.
      throw RemoteOutcome.failed(region, e, name -> false).toFailure();
    }
  }
}
