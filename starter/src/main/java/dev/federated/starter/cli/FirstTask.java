package dev.federated.starter.cli;

import dev.federated.starter.Execution;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.client.WorkflowClient;
import java.util.concurrent.TimeUnit;

/** Whether a worker has ever taken a workflow task of an execution. */
final class FirstTask {
  private static final long LONGEST_SECONDS = 5;

  private FirstTask() {}

  /** Looks into the history; true also where that cannot be read, for nothing is known then. */
  static boolean taken(WorkflowClient client, Execution<?> execution) {
    GetWorkflowExecutionHistoryRequest request =
        GetWorkflowExecutionHistoryRequest.newBuilder()
            .setNamespace(client.getOptions().getNamespace())
            .setExecution(
                WorkflowExecution.newBuilder()
                    .setWorkflowId(execution.workflowId())
                    .setRunId(execution.runId()))
            .build();
    try {
      return client
          .getWorkflowServiceStubs()
          .blockingStub()
          .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
          .getWorkflowExecutionHistory(request)
          .getHistory()
          .getEventsList()
          .stream()
          .anyMatch(event -> event.getEventType() == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED);
    } catch (StatusRuntimeException e) {
      return true;
    }
  }
}
