package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.DataLocation;
import dev.federated.model.DataSet;
import dev.federated.model.FederationConfig;
import dev.federated.model.GeoPoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads where a stage's data and its caller are. */
final class DataLocationParser {
  private static final String DATASETS = "datasets";
  private static final String A_PLACE = "a place such as {\"lat\": 40.7, \"lon\": -74.0}";
  private static final Pattern COORDINATES = Pattern.compile("[-+0-9. ]+,[-+0-9. ]+");

  private DataLocationParser() {}

  /** Reads {@code data_location}; null if it is absent or wrong. */
  static @Nullable DataLocation parse(StrictObject block, @Nullable FederationConfig federation) {
    JsonNode value = block.node("data_location");
    if (value == null) {
      return null;
    }
    boolean coordinates = value.isTextual() && COORDINATES.matcher(value.asText()).matches();
    if (coordinates || !(value.isTextual() || value.isObject())) {
      refuseLocation(
          block, "data_location", value, "the name of a region, data sets or " + A_PLACE);
      return null;
    }
    if (value.isTextual()) {
      String region = StageFederationParser.regionName(block, "data_location", federation);
      return region == null ? null : DataLocation.inRegion(region);
    }
    if (value.has(DATASETS)) {
      return datasets(block, federation);
    }
    GeoPoint point = point(block.object("data_location"));
    return point == null ? null : DataLocation.at(point);
  }

  private static @Nullable DataLocation datasets(
      StrictObject block, @Nullable FederationConfig federation) {
    StrictObject location = block.object("data_location");
    StrictObject sets = location == null ? null : location.object(DATASETS);
    if (location == null || sets == null) {
      return null;
    }
    location.finish();
    Map<String, DataSet> datasets = new LinkedHashMap<>();
    for (String name : sets.keys()) {
      StrictObject set = sets.object(name);
      DataSet read = set == null ? null : dataset(set, federation);
      if (read != null) {
        datasets.put(name, read);
      }
    }
    if (sets.keys().isEmpty()) {
      sets.problems().add(location.pathOf(DATASETS), null, "at least one data set is required");
    }
    if (block.has("data_size_bytes")) {
      block
          .problems()
          .add(
              block.pathOf("data_size_bytes"),
              block.node("data_size_bytes"),
              "is not read beside data sets, each of which has its size_bytes; leave it out");
    }
    return datasets.isEmpty() ? null : DataLocation.of(datasets);
  }

  private static @Nullable DataSet dataset(
      StrictObject set, @Nullable FederationConfig federation) {
    if (!set.has("size_bytes")) {
      set.problems().add(set.pathOf("size_bytes"), null, "is required");
    }
    long bytes = set.integer("size_bytes", 1, StageFederationParser.LARGEST_COUNT, 1);
    if (!set.has("region")) {
      GeoPoint point = point(set);
      return point == null ? null : DataSet.at(point, bytes);
    }
    String region = StageFederationParser.regionName(set, "region", federation);
    if (set.has("lat") || set.has("lon")) {
      set.problems()
          .add(set.pathOf("region"), set.node("region"), "is given beside lat and lon; give one");
    }
    set.finish();
    return region == null ? null : DataSet.inRegion(region, bytes);
  }

  /** Reads {@code source_location}; null if it is absent or wrong. */
  static @Nullable GeoPoint sourceLocation(StrictObject block) {
    JsonNode value = block.node("source_location");
    if (value != null && !value.isObject()) {
      refuseLocation(block, "source_location", value, A_PLACE);
      return null;
    }
    return point(block.object("source_location"));
  }

  private static void refuseLocation(
      StrictObject block, String key, JsonNode value, String expected) {
    block
        .problems()
        .add(block.pathOf(key), value.isValueNode() ? value : null, "has to be " + expected);
  }

  private static @Nullable GeoPoint point(@Nullable StrictObject object) {
    if (object == null) {
      return null;
    }
    Double lat = object.number("lat", -90, 90);
    Double lon = object.number("lon", -180, 180);
    for (String key : List.of("lat", "lon")) {
      if (!object.has(key)) {
        object.problems().add(object.pathOf(key), null, "is required");
      }
    }
    object.finish();
    return lat == null || lon == null ? null : new GeoPoint(lat, lon);
  }
}
