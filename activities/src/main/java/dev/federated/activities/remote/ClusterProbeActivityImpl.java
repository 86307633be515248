package dev.federated.activities.remote;

import dev.federated.model.RegionConfig;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.ProbeRegionActivity;
import dev.federated.stage.RegionHealth;
import dev.federated.stage.RegionProbeWorkflow;
import dev.federated.stage.TraceParent;
import io.temporal.activity.Activity;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Looks after the health of a region whose workers are in another Temporal cluster. */
public final class ClusterProbeActivityImpl implements ProbeRegionActivity {
  /** Less than a probe may take, so that the answer is this one's. */
  private static final Duration LONGEST = Duration.ofSeconds(8);

  private final RegionConfig region;
  private final RegionCluster cluster;

  /** The activity of a region there. */
  public ClusterProbeActivityImpl(RegionConfig region, RegionCluster cluster) {
    this.region = region;
    this.cluster = cluster;
  }

  @Override
  public RegionHealth probe(String name) {
    TraceParent.forget();
    WorkflowOptions options =
        WorkflowOptions.newBuilder()
            .setWorkflowId("probe:%s:%s".formatted(region.name(), UUID.randomUUID()))
            .setTaskQueue(FederatedQueues.ofRegion(region.name()))
            .setWorkflowExecutionTimeout(LONGEST)
            .build();
    try {
      WorkflowStub probe =
          cluster
              .clientFor(Activity.getExecutionContext().getWorkflowClient())
              .newUntypedWorkflowStub(RegionProbeWorkflow.TYPE, options);
      var unused = probe.start(name);
      return probe.getResult(LONGEST.toSeconds(), TimeUnit.SECONDS, RegionHealth.class);
    } catch (TimeoutException | RuntimeException e) {
      return new RegionHealth(
          false,
          "no_worker",
          null,
          null,
          region.maxConcurrent(),
          "no worker answered in the cluster of profile '%s' within %d s"
              .formatted(cluster.profile(), LONGEST.toSeconds()));
    }
  }
}
