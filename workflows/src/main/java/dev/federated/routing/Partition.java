package dev.federated.routing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.GeoPoint;
import dev.federated.model.ItemRanges;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Splits the items of an array over regions: a pure function, part of histories like {@link
 * RegionSelector}. Every item goes to exactly one region, and the order within a region is that of
 * the array.
 *
 * @param parts what each region gets, in region order; a part may be empty
 * @param unplaced items that go by location and of which none is known; they went to the first
 *     region
 */
public record Partition(Map<String, ItemRanges> parts, int unplaced) {
  /** Where an item is: in a region or at a point; neither where it does not say. */
  public record Place(@Nullable String region, @Nullable GeoPoint point) {
    /** A place that is not known. */
    public static final Place UNKNOWN = new Place(null, null);
  }

  /**
   * Splits the array of a stage as its block says: over its eligible regions in order; if there is
   * none, all of it to the fallback region; if that may not run the stage either, over the regions
   * that are unavailable now. No part at all if there are none of these.
   */
  public static Partition ofStage(StageRequest request, WorldSnapshot snapshot) {
    FederatedStageConfig config = request.federation();
    List<String> names = RegionSelector.decide(config, snapshot).chosen();
    String fallback = RegionSelector.explicitFallback(config, snapshot);
    if (names.isEmpty() && fallback != null) {
      names = List.of(fallback);
    }
    if (names.isEmpty()) {
      Eligibility.Rules rules = new Eligibility.Rules(config);
      names =
          RegionSelector.inOrder(config, snapshot).stream()
              .filter(region -> rules.of(region).verdict() == Eligibility.Verdict.UNAVAILABLE)
              .map(RegionSnapshot::name)
              .toList();
    }
    return names.isEmpty()
        ? new Partition(Map.of(), 0)
        : of(config, snapshot, items(request), names);
  }

  /**
   * What a stage partitions: its inputs, or the field of them that {@code partition_items} names. A
   * missing node if there is no such field; anything but an array cannot be partitioned.
   */
  public static JsonNode items(StageRequest request) {
    JsonNode found = request.inputs();
    for (String name : path(request.federation())) {
      found = found.path(name);
    }
    return found;
  }

  /** The inputs of one share: those of the stage with its part in place of the whole array. */
  public static JsonNode inputs(StageRequest request, ItemRanges part) {
    return replaced(request.inputs(), path(request.federation()), 0, part.pick(items(request)));
  }

  private static String[] path(FederatedStageConfig config) {
    String path = config.partitionItems();
    return path == null ? new String[0] : path.split("\\.", -1);
  }

  private static JsonNode replaced(JsonNode object, String[] path, int depth, JsonNode part) {
    if (depth == path.length) {
      return part;
    }
    ObjectNode copy = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      boolean onTheWay = field.getKey().equals(path[depth]);
      copy.set(
          field.getKey(),
          onTheWay ? replaced(field.getValue(), path, depth + 1, part) : field.getValue());
    }
    return copy;
  }

  /**
   * Splits as a stage's block says.
   *
   * @param names the regions that get a part, in order, at least one
   */
  private static Partition of(
      FederatedStageConfig config, WorldSnapshot snapshot, JsonNode items, List<String> names) {
    List<RegionSnapshot> regions = new ArrayList<>();
    for (String name : names) {
      RegionSnapshot region = snapshot.region(name);
      regions.add(region == null ? RegionSnapshot.builder(name).build() : region);
    }
    return switch (config.partitionByOrDefault()) {
      case WEIGHT -> byWeight(items.size(), regions);
      case LOAD -> byLoad(items.size(), regions);
      case LOCATION ->
          byPlace(
              items,
              regions,
              item -> place(item.get(config.partitionLocationOrDefault())),
              snapshot::region);
    };
  }

  /** Consecutive parts, each within one item of the region's weighted share. */
  public static Partition byWeight(int count, List<RegionSnapshot> regions) {
    return bySize(count, regions, region -> region.weight() == null ? 1 : region.weight());
  }

  /**
   * Consecutive parts, each within one item of the region's share of the free places: {@code
   * max_concurrent} less what runs, waits and was just sent there. Where no region has a free one,
   * by {@code max_concurrent}.
   */
  static Partition byLoad(int count, List<RegionSnapshot> regions) {
    boolean anyFree = regions.stream().anyMatch(region -> free(region) > 0);
    return bySize(count, regions, anyFree ? Partition::free : Partition::slots);
  }

  private static double slots(RegionSnapshot region) {
    return region.maxConcurrent() == null ? 1 : region.maxConcurrent();
  }

  private static double free(RegionSnapshot region) {
    double taken = region.inFlight() == null ? 0 : region.inFlight();
    taken += region.backlog() == null ? 0 : region.backlog();
    taken += region.picks() == null ? 0 : region.picks();
    return Math.max(0, slots(region) - taken);
  }

  /**
   * Each item to the region that it is in, else to the nearest one; where nothing says where it is,
   * to the first region.
   *
   * @param place where an item is
   * @param elsewhere looks up a region that gets no part, for where it is
   */
  public static Partition byPlace(
      JsonNode items,
      List<RegionSnapshot> regions,
      Function<JsonNode, Place> place,
      Function<String, @Nullable RegionSnapshot> elsewhere) {
    Map<String, List<Integer>> positions = new LinkedHashMap<>();
    regions.forEach(region -> positions.put(region.name(), new ArrayList<>()));
    // Many items at few places are usual, and distances to many regions take their time.
    Map<Place, Optional<String>> known = new HashMap<>();
    int unplaced = 0;
    for (int i = 0; i < items.size(); i++) {
      String region =
          known
              .computeIfAbsent(
                  place.apply(items.get(i)),
                  at -> Optional.ofNullable(regionOf(at, regions, positions, elsewhere)))
              .orElse(null);
      if (region == null) {
        unplaced++;
        region = regions.get(0).name();
      }
      positions.getOrDefault(region, new ArrayList<>()).add(i);
    }
    Map<String, ItemRanges> parts = new LinkedHashMap<>();
    positions.forEach((region, own) -> parts.put(region, ItemRanges.of(own)));
    return new Partition(parts, unplaced);
  }

  private static @Nullable String regionOf(
      Place place,
      List<RegionSnapshot> regions,
      Map<String, List<Integer>> parts,
      Function<String, @Nullable RegionSnapshot> elsewhere) {
    GeoPoint point = place.point();
    String name = place.region();
    if (name != null) {
      if (parts.containsKey(name)) {
        return name;
      }
      RegionSnapshot outside = elsewhere.apply(name);
      point = outside == null ? null : outside.place();
    }
    RegionSnapshot nearest = point == null ? null : DataHolders.nearest(point, regions);
    return nearest == null ? null : nearest.name();
  }

  /** Reads a place as an item tells it: a region's name or an object with lat and lon. */
  private static Place place(@Nullable JsonNode json) {
    if (json != null && json.isTextual()) {
      return new Place(json.textValue(), null);
    }
    if (json == null || !json.path("lat").isNumber() || !json.path("lon").isNumber()) {
      return Place.UNKNOWN;
    }
    double lat = json.get("lat").doubleValue();
    double lon = json.get("lon").doubleValue();
    boolean onEarth = Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    return onEarth ? new Place(null, new GeoPoint(lat, lon)) : Place.UNKNOWN;
  }

  private static Partition bySize(
      int count, List<RegionSnapshot> regions, ToDoubleFunction<RegionSnapshot> weight) {
    int[] sizes = sizes(count, regions.stream().mapToDouble(weight).toArray());
    Map<String, ItemRanges> parts = new LinkedHashMap<>();
    int next = 0;
    for (int i = 0; i < sizes.length; i++) {
      parts.put(regions.get(i).name(), ItemRanges.of(next, sizes[i]));
      next += sizes[i];
    }
    return new Partition(parts, 0);
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
