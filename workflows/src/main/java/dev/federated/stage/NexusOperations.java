package dev.federated.stage;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import io.nexusrpc.handler.HandlerException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.NexusOperationFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.CompletablePromise;
import io.temporal.workflow.NexusOperationCancellationType;
import io.temporal.workflow.NexusOperationHandle;
import io.temporal.workflow.NexusOperationOptions;
import io.temporal.workflow.NexusServiceOptions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The executions of a stage in regions of other namespaces: one operation of {@link
 * FederatedRegion} for each, which covers all attempts.
 */
final class NexusOperations {
  /** How long a stage that ends waits until the regions that it stopped know. */
  private static final Duration LONGEST_FAREWELL = Duration.ofSeconds(10);

  /**
   * How long it waits for a region that has not said yet whether it took the execution, and may be
   * without a worker.
   */
  private static final Duration LONGEST_GREETING = Duration.ofSeconds(2);

  /** The version of histories whose stages wait for regions that had not said that they begin. */
  private static final String GREETING_IS_AWAITED = "nexus-start-is-awaited-before-the-end";

  private final Set<Call> pending = new LinkedHashSet<>();

  /** The service behind an endpoint, for operations of that length. */
  static FederatedRegion service(String endpoint, Duration longest, String summary) {
    return Workflow.newNexusServiceStub(
        FederatedRegion.class,
        NexusServiceOptions.newBuilder()
            .setEndpoint(endpoint)
            .setOperationOptions(
                NexusOperationOptions.newBuilder()
                    .setScheduleToCloseTimeout(longest)
                    // Told at once, nobody could wait until the region knows.
                    .setCancellationType(NexusOperationCancellationType.WAIT_COMPLETED)
                    .setSummary(summary)
                    .build())
            .build());
  }

  /**
   * Begins an execution in the current cancellation scope. It fails as an execution by the region's
   * queue does, and for want of a worker once it has waited as long as it may wait in a queue.
   */
  Promise<RemoteResponse> execute(String endpoint, RegionExecution execution) {
    return new Call(endpoint, execution).begin();
  }

  /**
   * Waits until regions whose executions were cancelled have ended them, 10 seconds at most, and 2
   * for those that have not said yet that they begin. A server drops what a workflow that has
   * closed wanted to tell them, and the execution would go on there.
   */
  void awaitEnds() {
    if (any(Call::isStarting)
        && Workflow.getVersion(GREETING_IS_AWAITED, Workflow.DEFAULT_VERSION, 1)
            != Workflow.DEFAULT_VERSION) {
      awaitNone(LONGEST_GREETING, Call::isStarting);
    }
    if (any(Call::isRunning)) {
      awaitNone(LONGEST_FAREWELL, Call::isRunning);
    }
  }

  private boolean any(Predicate<Call> state) {
    return pending.stream().anyMatch(state);
  }

  /** Waits also in a workflow that is cancelled. */
  private void awaitNone(Duration atMost, Predicate<Call> state) {
    Workflow.newDetachedCancellationScope(
            () -> {
              var unused = Workflow.await(atMost, () -> !any(state));
            })
        .run();
  }

  private final class Call {
    private final String endpoint;
    private final RegionExecution execution;
    private final CancellationScope caller = CancellationScope.current();
    private final CancellationScope operation = Workflow.newCancellationScope(this::start);
    private final CancellationScope patience = Workflow.newCancellationScope(this::waitForWorker);
    private final CompletablePromise<RemoteResponse> answer = Workflow.newPromise();
    private boolean started;

    Call(String endpoint, RegionExecution execution) {
      this.endpoint = endpoint;
      this.execution = execution;
    }

    Promise<RemoteResponse> begin() {
      operation.run();
      patience.run();
      return answer;
    }

    private void start() {
      RemoteRequest request = execution.request();
      Duration longest = Duration.ofMillis(execution.limits().totalMs());
      FederatedRegion region =
          service(endpoint, longest, Markdown.summary(request.region() + ": " + request.stageId()));
      NexusOperationHandle<RemoteResponse> handle =
          Workflow.startNexusOperation(
              region::execute, execution.within(ExecutionLimits.withoutMargin(longest)));
      pending.add(this);
      var unusedStart =
          handle
              .getExecution()
              .handle(
                  (begun, failure) -> {
                    patience.cancel();
                    started = failure == null && begun.getOperationToken().isPresent();
                    return null;
                  });
      var unusedEnd =
          handle
              .getResult()
              .handle(
                  (response, failure) -> {
                    pending.remove(this);
                    if (failure == null) {
                      answer.complete(response);
                    } else {
                      answer.completeExceptionally(told(failure));
                    }
                    return null;
                  });
    }

    private void waitForWorker() {
      Duration inQueue = Duration.ofMillis(execution.limits().queueMs());
      Duration inAll =
          ExecutionLimits.withoutMargin(Duration.ofMillis(execution.limits().totalMs()));
      var unused =
          Workflow.newTimer(inQueue.compareTo(inAll) < 0 ? inQueue : inAll)
              .handle(
                  (over, cancelled) -> {
                    if (cancelled == null && answer.completeExceptionally(noWorker())) {
                      operation.cancel("nobody took it");
                    }
                    return null;
                  });
    }

    /** Whether the region has not said yet that it begins, and is still waited for. */
    private boolean isStarting() {
      return !started && !answer.isCompleted();
    }

    private boolean isRunning() {
      return started;
    }

    /** The failure in the terms of {@link RemoteOutcome#failed}. */
    private RuntimeException told(RuntimeException failure) {
      Throwable cause = failure instanceof NexusOperationFailure ? failure.getCause() : failure;
      if (cause instanceof ApplicationFailure ofRegion) {
        return ofRegion;
      }
      if (cause instanceof CanceledFailure cancelled && caller.isCancelRequested()) {
        return cancelled;
      }
      if (cause instanceof HandlerException refusal) {
        return refused(refusal);
      }
      if (!started) {
        // What is left of the time was too short for a server to ask once more.
        return noWorker();
      }
      if (cause instanceof TimeoutFailure) {
        return failure(
            FailureType.REGION_TIMEOUT,
            "%s did not succeed within total_timeout_seconds".formatted(region()));
      }
      return failure(
          FailureType.REGION_UNAVAILABLE,
          "the execution %s in the namespace of Nexus endpoint '%s' was ended by somebody else"
              .formatted(execution.workflowId(), endpoint));
    }

    private ApplicationFailure refused(HandlerException refusal) {
      FailureType type =
          switch (refusal.getErrorType()) {
            case BAD_REQUEST, UNAUTHENTICATED, UNAUTHORIZED, NOT_FOUND, NOT_IMPLEMENTED ->
                FailureType.REGION_REJECTED;
            case RESOURCE_EXHAUSTED -> FailureType.REGION_OVERLOADED;
            default -> FailureType.REGION_UNAVAILABLE;
          };
      return failure(
          type,
          "region %s: Nexus endpoint '%s' did not take the execution (%s); check its target, and that a worker of this version polls it"
              .formatted(region(), endpoint, refusal.getErrorType()));
    }

    private ApplicationFailure noWorker() {
      return failure(
          FailureType.NO_WORKER_IN_REGION,
          "no worker took the execution from Nexus endpoint '%s' in time; start one in the endpoint's namespace with: federate worker --region %s"
              .formatted(endpoint, region()));
    }

    private ApplicationFailure failure(FailureType type, String message) {
      return new RemoteOutcome(null, RegionError.of(type, message), started ? 1 : 0, 0, false)
          .toFailure();
    }

    private String region() {
      return execution.request().region();
    }
  }
}
