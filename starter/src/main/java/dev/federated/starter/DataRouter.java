package dev.federated.starter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionConfig;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.FederationSnapshots;
import dev.federated.routing.RegionSelector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
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
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(strategy)
            .dataLocality(location != null)
            .dataLocation(location == null ? null : DataLocation.at(location))
            .build();
    return RegionSelector.decide(stage, FederationSnapshots.of(federation, stage));
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
    List<RegionConfig> regions = new ArrayList<>();
    for (String name : decide(FederationStrategy.PARALLEL, null).chosen()) {
      federation.region(name).ifPresent(regions::add);
    }
    if (regions.isEmpty()) {
      throw new NoSuchElementException("no region is enabled");
    }
    int[] sizes = sizes(items.size(), regions.stream().mapToDouble(RegionConfig::weight).toArray());
    Map<String, ArrayNode> parts = new LinkedHashMap<>();
    int next = 0;
    for (int i = 0; i < sizes.length; i++) {
      ArrayNode part = JsonNodeFactory.instance.arrayNode();
      for (int taken = 0; taken < sizes[i]; taken++) {
        part.add(items.get(next++));
      }
      parts.put(regions.get(i).name(), part);
    }
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
    Map<String, ArrayNode> parts = new LinkedHashMap<>();
    FederatedStageConfig anywhere =
        FederatedStageConfig.builder().strategy(FederationStrategy.NEAREST).build();
    WorldSnapshot snapshot = FederationSnapshots.of(federation, anywhere);
    for (JsonNode item : items) {
      FederatedStageConfig near = anywhere.toBuilder().sourceLocation(place.apply(item)).build();
      RoutingDecision decision = RegionSelector.decide(near, snapshot);
      if (decision.chosen().isEmpty()) {
        throw new NoSuchElementException(decision.reason());
      }
      parts
          .computeIfAbsent(decision.chosen().get(0), region -> JsonNodeFactory.instance.arrayNode())
          .add(item);
    }
    return parts;
  }

  /** Splits a number by weights: whole shares first, then one more to the largest remainders. */
  private static int[] sizes(int count, double[] weights) {
    double total = 0;
    for (double weight : weights) {
      total += weight;
    }
    int[] sizes = new int[weights.length];
    double[] remainders = new double[weights.length];
    int left = count;
    for (int i = 0; i < weights.length; i++) {
      double share = count * weights[i] / total;
      sizes[i] = (int) Math.floor(share);
      remainders[i] = share - sizes[i];
      left -= sizes[i];
    }
    for (; left > 0; left--) {
      int largest = 0;
      for (int i = 1; i < remainders.length; i++) {
        if (remainders[i] > remainders[largest]) {
          largest = i;
        }
      }
      sizes[largest]++;
      remainders[largest] = -1;
    }
    return sizes;
  }
}
