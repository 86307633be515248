package dev.federated.activities.remote;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.WireName;
import dev.federated.stage.ExecutionLimits;
import dev.federated.stage.RegionExecution;
import dev.federated.stage.RegionExecutionWorkflow;
import dev.federated.stage.RemoteFailure;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.stage.TaskPriorities;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TimeoutFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt whose region is in another Temporal cluster: a workflow there, whose id is the region
 * and the idempotency key. An attempt that follows a lost worker attaches to what the lost one
 * began, and takes its result if it has succeeded meanwhile.
 */
final class ClusterWork implements RemoteExecuteActivityImpl.Work {
  /**
   * The longest wait for a worker there to begin; the shortest default of queue_timeout_seconds.
   */
  private static final Duration LONGEST_WAIT_FOR_WORKER = Duration.ofSeconds(60);

  /** A history of its start and its first task: no worker has seen it. */
  private static final long EVENTS_BEFORE_A_WORKER = 2;

  private static final Logger log = LoggerFactory.getLogger(ClusterWork.class);

  private final RegionCluster cluster;
  private final ActivityExecutionContext context;
  private final RegionExecution execution;
  private final Duration timeout;
  private final CompletableFuture<RemoteResponse> answer = new CompletableFuture<>();

  ClusterWork(
      RegionCluster cluster,
      ActivityExecutionContext context,
      RemoteRequest request,
      Duration timeout) {
    this.cluster = cluster;
    this.context = context;
    this.timeout = ExecutionLimits.withoutMargin(timeout);
    this.execution =
        new RegionExecution(
            request,
            ExecutionLimits.once(this.timeout, TaskPriorities.of(context.getInfo().getPriority())));
  }

  @Override
  public RemoteResponse run() throws RegionCallException {
    long deadline = System.nanoTime() + timeout.toNanos();
    WorkflowStub workflow;
    try {
      workflow = begin(cluster.clientFor(context.getWorkflowClient()));
    } catch (RuntimeException e) {
      throw unreachable(e);
    }
    var unused =
        workflow
            .getResultAsync(RemoteResponse.class)
            .whenComplete(
                (response, failure) -> {
                  if (failure == null) {
                    answer.complete(response);
                  } else {
                    answer.completeExceptionally(failure);
                  }
                });
    try {
      return await(workflow, deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RegionCallException.workerStopped(region());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ActivityCompletionException end) {
        if (StageInterest.lostIn(execution.request(), end, context)) {
          quietly("cancel", () -> workflow.cancel("the stage does not wait for it any more"));
        }
        throw end;
      }
      throw failed(e.getCause());
    }
  }

  /** Starts the workflow, attaches to it, or takes the one that has succeeded. */
  private WorkflowStub begin(WorkflowClient client) {
    WorkflowStub workflow =
        client.newUntypedWorkflowStub(RegionExecutionWorkflow.TYPE, execution.options());
    try {
      var unused = workflow.start(execution);
      return workflow;
    } catch (WorkflowExecutionAlreadyStarted e) {
      return client.newUntypedWorkflowStub(execution.workflowId());
    }
  }

  private RemoteResponse await(WorkflowStub workflow, long deadline)
      throws InterruptedException, ExecutionException, RegionCallException {
    long patience = Math.min(LONGEST_WAIT_FOR_WORKER.toNanos(), deadline - System.nanoTime());
    try {
      return answer.get(patience, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      if (waitsForWorker(workflow)) {
        end(workflow);
        throw RegionCallException.of(
            FailureType.NO_WORKER_IN_REGION,
            "region %s: no worker took the execution in the cluster of profile '%s'; start one there with: federate worker --region %s"
                .formatted(region(), cluster.profile(), region()),
            null);
      }
    }
    try {
      return answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      end(workflow);
      throw RegionCallException.of(
          FailureType.REGION_TIMEOUT,
          "region %s: no answer from the cluster of profile '%s' within %d ms"
              .formatted(region(), cluster.profile(), timeout.toMillis()),
          null);
    }
  }

  private static boolean waitsForWorker(WorkflowStub workflow) {
    try {
      return workflow.describe().getHistoryLength() <= EVENTS_BEFORE_A_WORKER;
    } catch (RuntimeException e) {
      return false;
    }
  }

  /** An execution that took too long would otherwise be what the next attempt attaches to. */
  private void end(WorkflowStub workflow) {
    quietly("end", () -> workflow.terminate("it took longer than %s".formatted(timeout)));
  }

  private void quietly(String what, Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      log.info(
          "Could not {} {} in the cluster of profile {}; it ends by its own time-outs: {}",
          what,
          execution.workflowId(),
          cluster.profile(),
          e.getClass().getSimpleName());
    }
  }

  @Override
  public void stop() {
    stop(new ActivityCanceledException(context.getInfo()));
  }

  /** Lets {@link #run} end: no call to a server belongs on the thread of the heartbeats. */
  @Override
  public void stop(ActivityCompletionException why) {
    answer.completeExceptionally(why);
  }

  private RegionCallException failed(@Nullable Throwable failure) {
    if (!(failure instanceof WorkflowFailedException)) {
      return unreachable(failure);
    }
    Throwable cause = failure.getCause();
    if (cause instanceof ApplicationFailure application) {
      return application(application);
    }
    boolean late = cause instanceof TimeoutFailure;
    return RegionCallException.of(
        late ? FailureType.REGION_TIMEOUT : FailureType.REGION_UNAVAILABLE,
        "region %s: its execution %s in the cluster of profile '%s' %s"
            .formatted(
                region(),
                execution.workflowId(),
                cluster.profile(),
                late ? "timed out" : "was ended by somebody else"),
        null);
  }

  private RegionCallException application(ApplicationFailure failure) {
    FailureType type =
        Optional.ofNullable(failure.getType())
            .flatMap(name -> WireName.find(FailureType.class, name))
            .orElse(FailureType.COMPONENT_FAILED);
    RemoteFailure detail = RemoteFailure.in(failure.getDetails());
    RegionError error =
        new RegionError(
            type,
            failure.getOriginalMessage() == null ? "" : failure.getOriginalMessage(),
            !failure.isNonRetryable(),
            detail == null ? null : detail.httpStatus());
    Long pause = detail == null ? null : detail.retryAfter();
    RegionCallException told =
        new RegionCallException(error, pause == null ? null : Duration.ofSeconds(pause));
    return detail != null && Boolean.TRUE.equals(detail.workerLost()) ? told.workerLost() : told;
  }

  /** Without the words of the failure, which may name more than a stage should tell. */
  private RegionCallException unreachable(@Nullable Throwable failure) {
    Status.Code code = code(failure);
    FailureType type =
        switch (code) {
          case UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND, INVALID_ARGUMENT ->
              FailureType.REGION_REJECTED;
          case RESOURCE_EXHAUSTED -> FailureType.REGION_OVERLOADED;
          default -> FailureType.REGION_UNAVAILABLE;
        };
    log.info(
        "The cluster of profile {} does not take executions for region {}: {}",
        cluster.profile(),
        region(),
        code);
    return RegionCallException.of(
        type,
        "region %s: the Temporal cluster of profile '%s' did not take the execution (%s); check its address, namespace and credentials"
            .formatted(region(), cluster.profile(), code),
        null);
  }

  private static Status.Code code(@Nullable Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof StatusRuntimeException status) {
        return status.getStatus().getCode();
      }
    }
    return Status.Code.UNKNOWN;
  }

  private String region() {
    return execution.request().region();
  }
}
