package dev.federated.worker;

import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageWorkflow;
import io.temporal.common.interceptors.WorkerInterceptorBase;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptorBase;
import io.temporal.failure.ApplicationFailure;

/**
 * Turns a {@link FederatedStageException} that leaves a workflow into a failure of the workflow.
 * Without it Temporal would repeat the workflow task for ever, as it does for every exception that
 * is not its own.
 */
public final class StageFailureInterceptor extends WorkerInterceptorBase {
  @Override
  public WorkflowInboundCallsInterceptor interceptWorkflow(WorkflowInboundCallsInterceptor next) {
    return new WorkflowInboundCallsInterceptorBase(next) {
      @Override
      public WorkflowOutput execute(WorkflowInput input) {
        try {
          return super.execute(input);
        } catch (FederatedStageException e) {
          ApplicationFailure failure =
              ApplicationFailure.newNonRetryableFailure(
                  e.getMessage(), FederatedStageWorkflow.FAILED, e.result());
          failure.setStackTrace(e.getStackTrace());
          throw failure;
        }
      }
    };
  }
}
