package dev.federated.worker;

import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import java.util.List;

/**
 * What a worker process does.
 *
 * @param control whether it runs stages and pipelines
 * @param regions the regions that it executes for
 */
public record WorkerRoles(boolean control, List<String> regions) {
  public WorkerRoles {
    regions = List.copyOf(regions);
    if (!control && regions.isEmpty()) {
      throw new IllegalArgumentException("a worker is control worker or serves a region");
    }
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
