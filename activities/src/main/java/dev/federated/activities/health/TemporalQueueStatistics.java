package dev.federated.activities.health;

import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.api.taskqueue.v1.PollerInfo;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueRequest;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueResponse;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Statistics by {@code DescribeTaskQueue}. The server lists pollers of the last five minutes and
 * caches the numbers for 5 s.
 */
public final class TemporalQueueStatistics implements QueueStatistics {
  private static final long DEADLINE_SECONDS = 5;

  private final WorkflowServiceStubs service;
  private final String namespace;

  /** Statistics of the queues in that namespace. */
  public TemporalQueueStatistics(WorkflowServiceStubs service, String namespace) {
    this.service = service;
    this.namespace = namespace;
  }

  @Override
  public QueueState read(String taskQueue) {
    try {
      DescribeTaskQueueResponse described =
          service
              .blockingStub()
              .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
              .describeTaskQueue(
                  DescribeTaskQueueRequest.newBuilder()
                      .setNamespace(namespace)
                      .setTaskQueue(TaskQueue.newBuilder().setName(taskQueue))
                      .setTaskQueueType(TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
                      .setReportStats(true)
                      .build());
      return new QueueState(described.getStats().getApproximateBacklogCount(), lastPoll(described));
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
        throw new UnsupportedOperationException(
            "this Temporal server does not describe task queues", e);
      }
      throw e;
    }
  }

  private static @Nullable Instant lastPoll(DescribeTaskQueueResponse described) {
    Instant last = null;
    for (PollerInfo poller : described.getPollersList()) {
      Timestamp time = poller.getLastAccessTime();
      Instant seen = Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
      if (last == null || seen.isAfter(last)) {
        last = seen;
      }
    }
    return last;
  }
}
