package dev.federated.starter.cli;

import com.google.protobuf.Timestamp;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.Parking;
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
import io.temporal.common.converter.DataConverterException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the history of an execution and of its stages, and prints a line for each region and
 * component that finishes; on a terminal also which still run. Reads events, and of payloads only
 * summaries, which it can do without.
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

  /** The shortest resume_timeout_seconds. */
  private static final Duration SHORTEST_PARKING = Duration.ofMillis(100);

  /** How long nothing may have happened for a parked stage to be what everything waits for. */
  private static final Duration QUIET = Duration.ofSeconds(1);

  /** What the last lines have when the result is there. */
  private static final Duration LONGEST_FINISH = Duration.ofSeconds(1);

  /** How often the line of what runs is drawn again. */
  private static final long REDRAW_MILLIS = 500;

  private final WorkflowClient client;
  private final ProgressLines lines;
  private final Map<String, Scheduled> running = Collections.synchronizedMap(new LinkedHashMap<>());
  private final Set<String> parked = ConcurrentHashMap.newKeySet();
  private volatile long lastEvent = System.nanoTime();
  private final Queue<Future<?>> following = new ConcurrentLinkedQueue<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CompletableFuture<Void> taken = new CompletableFuture<>();
  private final @Nullable ScheduledExecutorService painter;
  private final Context.CancellableContext polling = Context.current().withCancellation();
  private final ExecutorService followers = Executors.newCachedThreadPool(Progress::daemon);

  /**
   * Follows executions of that client.
   *
   * @param err where it prints
   * @param live whether that is a terminal
   */
  Progress(WorkflowClient client, PrintWriter err, boolean live) {
    this.client = client;
    this.lines = new ProgressLines(err, live);
    this.painter = live ? Executors.newSingleThreadScheduledExecutor(Progress::daemon) : null;
    if (painter != null) {
      var unused =
          painter.scheduleWithFixedDelay(
              () -> lines.status(status(Instant.now())),
              REDRAW_MILLIS,
              REDRAW_MILLIS,
              TimeUnit.MILLISECONDS);
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "federate-progress");
    thread.setDaemon(true);
    return thread;
  }

  /** What was scheduled under one event id. */
  private record Scheduled(String what, Instant at) {}

  /**
   * Follows an execution in the background.
   *
   * @param stage the stage that it is; null for a pipeline
   */
  void follow(String workflowId, String runId, @Nullable String stage) {
    following.add(
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
            }));
  }

  /** Done when a worker has taken the execution's first workflow task. */
  CompletableFuture<Void> taken() {
    return taken;
  }

  /** Done when a stage waits for a decision and nothing else has happened for a while. */
  CompletableFuture<Void> waiting() {
    CompletableFuture<Void> waiting = new CompletableFuture<>();
    following.add(
        followers.submit(
            () -> {
              try {
                while (closed.getCount() > 0 && !waiting.isDone()) {
                  boolean quiet = System.nanoTime() - lastEvent > QUIET.toNanos();
                  if (quiet && !parked.isEmpty() && running.isEmpty()) {
                    waiting.complete(null);
                  }
                  pause();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
    return waiting;
  }

  /** What runs and for how long; empty if nothing does. */
  private String status(Instant now) {
    List<String> parts = new ArrayList<>();
    synchronized (running) {
      for (Scheduled one : running.values()) {
        long seconds = Math.max(0, Duration.between(one.at(), now).toSeconds());
        parts.add("%s %d s".formatted(one.what(), seconds));
      }
    }
    return parts.isEmpty() ? "" : "  running: " + String.join(", ", parts);
  }

  private void read(String workflowId, String runId, @Nullable String stage)
      throws InterruptedException {
    GetWorkflowExecutionHistoryRequest start =
        GetWorkflowExecutionHistoryRequest.newBuilder()
            .setNamespace(client.getOptions().getNamespace())
            .setExecution(WorkflowExecution.newBuilder().setWorkflowId(workflowId).setRunId(runId))
            .build();
    boolean canWait = true;
    long seen = 0;
    GetWorkflowExecutionHistoryRequest request = start;
    while (closed.getCount() > 0) {
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
        if (!request.getWaitNewEvent() && e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
          throw e;
        }
        // The in-JVM server often cannot wait for events.
        canWait = false;
        request = start;
        pause();
        continue;
      }
      List<HistoryEvent> events = response.getHistory().getEventsList();
      if (!events.isEmpty()
          && events.get(0).getEventId() > seen + 1
          && request.getNextPageToken().isEmpty()) {
        // Where it can, it answers a waiting read with what came after it alone.
        canWait = false;
        request = start;
        continue;
      }
      for (HistoryEvent event : events) {
        if (event.getEventId() > seen) {
          seen = event.getEventId();
          show(event, workflowId, stage);
          if (event.getEventType().name().startsWith(CLOSING)
              && !OPEN.contains(event.getEventType())) {
            return;
          }
        }
      }
      if (!response.getNextPageToken().isEmpty()) {
        request = request.toBuilder().setNextPageToken(response.getNextPageToken()).build();
      } else if (canWait && !request.getWaitNewEvent()) {
        request = start.toBuilder().setWaitNewEvent(true).build();
      } else {
        // And it gives no token to wait on: its history is read again and again.
        canWait = false;
        request = start;
        pause();
      }
    }
  }

  private void pause() throws InterruptedException {
    boolean ends = closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    log.trace("reading on: {}", !ends);
  }

  private void show(HistoryEvent event, String workflowId, @Nullable String stage) {
    lastEvent = System.nanoTime();
    switch (event.getEventType()) {
      case EVENT_TYPE_WORKFLOW_TASK_STARTED -> taken.complete(null);
      case EVENT_TYPE_ACTIVITY_TASK_SCHEDULED ->
          running.put(
              key(workflowId, event.getEventId()),
              new Scheduled(
                  what(event.getActivityTaskScheduledEventAttributes(), event, stage),
                  time(event)));
      case EVENT_TYPE_ACTIVITY_TASK_COMPLETED ->
          line(
              ended(
                  workflowId,
                  event.getActivityTaskCompletedEventAttributes().getScheduledEventId()),
              "succeeded",
              event);
      case EVENT_TYPE_ACTIVITY_TASK_FAILED ->
          line(
              ended(workflowId, event.getActivityTaskFailedEventAttributes().getScheduledEventId()),
              "failed: "
                  + event
                      .getActivityTaskFailedEventAttributes()
                      .getFailure()
                      .getApplicationFailureInfo()
                      .getType(),
              event);
      case EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT ->
          line(
              ended(
                  workflowId, event.getActivityTaskTimedOutEventAttributes().getScheduledEventId()),
              "timed out",
              event);
      case EVENT_TYPE_ACTIVITY_TASK_CANCELED ->
          line(
              ended(
                  workflowId, event.getActivityTaskCanceledEventAttributes().getScheduledEventId()),
              "cancelled",
              event);
      case EVENT_TYPE_TIMER_STARTED -> {
        com.google.protobuf.Duration fires =
            event.getTimerStartedEventAttributes().getStartToFireTimeout();
        Duration duration = Duration.ofSeconds(fires.getSeconds(), fires.getNanos());
        // Another timer of ours waits a millisecond for the next workflow task.
        if (duration.compareTo(SHORTEST_PARKING) >= 0 && mayBeParked(event)) {
          parked.add(key(workflowId, event.getEventId()));
        }
      }
      case EVENT_TYPE_TIMER_CANCELED ->
          parked.remove(
              key(workflowId, event.getTimerCanceledEventAttributes().getStartedEventId()));
      case EVENT_TYPE_TIMER_FIRED ->
          parked.remove(key(workflowId, event.getTimerFiredEventAttributes().getStartedEventId()));
      case EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED -> followChild(event, workflowId);
      default -> {
        // Nothing that a person waits for.
      }
    }
  }

  /**
   * Whether a timer is that of a parked stage; one whose summary nobody can read counts as that.
   */
  private boolean mayBeParked(HistoryEvent timer) {
    if (!timer.getUserMetadata().hasSummary()) {
      return true;
    }
    try {
      String summary =
          client
              .getOptions()
              .getDataConverter()
              .fromPayload(timer.getUserMetadata().getSummary(), String.class, String.class);
      return summary == null || summary.startsWith(Parking.TIMER_SUMMARY);
    } catch (DataConverterException e) {
      return true;
    }
  }

  private @Nullable Scheduled ended(String workflowId, long eventId) {
    return running.remove(key(workflowId, eventId));
  }

  private static String key(String workflowId, long eventId) {
    return eventId + "/" + workflowId;
  }

  private void followChild(HistoryEvent event, String parent) {
    WorkflowExecution child =
        event.getChildWorkflowExecutionStartedEventAttributes().getWorkflowExecution();
    String type =
        event.getChildWorkflowExecutionStartedEventAttributes().getWorkflowType().getName();
    if (type.equals(FederatedStageWorkflow.TYPE)) {
      String id = child.getWorkflowId();
      String stage = id.startsWith(parent + ":") ? id.substring(parent.length() + 1) : id;
      follow(id, child.getRunId(), stage);
    }
  }

  private String what(
      ActivityTaskScheduledEventAttributes activity, HistoryEvent event, @Nullable String stage) {
    String region = FederatedQueues.regionOf(activity.getTaskQueue().getName());
    if (region == null) {
      return summary(event, activity.getActivityType().getName());
    }
    return stage == null ? summary(event, region) : stage + " in " + region;
  }

  /** The summary, if there is one that can be read. */
  private String summary(HistoryEvent event, String otherwise) {
    if (!event.getUserMetadata().hasSummary()) {
      return otherwise;
    }
    try {
      return client
          .getOptions()
          .getDataConverter()
          .fromPayload(event.getUserMetadata().getSummary(), String.class, String.class);
    } catch (DataConverterException e) {
      return otherwise;
    }
  }

  private void line(@Nullable Scheduled scheduled, String how, HistoryEvent event) {
    if (scheduled == null) {
      return;
    }
    double seconds = Duration.between(scheduled.at(), time(event)).toMillis() / 1000.0;
    lines.line(String.format(Locale.ROOT, "  %s %s (%.1f s)", scheduled.what(), how, seconds));
  }

  private static Instant time(HistoryEvent event) {
    Timestamp time = event.getEventTime();
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** Lets the last lines come, then stops. */
  void finish() {
    long end = System.nanoTime() + LONGEST_FINISH.toNanos();
    try {
      // A stage's follower is in the queue before that of its pipeline is done.
      for (Future<?> next = following.poll(); next != null; next = following.poll()) {
        next.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("the last lines of progress did not come in time", e);
    }
    close();
  }

  @Override
  public void close() {
    lines.close();
    closed.countDown();
    if (painter != null) {
      painter.shutdownNow();
    }
    polling.cancel(null);
    followers.shutdownNow();
  }
}
