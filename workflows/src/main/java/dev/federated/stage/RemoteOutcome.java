package dev.federated.stage;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.WireName;
import io.temporal.api.enums.v1.TimeoutType;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TimeoutFailure;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How a {@code RemoteExecute} activity ended, in the terms of this product.
 *
 * @param response the answer, or null if it failed
 * @param error why it failed, or null
 * @param attempts executions that were started in the region
 * @param latencyMs time of the last execution in milliseconds
 * @param workerLost whether the last attempt ended because its worker stopped answering
 */
record RemoteOutcome(
    @Nullable RemoteResponse response,
    @Nullable RegionError error,
    int attempts,
    long latencyMs,
    boolean workerLost) {

  static RemoteOutcome succeeded(RemoteResponse response) {
    return new RemoteOutcome(response, null, response.attempts(), response.latencyMs(), false);
  }

  /** A share that failed before anything was scheduled. */
  static RemoteOutcome notStarted(FailureType type, String message) {
    return new RemoteOutcome(null, RegionError.of(type, message), 0, 0, false);
  }

  /** An execution that was stopped after that time because another one was faster. */
  static RemoteOutcome overtaken(String message, long ageMs) {
    return new RemoteOutcome(null, RegionError.of(FailureType.CANCELLED, message), 1, ageMs, false);
  }

  /**
   * Classifies a failed activity.
   *
   * @param region where it was to run
   * @param failure what Temporal says
   * @param noWorker tells, in a way that is safe for replay, whether nobody polls a region's queue
   */
  static RemoteOutcome failed(String region, RuntimeException failure, Predicate<String> noWorker) {
    Throwable cause = failure instanceof ActivityFailure ? failure.getCause() : failure;
    if (cause instanceof ApplicationFailure application) {
      return application(region, application);
    }
    if (cause instanceof TimeoutFailure timeout) {
      return timeout(region, failure, timeout, noWorker);
    }
    if (cause instanceof CanceledFailure || failure instanceof CanceledFailure) {
      return notStarted(
          FailureType.CANCELLED, "the execution in %s was cancelled".formatted(region));
    }
    String message = cause == null ? failure.getMessage() : cause.getMessage();
    return notStarted(
        FailureType.COMPONENT_FAILED, "the execution in %s failed: %s".formatted(region, message));
  }

  /**
   * The failure of a workflow that executes for another one, which that one classifies as this.
   *
   * @throws IllegalStateException if nothing failed
   */
  ApplicationFailure toFailure() {
    if (error == null) {
      throw new IllegalStateException("an execution that succeeded has no failure");
    }
    return RemoteFailure.of(error, attempts, latencyMs, workerLost).failure(error).build();
  }

  private static RemoteOutcome application(String region, ApplicationFailure failure) {
    FailureType type =
        WireName.find(FailureType.class, failure.getType()).orElse(FailureType.COMPONENT_FAILED);
    RemoteFailure known = RemoteFailure.in(failure.getDetails());
    RemoteFailure detail = known == null ? new RemoteFailure(1, 0, null) : known;
    String message =
        failure.getOriginalMessage() == null || failure.getOriginalMessage().isEmpty()
            ? "the execution in %s failed without a message".formatted(region)
            : failure.getOriginalMessage();
    RegionError error =
        new RegionError(
            type, message, !failure.isNonRetryable(), detail.httpStatus(), detail.retryAfter());
    return new RemoteOutcome(
        null,
        error,
        detail.attempts(),
        detail.latencyMs(),
        Boolean.TRUE.equals(detail.workerLost()));
  }

  private static RemoteOutcome timeout(
      String region, RuntimeException failure, TimeoutFailure timeout, Predicate<String> noWorker) {
    RemoteFailure last = RemoteFailure.in(timeout.getLastHeartbeatDetails());
    TimeoutType type = timeout.getTimeoutType();
    boolean workerLost = type == TimeoutType.TIMEOUT_TYPE_HEARTBEAT;
    boolean started =
        workerLost
            || type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
            || (type == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
                && (last != null || wasStarted(failure, timeout)));
    RegionError error;
    if (!started) {
      error = queueWait(region, noWorker);
    } else if (workerLost) {
      error =
          RegionError.of(
              FailureType.REGION_UNAVAILABLE,
              "the worker that executed for %s stopped answering".formatted(region));
    } else {
      String what =
          type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
              ? "answer in time"
              : "succeed within total_timeout_seconds";
      error = RegionError.of(FailureType.REGION_TIMEOUT, "%s did not %s".formatted(region, what));
    }
    int attempts = last != null ? last.attempts() : 0;
    return new RemoteOutcome(
        null,
        error,
        started ? Math.max(1, attempts) : attempts,
        last == null ? 0 : last.latencyMs(),
        workerLost);
  }

  /** Whether a worker had begun; a heartbeat says so too, but the first may be under way. */
  private static boolean wasStarted(RuntimeException failure, TimeoutFailure timeout) {
    return timeout.getCause() != null
        || (failure instanceof ActivityFailure activity && activity.getStartedEventId() > 0);
  }

  private static RegionError queueWait(String region, Predicate<String> noWorker) {
    String queue = FederatedQueues.ofRegion(region);
    if (noWorker.test(region)) {
      return RegionError.of(
          FailureType.NO_WORKER_IN_REGION,
          "no worker took the task from queue %s in time; start one with: federate worker --region %s"
              .formatted(queue, region));
    }
    return new RegionError(
        FailureType.REGION_OVERLOADED,
        "the task waited in queue %s longer than queue_timeout_seconds; its workers are busy"
            .formatted(queue),
        true,
        null);
  }
}
