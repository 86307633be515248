package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.jspecify.annotations.Nullable;

/**
 * Where a stage's data is: in a region or at a place; exactly one of the two.
 *
 * @param region the region that holds the data, or null
 * @param point where the data is, or null
 */
public record DataLocation(@Nullable String region, @Nullable GeoPoint point) {
  public DataLocation {
    if ((region == null) == (point == null)) {
      throw new IllegalArgumentException("a data location is either a region or a point");
    }
  }

  /** The data is in that region. */
  public static DataLocation inRegion(String region) {
    return new DataLocation(region, null);
  }

  /** The data is at that place. */
  public static DataLocation at(GeoPoint point) {
    return new DataLocation(null, point);
  }

  /**
   * Reads a recorded location: a region's name as text, or an object with lat and lon.
   *
   * @throws IllegalArgumentException if it is neither
   */
  @JsonCreator
  static DataLocation fromJson(JsonNode json) {
    if (json.isTextual()) {
      return inRegion(json.asText());
    }
    if (!json.path("lat").isNumber() || !json.path("lon").isNumber()) {
      throw new IllegalArgumentException(
          "a data location is the name of a region or an object with lat and lon");
    }
    return at(new GeoPoint(json.get("lat").doubleValue(), json.get("lon").doubleValue()));
  }

  @JsonValue
  JsonNode toJson() {
    if (point != null) {
      return JsonNodeFactory.instance.objectNode().put("lat", point.lat()).put("lon", point.lon());
    }
    return JsonNodeFactory.instance.textNode(region);
  }
}
