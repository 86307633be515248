package dev.federated.stage;

import io.nexusrpc.OperationException;
import io.nexusrpc.handler.OperationCancelDetails;
import io.nexusrpc.handler.OperationContext;
import io.nexusrpc.handler.OperationHandler;
import io.nexusrpc.handler.OperationImpl;
import io.nexusrpc.handler.OperationStartDetails;
import io.nexusrpc.handler.OperationStartResult;
import io.nexusrpc.handler.ServiceImpl;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowOptions;
import io.temporal.nexus.Nexus;
import io.temporal.nexus.WorkflowRunOperation;
import java.time.Duration;

/** See {@link FederatedRegion}; for the worker of one region. */
@ServiceImpl(service = FederatedRegion.class)
public final class FederatedRegionImpl {
  /** As long as a probe waits for a worker and for its answer. */
  private static final Duration LONGEST_PROBE = Duration.ofSeconds(15);

  /** See {@link FederatedRegion#execute}. */
  @OperationImpl
  public OperationHandler<RegionExecution, RemoteResponse> execute() {
    return new Execute();
  }

  /** See {@link FederatedRegion#probe}. */
  @OperationImpl
  public OperationHandler<String, RegionHealth> probe() {
    return WorkflowRunOperation.fromWorkflowMethod(
        (context, details, region) ->
            Nexus.getOperationContext()
                    .getWorkflowClient()
                    .newWorkflowStub(
                        RegionProbeWorkflow.class,
                        WorkflowOptions.newBuilder()
                            .setWorkflowId("probe:%s:%s".formatted(region, details.getRequestId()))
                            .setTaskQueue(FederatedQueues.ofRegion(region))
                            .setWorkflowExecutionTimeout(LONGEST_PROBE)
                            .build())
                ::probe);
  }

  /** Starts the workflow or attaches to it; one that has succeeded gives its result at once. */
  private static final class Execute implements OperationHandler<RegionExecution, RemoteResponse> {
    private final OperationHandler<RegionExecution, RemoteResponse> run =
        WorkflowRunOperation.fromWorkflowMethod(
            (context, details, execution) ->
                Nexus.getOperationContext()
                        .getWorkflowClient()
                        .newWorkflowStub(RegionExecutionWorkflow.class, execution.options())
                    ::execute);

    @Override
    public OperationStartResult<RemoteResponse> start(
        OperationContext context, OperationStartDetails details, RegionExecution execution)
        throws OperationException {
      try {
        return run.start(context, details, execution);
      } catch (WorkflowExecutionAlreadyStarted e) {
        return OperationStartResult.sync(
            Nexus.getOperationContext()
                .getWorkflowClient()
                .newUntypedWorkflowStub(execution.workflowId())
                .getResult(RemoteResponse.class));
      }
    }

    @Override
    public void cancel(OperationContext context, OperationCancelDetails details) {
      run.cancel(context, details);
    }
  }
}
