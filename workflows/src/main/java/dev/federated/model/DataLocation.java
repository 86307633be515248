package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a stage's data is: in a region, at a place, or each data set where it is; exactly one of
 * the three.
 *
 * @param region the region that holds the data, or null
 * @param point where the data is, or null
 * @param datasets the data sets by name, in order, at least one; or null
 */
public record DataLocation(
    @Nullable String region, @Nullable GeoPoint point, @Nullable Map<String, DataSet> datasets) {
  private static final String DATASETS = "datasets";
  private static final String REGION = "region";
  private static final String SIZE = "size_bytes";

  public DataLocation {
    int given = (region == null ? 0 : 1) + (point == null ? 0 : 1) + (datasets == null ? 0 : 1);
    if (given != 1 || (datasets != null && datasets.isEmpty())) {
      throw new IllegalArgumentException(
          "a data location is either a region or a point or at least one data set");
    }
    datasets = datasets == null ? null : Collections.unmodifiableMap(new LinkedHashMap<>(datasets));
  }

  /** The data is in that region. */
  public static DataLocation inRegion(String region) {
    return new DataLocation(region, null, null);
  }

  /** The data is at that place. */
  public static DataLocation at(GeoPoint point) {
    return new DataLocation(null, point, null);
  }

  /** The data are these sets, by name. */
  public static DataLocation of(Map<String, DataSet> datasets) {
    return new DataLocation(null, null, datasets);
  }

  /**
   * The data as sets with a size each.
   *
   * @param sizeBytes the size of data that is not told by data set
   */
  public List<DataSet> sets(long sizeBytes) {
    return datasets == null
        ? List.of(new DataSet(region, point, sizeBytes))
        : List.copyOf(datasets.values());
  }

  /** Whether any of the data is told by coordinates. */
  public boolean hasPoint() {
    return sets(0).stream().anyMatch(set -> set.point() != null);
  }

  /** The regions that are named, in order. */
  public List<String> regions() {
    return sets(0).stream()
        .flatMap(set -> set.region() == null ? null : Stream.of(set.region()))
        .distinct()
        .toList();
  }

  /**
   * Reads a recorded location: a region's name as text, an object with lat and lon, or an object
   * with data sets.
   *
   * @throws IllegalArgumentException if it is none of them
   */
  @JsonCreator
  static DataLocation fromJson(JsonNode json) {
    if (json.isTextual()) {
      return inRegion(json.asText());
    }
    if (json.path(DATASETS).isObject()) {
      Map<String, DataSet> datasets = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> set : json.path(DATASETS).properties()) {
        JsonNode region = set.getValue().path(REGION);
        long bytes = set.getValue().path(SIZE).asLong();
        datasets.put(
            set.getKey(),
            region.isTextual()
                ? DataSet.inRegion(region.asText(), bytes)
                : DataSet.at(point(set.getValue()), bytes));
      }
      return of(datasets);
    }
    return at(point(json));
  }

  private static GeoPoint point(JsonNode json) {
    if (!json.path("lat").isNumber() || !json.path("lon").isNumber()) {
      throw new IllegalArgumentException(
          "a data location is the name of a region or an object with lat and lon");
    }
    return new GeoPoint(json.get("lat").doubleValue(), json.get("lon").doubleValue());
  }

  @JsonValue
  JsonNode toJson() {
    if (region != null) {
      return JsonNodeFactory.instance.textNode(region);
    }
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    if (point != null) {
      return json.put("lat", point.lat()).put("lon", point.lon());
    }
    ObjectNode sets = json.putObject(DATASETS);
    if (datasets != null) {
      datasets.forEach((name, set) -> write(set, sets.putObject(name)));
    }
    return json;
  }

  private static void write(DataSet set, ObjectNode json) {
    if (set.region() != null) {
      json.put(REGION, set.region());
    }
    if (set.point() != null) {
      json.put("lat", set.point().lat()).put("lon", set.point().lon());
    }
    json.put(SIZE, set.sizeBytes());
  }
}
