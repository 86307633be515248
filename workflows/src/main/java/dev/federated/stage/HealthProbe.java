package dev.federated.stage;

import dev.federated.model.CircuitState;
import dev.federated.model.RegionError;
import dev.federated.model.RegionSnapshot;
import io.nexusrpc.handler.HandlerException;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.NexusOperationFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.function.Predicate;

/** Asks a region for its health from inside a workflow, over the region's transport. */
final class HealthProbe {
  /** How long a region's worker may take to accept the probe before it counts as missing. */
  private static final Duration WAIT_FOR_WORKER = Duration.ofSeconds(5);

  private static final Duration LONGEST_PROBE = Duration.ofSeconds(10);

  private final Predicate<String> noWorker;

  HealthProbe(World world) {
    // Recorded as everything from outside.
    this(
        region ->
            Workflow.sideEffect(Boolean.class, () -> !Boolean.TRUE.equals(world.polled(region))));
  }

  /**
   * A probe.
   *
   * @param noWorker tells, in a way that is safe for replay, whether nobody polls a region's queue
   */
  HealthProbe(Predicate<String> noWorker) {
    this.noWorker = noWorker;
  }

  /** The region's health; never fails. */
  Promise<RegionHealth> probe(RegionSnapshot region) {
    if (Boolean.FALSE.equals(region.enabled())) {
      return Workflow.newPromise(unhealthy(region, "disabled", "disabled in the federation file"));
    }
    return ask(region)
        .handle(
            (health, failure) -> {
              if (failure != null) {
                return unreachable(region, failure);
              }
              return region.circuit() == CircuitState.OPEN && health.healthy()
                  ? health.withReason("circuit breaker is open")
                  : health;
            });
  }

  private static Promise<RegionHealth> ask(RegionSnapshot region) {
    String summary = "probe " + region.name();
    String endpoint = region.nexusEndpoint();
    if (endpoint != null) {
      return Async.function(
          NexusOperations.service(endpoint, LONGEST_PROBE, summary)::probe, region.name());
    }
    ActivityOptions options =
        ActivityOptions.newBuilder()
            .setTaskQueue(FederatedQueues.ofRegion(region.name()))
            .setScheduleToStartTimeout(WAIT_FOR_WORKER)
            .setStartToCloseTimeout(LONGEST_PROBE)
            .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(1).build())
            .setSummary(summary)
            .build();
    return Workflow.newUntypedActivityStub(options)
        .executeAsync(ProbeRegionActivity.PROBE_REGION, RegionHealth.class, region.name());
  }

  private RegionHealth unreachable(RegionSnapshot region, RuntimeException failure) {
    if (failure instanceof NexusOperationFailure) {
      // Servers of version 1.29 call it a bad request when little of the time is left to ask again.
      return failure.getCause() instanceof HandlerException refusal
              && refusal.getErrorType() != HandlerException.ErrorType.BAD_REQUEST
          ? unhealthy(
              region,
              "unhealthy",
              "Nexus endpoint '%s' did not take the probe (%s)"
                  .formatted(region.nexusEndpoint(), refusal.getErrorType()))
          : unhealthy(
              region,
              "no_worker",
              "no worker answered by Nexus endpoint '%s' within %d s"
                  .formatted(region.nexusEndpoint(), LONGEST_PROBE.toSeconds()));
    }
    RemoteOutcome outcome = RemoteOutcome.failed(region.name(), failure, noWorker);
    RegionError error = outcome.error();
    if (error == null) {
      return unhealthy(region, "unhealthy", failure.toString());
    }
    return switch (error.type()) {
      case NO_WORKER_IN_REGION -> unhealthy(region, "no_worker", error.message());
      case REGION_OVERLOADED ->
          unhealthy(
              region,
              "busy",
              "its workers did not take the probe within %d s; they are busy, or just gone"
                  .formatted(WAIT_FOR_WORKER.toSeconds()));
      default -> unhealthy(region, "unhealthy", error.message());
    };
  }

  private static RegionHealth unhealthy(RegionSnapshot region, String status, String reason) {
    Integer places = region.maxConcurrent();
    return new RegionHealth(false, status, null, null, places == null ? 0 : places, reason);
  }
}
