package dev.federated.starter.cli;

import com.google.protobuf.Timestamp;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageWorkflow;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.ActivityTaskScheduledEventAttributes;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse;
import io.temporal.client.WorkflowClient;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the history of an execution and of its stages, and prints a line for each region and
 * component that finishes. Reads events only, no payloads, so that it needs no codec.
 */
final class Progress implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Progress.class);

  /** One long poll of the server's history. */
  private static final Duration LONG_POLL = Duration.ofSeconds(30);

  /** Pause between reads of a history on a server that cannot wait for events. */
  private static final Duration PAUSE = Duration.ofMillis(150);

  /** Events that end an execution begin like this, and so do a few that do not. */
  private static final String CLOSING = "EVENT_TYPE_WORKFLOW_EXECUTION_";

  private static final Set<EventType> OPEN =
      EnumSet.of(
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED);

  private final WorkflowClient client;
  private final PrintWriter err;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch taken = new CountDownLatch(1);
  private final Context.CancellableContext polling = Context.current().withCancellation();
  private final ExecutorService followers =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "federate-progress");
            thread.setDaemon(true);
            return thread;
          });

  Progress(WorkflowClient client, PrintWriter err) {
    this.client = client;
    this.err = err;
  }

  /** What was scheduled under one event id. */
  private record Scheduled(String what, Instant at) {}

  /**
   * Follows an execution in the background.
   *
   * @param stage the stage that it is; null for a pipeline
   */
  void follow(String workflowId, String runId, @Nullable String stage) {
    var unused =
        followers.submit(
            () -> {
              try {
                polling.call(
                    () -> {
                      read(workflowId, runId, stage);
                      return null;
                    });
              } catch (Exception e) {
                // Progress is a courtesy: the result does not depend on it.
                log.debug("progress of {} is not shown any more", workflowId, e);
              }
            });
  }

  /**
   * Waits until a worker has taken the execution's first workflow task.
   *
   * @return whether one did in that time
   */
  boolean awaitTaken(Duration time) throws InterruptedException {
    return taken.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void read(String workflowId, String runId, @Nullable String stage)
      throws InterruptedException {
    GetWorkflowExecutionHistoryRequest start =
        GetWorkflowExecutionHistoryRequest.newBuilder()
            .setNamespace(client.getOptions().getNamespace())
            .setExecution(WorkflowExecution.newBuilder().setWorkflowId(workflowId).setRunId(runId))
            .build();
    Map<Long, Scheduled> scheduled = new HashMap<>();
    boolean longPoll = true;
    long seen = 0;
    GetWorkflowExecutionHistoryRequest request = start.toBuilder().setWaitNewEvent(true).build();
    while (true) {
      GetWorkflowExecutionHistoryResponse response;
      try {
        response =
            client
                .getWorkflowServiceStubs()
                .blockingStub()
                .withDeadlineAfter(LONG_POLL.toSeconds(), TimeUnit.SECONDS)
                .getWorkflowExecutionHistory(request);
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
          continue;
        }
        if (!longPoll) {
          throw e;
        }
        // The in-JVM server cannot wait for events; its history is read again and again.
        longPoll = false;
        request = start;
        continue;
      }
      for (HistoryEvent event : response.getHistory().getEventsList()) {
        if (event.getEventId() > seen) {
          seen = event.getEventId();
          show(event, scheduled, stage);
          if (event.getEventType().name().startsWith(CLOSING)
              && !OPEN.contains(event.getEventType())) {
            return;
          }
        }
      }
      if (!response.getNextPageToken().isEmpty()) {
        request = request.toBuilder().setNextPageToken(response.getNextPageToken()).build();
      } else if (longPoll) {
        return;
      } else {
        request = start;
        if (closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    }
  }

  private void show(HistoryEvent event, Map<Long, Scheduled> scheduled, @Nullable String stage) {
    switch (event.getEventType()) {
      case EVENT_TYPE_WORKFLOW_TASK_STARTED -> taken.countDown();
      case EVENT_TYPE_ACTIVITY_TASK_SCHEDULED ->
          scheduled.put(
              event.getEventId(),
              new Scheduled(
                  what(event.getActivityTaskScheduledEventAttributes(), event, stage),
                  time(event)));
      case EVENT_TYPE_ACTIVITY_TASK_COMPLETED ->
          line(
              scheduled.get(event.getActivityTaskCompletedEventAttributes().getScheduledEventId()),
              "succeeded",
              event);
      case EVENT_TYPE_ACTIVITY_TASK_FAILED ->
          line(
              scheduled.get(event.getActivityTaskFailedEventAttributes().getScheduledEventId()),
              "failed: "
                  + event
                      .getActivityTaskFailedEventAttributes()
                      .getFailure()
                      .getApplicationFailureInfo()
                      .getType(),
              event);
      case EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT ->
          line(
              scheduled.get(event.getActivityTaskTimedOutEventAttributes().getScheduledEventId()),
              "timed out",
              event);
      case EVENT_TYPE_ACTIVITY_TASK_CANCELED ->
          line(
              scheduled.get(event.getActivityTaskCanceledEventAttributes().getScheduledEventId()),
              "cancelled",
              event);
      case EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED -> followChild(event);
      default -> {
        // Nothing that a person waits for.
      }
    }
  }

  private void followChild(HistoryEvent event) {
    WorkflowExecution child =
        event.getChildWorkflowExecutionStartedEventAttributes().getWorkflowExecution();
    String type =
        event.getChildWorkflowExecutionStartedEventAttributes().getWorkflowType().getName();
    if (type.equals(FederatedStageWorkflow.TYPE)) {
      String id = child.getWorkflowId();
      follow(id, child.getRunId(), id.substring(id.indexOf(':') + 1));
    }
  }

  private static String what(
      ActivityTaskScheduledEventAttributes activity, HistoryEvent event, @Nullable String stage) {
    String region = FederatedQueues.regionOf(activity.getTaskQueue().getName());
    if (region == null) {
      return summary(event, activity.getActivityType().getName());
    }
    return stage == null ? summary(event, region) : stage + " in " + region;
  }

  /** The summary, if it is plain text. */
  private static String summary(HistoryEvent event, String otherwise) {
    String text = event.getUserMetadata().getSummary().getData().toStringUtf8();
    boolean plain = text.length() > 2 && text.startsWith("\"") && text.endsWith("\"");
    return plain ? text.substring(1, text.length() - 1) : otherwise;
  }

  private void line(@Nullable Scheduled scheduled, String how, HistoryEvent event) {
    if (scheduled == null) {
      return;
    }
    double seconds = Duration.between(scheduled.at(), time(event)).toMillis() / 1000.0;
    synchronized (err) {
      err.println(String.format(Locale.ROOT, "  %s %s (%.1f s)", scheduled.what(), how, seconds));
      err.flush();
    }
  }

  private static Instant time(HistoryEvent event) {
    Timestamp time = event.getEventTime();
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** Lets the last lines come, then stops. */
  void finish() {
    followers.shutdown();
    try {
      if (!followers.awaitTermination(1, TimeUnit.SECONDS)) {
        log.debug("the last lines of progress did not come in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  @Override
  public void close() {
    closed.countDown();
    polling.cancel(null);
    followers.shutdownNow();
  }
}
