package dev.federated.stage;

import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;

/**
 * One execution of a share in a region, over the transport of that region.
 *
 * @param execution what is executed, and its limits
 */
record RegionCall(RegionExecution execution) {
  /** Begins it in the current cancellation scope. */
  Promise<RemoteResponse> execute() {
    RemoteRequest request = execution.request();
    return Workflow.newUntypedActivityStub(
            execution.limits().options(request.region(), request.stageId()))
        .executeAsync(RemoteExecuteActivity.REMOTE_EXECUTE, RemoteResponse.class, request);
  }
}
