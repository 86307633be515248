package dev.federated.stage;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.CircuitState;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.RegionSelector;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** See {@link CheckHealthWorkflow}. */
public final class CheckHealthWorkflowImpl implements CheckHealthWorkflow {
  /** How long a region's worker may take to accept the probe before it counts as missing. */
  private static final Duration WAIT_FOR_WORKER = Duration.ofSeconds(5);

  private static final Duration LONGEST_PROBE = Duration.ofSeconds(10);

  private final World world;

  /** With what the control worker knows. */
  public CheckHealthWorkflowImpl(World world) {
    this.world = world;
  }

  @Override
  public Map<String, RegionHealth> check() {
    FederatedStageConfig everyRegion =
        FederatedStageConfig.builder().strategy(FederationStrategy.PARALLEL).build();
    StageRequest request =
        new StageRequest("health", "health", NullNode.instance, NullNode.instance, everyRegion);
    String runKey = Workflow.getInfo().getRunId();
    WorldSnapshot snapshot =
        Workflow.sideEffect(WorldSnapshot.class, () -> world.snapshot(request, runKey));
    Map<String, Promise<RegionHealth>> probes = new LinkedHashMap<>();
    for (RegionSnapshot region : RegionSelector.inOrder(everyRegion, snapshot)) {
      probes.put(region.name(), probe(region));
    }
    Map<String, RegionHealth> health = new LinkedHashMap<>();
    probes.forEach((region, probe) -> health.put(region, probe.get()));
    return health;
  }

  private static Promise<RegionHealth> probe(RegionSnapshot region) {
    if (Boolean.FALSE.equals(region.enabled())) {
      return Workflow.newPromise(unhealthy("disabled", "disabled in the federation file"));
    }
    ActivityOptions options =
        ActivityOptions.newBuilder()
            .setTaskQueue(FederatedQueues.ofRegion(region.name()))
            .setScheduleToStartTimeout(WAIT_FOR_WORKER)
            .setStartToCloseTimeout(LONGEST_PROBE)
            .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(1).build())
            .setSummary("probe " + region.name())
            .build();
    return Workflow.newUntypedActivityStub(options)
        .executeAsync(ProbeRegionActivity.PROBE_REGION, RegionHealth.class, region.name())
        .handle(
            (health, failure) -> {
              if (failure != null) {
                return unreachable(region.name(), failure);
              }
              return region.circuit() == CircuitState.OPEN && health.healthy()
                  ? health.withReason("circuit breaker is open")
                  : health;
            });
  }

  private static RegionHealth unreachable(String region, RuntimeException failure) {
    RemoteOutcome outcome = RemoteOutcome.failed(region, failure, noPollers -> true);
    String reason = outcome.error() == null ? failure.toString() : outcome.error().message();
    boolean noWorker =
        outcome.error() != null
            && outcome.error().type() == dev.federated.model.FailureType.NO_WORKER_IN_REGION;
    return unhealthy(noWorker ? "no_worker" : "unhealthy", reason);
  }

  private static RegionHealth unhealthy(String status, String reason) {
    return new RegionHealth(false, status, null, null, 0, reason);
  }
}
