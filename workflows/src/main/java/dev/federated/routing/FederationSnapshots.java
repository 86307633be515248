package dev.federated.routing;

import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the snapshot of a stage from a federation and what is known of each region. */
public final class FederationSnapshots {
  private FederationSnapshots() {}

  /** What a federation file alone says: nothing is known of load, latency or health. */
  public static WorldSnapshot of(FederationConfig federation, FederatedStageConfig stage) {
    return of(federation, stage, false, region -> fromFile(region).build());
  }

  /**
   * The snapshot with each region as the given function shows it.
   *
   * @param federation the federation in force
   * @param stage the stage's block
   * @param searchAttributes whether the namespace has the federation's search attributes
   * @param view shows one region, reduced to what the stage's strategy reads
   */
  public static WorldSnapshot of(
      FederationConfig federation,
      FederatedStageConfig stage,
      boolean searchAttributes,
      Function<RegionConfig, RegionSnapshot> view) {
    List<String> listed =
        stage.regions().isEmpty()
            ? federation.regionNames()
            : List.copyOf(new LinkedHashSet<>(stage.regions()));
    List<RegionSnapshot> candidates = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (String name : listed) {
      federation
          .region(name)
          .ifPresentOrElse(region -> candidates.add(view.apply(region)), () -> unknown.add(name));
    }
    DataLocation data = stage.dataLocation();
    return new WorldSnapshot(
        candidates,
        beside(listed, stage.fallbackRegion(), federation, view, unknown),
        beside(listed, data == null ? null : data.region(), federation, view, unknown),
        unknown.isEmpty() ? null : unknown,
        federation.defaultStrategy(),
        federation.defaultAggregation(),
        federation.circuitBreaker(),
        federation.maxOutputBytes(),
        searchAttributes,
        federation.digest());
  }

  /** Everything that the federation file says of a region and that a snapshot may hold. */
  public static RegionSnapshot.Builder fromFile(RegionConfig region) {
    return RegionSnapshot.builder(region.name())
        .enabled(region.enabled() ? null : Boolean.FALSE)
        .tags(region.tags())
        .priority(region.priority())
        .weight(region.weight())
        .maxConcurrent(region.maxConcurrent())
        .timeoutSeconds(region.timeoutSeconds())
        .latitude(region.latitude())
        .longitude(region.longitude())
        .costPerExecution(region.costPerExecution())
        .costPerToken(region.costPerToken())
        .egressCostPerGb(region.egressCostPerGb());
  }

  /** A region that a stage names beside its candidates. */
  private static @Nullable RegionSnapshot beside(
      List<String> listed,
      @Nullable String name,
      FederationConfig federation,
      Function<RegionConfig, RegionSnapshot> view,
      List<String> unknown) {
    if (name == null || listed.contains(name)) {
      return null;
    }
    RegionSnapshot region = federation.region(name).map(view).orElse(null);
    if (region == null) {
      unknown.add(name);
    }
    return region;
  }
}
