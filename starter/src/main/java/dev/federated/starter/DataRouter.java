package dev.federated.starter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.Explanation;
import dev.federated.routing.FederationSnapshots;
import dev.federated.routing.Partition;
import dev.federated.routing.RegionSelector;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Answers which regions data should go to, from a federation file alone: nothing is started, and
 * load, latency and health are not known here. Pure and thread-safe.
 */
public final class DataRouter {
  private final FederationConfig federation;

  /** Routes over that federation. */
  public DataRouter(FederationConfig federation) {
    this.federation = federation;
  }

  /**
   * The enabled region nearest to the data.
   *
   * @throws NoSuchElementException if no region is enabled
   */
  public String optimalRegion(GeoPoint dataLocation) {
    RoutingDecision decision = decide(FederationStrategy.NEAREST, dataLocation);
    if (decision.chosen().isEmpty()) {
      throw new NoSuchElementException(decision.reason());
    }
    return decision.chosen().get(0);
  }

  /** The decision of a strategy for data or a caller at that place, with every candidate. */
  public RoutingDecision decide(FederationStrategy strategy, @Nullable GeoPoint location) {
    // Asked for the cheapest region or the next in turn, that is the answer, wherever data is.
    boolean byPlace =
        strategy == FederationStrategy.NEAREST || strategy == FederationStrategy.LEAST_LOADED;
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(strategy)
            .dataLocality(location != null && byPlace)
            .dataLocation(location == null ? null : DataLocation.at(location))
            .build();
    return RegionSelector.decide(stage, FederationSnapshots.of(federation, stage));
  }

  /**
   * The decision of a stage with that block, by the federation file: what is not in it, such as
   * load and health, counts as unknown.
   */
  public RoutingDecision explain(FederatedStageConfig stage) {
    return Explanation.of(stage, FederationSnapshots.of(federation, stage), region -> null);
  }

  /**
   * Replicates data: every region that the strategy selects gets all of it.
   *
   * @return the data by region, in the order of the decision; empty if no region is eligible
   */
  public Map<String, JsonNode> routeData(
      JsonNode data, FederationStrategy strategy, @Nullable GeoPoint sourceLocation) {
    Map<String, JsonNode> byRegion = new LinkedHashMap<>();
    for (String region : decide(strategy, sourceLocation).chosen()) {
      byRegion.put(region, data);
    }
    return byRegion;
  }

  /**
   * Partitions items over the enabled regions by weight: contiguous parts in the order of the
   * items, sized by the largest remainder, so that no part is off its weighted share by a whole
   * item.
   *
   * @return a part for each enabled region, by priority and name; a part may be empty
   * @throws NoSuchElementException if no region is enabled
   */
  public Map<String, ArrayNode> partition(ArrayNode items) {
    Map<String, ArrayNode> parts = new LinkedHashMap<>();
    Partition.byWeight(items.size(), enabled())
        .parts()
        .forEach((region, part) -> parts.put(region, part.pick(items)));
    return parts;
  }

  /**
   * Partitions items by their own places: each goes to the enabled region nearest to it.
   *
   * @param place where an item is; null sends it to the region of lowest priority and name
   * @return a part for each region that got an item, in the order of first use
   * @throws NoSuchElementException if no region is enabled
   */
  public Map<String, ArrayNode> partition(
      ArrayNode items, Function<JsonNode, @Nullable GeoPoint> place) {
    Partition partition =
        Partition.byPlace(
            items, enabled(), item -> new Partition.Place(null, place.apply(item)), name -> null);
    Map<String, ArrayNode> parts = new LinkedHashMap<>();
    partition.parts().entrySet().stream()
        .filter(part -> !part.getValue().isEmpty())
        .sorted(Comparator.comparingInt(part -> part.getValue().ranges().get(0).first()))
        .forEach(part -> parts.put(part.getKey(), part.getValue().pick(items)));
    return parts;
  }

  /** The enabled regions, by priority and name. */
  private List<RegionSnapshot> enabled() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder().strategy(FederationStrategy.PARALLEL).build();
    WorldSnapshot snapshot = FederationSnapshots.of(federation, stage);
    Set<String> chosen = new HashSet<>(RegionSelector.decide(stage, snapshot).chosen());
    List<RegionSnapshot> regions =
        RegionSelector.inOrder(stage, snapshot).stream()
            .filter(region -> chosen.contains(region.name()))
            .toList();
    if (regions.isEmpty()) {
      throw new NoSuchElementException("no region is enabled");
    }
    return regions;
  }
}
