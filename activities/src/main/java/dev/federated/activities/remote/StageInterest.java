package dev.federated.activities.remote;

import dev.federated.stage.RemoteRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInfo;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.PendingActivityState;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.ActivityNotExistsException;
import java.util.concurrent.TimeUnit;

/** Tells whether a stage still wants the execution of an activity that was ended from outside. */
final class StageInterest {
  private static final long DEADLINE_SECONDS = 5;

  private StageInterest() {}

  /**
   * Whether nobody wants the execution any more, so that its region may stop. A worker that stops
   * leaves it to the next attempt, and one that the server had taken for lost to the attempt that
   * runs already; a stage that collects late results asks for it again. May ask the server.
   *
   * @param end what the activity's heartbeat was told
   */
  static boolean lostIn(
      RemoteRequest request, ActivityCompletionException end, ActivityExecutionContext context) {
    if (Boolean.TRUE.equals(request.askedAgain())) {
      return false;
    }
    // A stage that ends in the step in which it cancels leaves no activity to be told of that.
    return end instanceof ActivityCanceledException
        || (end instanceof ActivityNotExistsException && !repeatedElsewhere(context));
  }

  private static boolean repeatedElsewhere(ActivityExecutionContext context) {
    ActivityInfo info = context.getInfo();
    try {
      return context
          .getWorkflowClient()
          .getWorkflowServiceStubs()
          .blockingStub()
          .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
          .describeWorkflowExecution(
              DescribeWorkflowExecutionRequest.newBuilder()
                  .setNamespace(info.getNamespace())
                  .setExecution(
                      WorkflowExecution.newBuilder()
                          .setWorkflowId(info.getWorkflowId())
                          .setRunId(info.getWorkflowRunId()))
                  .build())
          .getPendingActivitiesList()
          .stream()
          .anyMatch(
              pending ->
                  pending.getActivityId().equals(info.getActivityId())
                      && pending.getState()
                          != PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED);
    } catch (StatusRuntimeException e) {
      // Rather executed in vain than not at all.
      return e.getStatus().getCode() != Status.Code.NOT_FOUND;
    }
  }
}
