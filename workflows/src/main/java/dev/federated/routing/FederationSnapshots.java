package dev.federated.routing;

import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.PartitionBy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.Residency;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the snapshots of stages from a federation and what is known of each region. */
public final class FederationSnapshots {
  private final FederationConfig federation;
  private final Map<String, RegionConfig> regions = new LinkedHashMap<>();

  /** Snapshots of stages in that federation, indexed for many of them. */
  public FederationSnapshots(FederationConfig federation) {
    this.federation = federation;
    federation.regions().stream()
        .sorted(Comparator.comparingInt(RegionConfig::priority).thenComparing(RegionConfig::name))
        .forEach(region -> regions.put(region.name(), region));
  }

  /** What a federation file alone says: nothing is known of load, latency or health. */
  public static WorldSnapshot of(FederationConfig federation, FederatedStageConfig stage) {
    return new FederationSnapshots(federation).of(stage, false, region -> fromFile(region).build());
  }

  /**
   * The snapshot with each region as the given function shows it.
   *
   * @param stage the stage's block
   * @param searchAttributes whether the namespace has the federation's search attributes
   * @param view shows one region, reduced to what the stage's strategy reads
   */
  public WorldSnapshot of(
      FederatedStageConfig stage,
      boolean searchAttributes,
      Function<RegionConfig, RegionSnapshot> view) {
    Set<String> names =
        stage.regions().isEmpty() ? regions.keySet() : new LinkedHashSet<>(stage.regions());
    List<RegionSnapshot> candidates = new ArrayList<>(names.size());
    Set<String> unknown = new LinkedHashSet<>();
    for (String name : names) {
      RegionSnapshot candidate = look(name, view, unknown);
      if (candidate != null) {
        candidates.add(candidate);
      }
    }
    String fallback = stage.fallbackRegion();
    DataLocation data = stage.dataLocation();
    String holder = data == null ? null : data.region();
    List<RegionSnapshot> others = new ArrayList<>();
    if (data != null && data.datasets() != null) {
      for (String name : data.regions()) {
        if (!names.contains(name) && !name.equals(fallback)) {
          RegionSnapshot other = look(name, view, unknown);
          if (other != null) {
            others.add(other);
          }
        }
      }
    }
    if (stage.partitioned() && stage.partitionByOrDefault() == PartitionBy.LOCATION) {
      for (RegionConfig region : regions.values()) {
        // An item may be in a region that the stage must not run in: the nearest one gets it.
        if (!names.contains(region.name()) && region.latitude() != null) {
          others.add(
              RegionSnapshot.builder(region.name())
                  .latitude(region.latitude())
                  .longitude(region.longitude())
                  .build());
        }
      }
    }
    FederationStrategy strategy =
        stage.strategy() == null ? federation.defaultStrategy() : stage.strategy();
    boolean dataFirst = dataFirst(stage, strategy);
    RegionSnapshot fallbackRegion =
        fallback == null || names.contains(fallback) ? null : look(fallback, view, unknown);
    RegionSnapshot dataRegion =
        holder == null || names.contains(holder) || holder.equals(fallback)
            ? null
            : look(holder, view, unknown);
    Residency residency = stage.residency();
    if (residency != null && residency.regions() != null) {
      residency.regions().stream().filter(name -> !regions.containsKey(name)).forEach(unknown::add);
    }
    return new WorldSnapshot(
        candidates,
        fallbackRegion,
        dataRegion,
        unknown.isEmpty() ? null : List.copyOf(unknown),
        federation.defaultStrategy(),
        federation.defaultAggregation(),
        federation.defaultOnPartialFailure(),
        federation.circuitBreaker(),
        federation.maxOutputBytes(),
        searchAttributes,
        federation.digest(),
        others.isEmpty() ? null : others,
        dataFirst ? true : null,
        federation.panicMode() ? true : null,
        null,
        null,
        null,
        null);
  }

  /** Whether the data's region goes before price and turn. */
  static boolean dataFirst(FederatedStageConfig stage, @Nullable FederationStrategy strategy) {
    return stage.dataLocality()
        && stage.dataLocation() != null
        && (strategy == FederationStrategy.COST_OPTIMIZED
            || strategy == FederationStrategy.ROUND_ROBIN);
  }

  private @Nullable RegionSnapshot look(
      String name, Function<RegionConfig, RegionSnapshot> view, Set<String> unknown) {
    RegionConfig region = regions.get(name);
    if (region == null) {
      unknown.add(name);
      return null;
    }
    return view.apply(region);
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
        .egressCostPerGb(region.egressCostPerGb())
        .egressCostPerGbTo(region.egressCostPerGbTo().isEmpty() ? null : region.egressCostPerGbTo())
        .honoursKey(region.honoursKey() ? true : null);
  }
}
