package dev.federated.worker;

import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTransport;
import io.temporal.common.WorkerDeploymentVersion;
import java.util.List;
import java.util.function.Predicate;
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

  /**
   * Control worker and worker of every enabled region, whatever its transport: what a server for
   * development needs.
   */
  public static WorkerRoles all(FederationConfig federation) {
    return new WorkerRoles(true, enabled(federation, region -> true));
  }

  /** Control worker and worker of every enabled region that has its workers in this namespace. */
  public static WorkerRoles allHere(FederationConfig federation) {
    return new WorkerRoles(
        true, enabled(federation, region -> region.transport() == RegionTransport.TASK_QUEUE));
  }

  private static List<String> enabled(
      FederationConfig federation, Predicate<RegionConfig> included) {
    return federation.regions().stream()
        .filter(RegionConfig::enabled)
        .filter(included)
        .map(RegionConfig::name)
        .toList();
  }
}
