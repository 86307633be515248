package dev.federated.worker;

import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import io.temporal.common.WorkerDeploymentVersion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a worker process does.
 *
 * @param control whether it runs stages and pipelines
 * @param regions the regions that it executes for
 * @param deployment the version of a worker deployment that its control worker is; null for none
 */
public record WorkerRoles(
    boolean control, List<String> regions, @Nullable WorkerDeploymentVersion deployment) {
  public WorkerRoles {
    regions = List.copyOf(regions);
    if (!control && regions.isEmpty()) {
      throw new IllegalArgumentException("a worker is control worker or serves a region");
    }
  }

  /** A worker without a deployment. */
  public WorkerRoles(boolean control, List<String> regions) {
    this(control, regions, null);
  }

  /** The same roles as a version of a worker deployment. */
  public WorkerRoles inDeployment(String name, String buildId) {
    return new WorkerRoles(control, regions, new WorkerDeploymentVersion(name, buildId));
  }

  /** Control worker and worker of every enabled region. */
  public static WorkerRoles all(FederationConfig federation) {
    return new WorkerRoles(
        true,
        federation.regions().stream()
            .filter(RegionConfig::enabled)
            .map(RegionConfig::name)
            .toList());
  }
}
