package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The only regions that may execute a stage: those of the given names, or those with every one of
 * the given tags; exactly one of the two.
 *
 * @param regions the names of the regions, or null
 * @param tags the tags that a region has to have, or null
 */
public record Residency(@Nullable List<String> regions, @Nullable List<String> tags) {
  private static final String TAGS = "tags";

  public Residency {
    if ((regions == null) == (tags == null)) {
      throw new IllegalArgumentException("a residency is either names of regions or tags");
    }
    regions = regions == null ? null : List.copyOf(regions);
    tags = tags == null ? null : List.copyOf(tags);
  }

  /** Only those regions; no name allows none. */
  public static Residency inRegions(List<String> names) {
    return new Residency(names, null);
  }

  /** Only regions that have every one of these tags. */
  public static Residency inTags(List<String> tags) {
    return new Residency(null, tags);
  }

  /**
   * Whether a region is inside.
   *
   * @param region its name
   * @param present its tags; null means that they are not known, and then a residency by tags does
   *     not allow it
   */
  public boolean allows(String region, @Nullable Collection<String> present) {
    if (regions != null) {
      return regions.contains(region);
    }
    return tags != null && present != null && present.containsAll(tags);
  }

  /** As messages name it: the names, or the tags with a word before them. */
  @Override
  public String toString() {
    return regions != null ? regions.toString() : "tags " + tags;
  }

  /**
   * Reads a recorded residency: an array of names, or an object with tags.
   *
   * @throws IllegalArgumentException if it is neither
   */
  @JsonCreator
  static Residency fromJson(JsonNode json) {
    if (json.isArray()) {
      return inRegions(texts(json));
    }
    if (!json.path(TAGS).isArray()) {
      throw new IllegalArgumentException(
          "a residency is an array of names of regions or an object with tags");
    }
    return inTags(texts(json.path(TAGS)));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  @JsonValue
  JsonNode toJson() {
    ArrayNode names = JsonNodeFactory.instance.arrayNode();
    if (regions != null) {
      regions.forEach(names::add);
      return names;
    }
    if (tags != null) {
      tags.forEach(names::add);
    }
    return JsonNodeFactory.instance.objectNode().set(TAGS, names);
  }
}
