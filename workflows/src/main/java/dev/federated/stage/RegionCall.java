package dev.federated.stage;

import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import org.jspecify.annotations.Nullable;

/**
 * One execution of a share in a region, over the transport of that region.
 *
 * @param execution what is executed, and its limits
 * @param nexusEndpoint the endpoint that reaches the region in another namespace, or null
 * @param operations makes calls by such endpoints
 */
record RegionCall(
    RegionExecution execution, @Nullable String nexusEndpoint, NexusOperations operations) {
  /** Begins it in the current cancellation scope. */
  Promise<RemoteResponse> execute() {
    if (nexusEndpoint != null) {
      return operations.execute(nexusEndpoint, execution);
    }
    RemoteRequest request = execution.request();
    return Workflow.newUntypedActivityStub(
            execution.limits().options(request.region(), request.stageId()))
        .executeAsync(RemoteExecuteActivity.REMOTE_EXECUTE, RemoteResponse.class, request);
  }
}
