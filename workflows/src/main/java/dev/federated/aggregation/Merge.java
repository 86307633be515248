package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.MergeConflict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Deep merge. All regions' values of one field are merged in one step rather than region by region,
 * so that every node is visited once however many regions there are; a value that needs no merging
 * is taken as it is, without a copy.
 */
final class Merge {
  private final MergeConflict conflict;

  Merge(MergeConflict conflict) {
    this.conflict = conflict;
  }

  JsonNode merge(List<RegionOutput> outputs) throws AggregationException {
    List<RegionOutput> values = new ArrayList<>();
    for (RegionOutput output : outputs) {
      if (!output.output().isNull()) {
        values.add(output);
      }
    }
    if (values.isEmpty()) {
      return NullNode.instance;
    }
    if (values.size() == 1) {
      return values.get(0).output();
    }
    for (RegionOutput value : values) {
      if (!value.output().isObject()) {
        throw new AggregationException(
            "merge needs objects, but the output of region %s is %s; use aggregation all or concat"
                .formatted(value.region(), Kinds.of(value.output())));
      }
    }
    return objects(values, null);
  }

  private ObjectNode objects(List<RegionOutput> objects, @Nullable FieldPath path)
      throws AggregationException {
    Map<String, List<RegionOutput>> fields = new LinkedHashMap<>();
    for (RegionOutput object : objects) {
      for (Map.Entry<String, JsonNode> field : object.output().properties()) {
        fields
            .computeIfAbsent(field.getKey(), name -> new ArrayList<>(1))
            .add(new RegionOutput(object.region(), field.getValue()));
      }
    }
    ObjectNode merged = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, List<RegionOutput>> field : fields.entrySet()) {
      merged.set(field.getKey(), field(field.getValue(), FieldPath.of(path, field.getKey())));
    }
    return merged;
  }

  private JsonNode field(List<RegionOutput> values, FieldPath path) throws AggregationException {
    if (values.size() == 1) {
      return values.get(0).output();
    }
    return switch (conflict) {
      case LAST -> last(values, path);
      case FIRST -> first(values, path);
      case ERROR, COLLECT -> all(values, path);
    };
  }

  /** The last value, and if it is an object, the objects right before it as well. */
  private JsonNode last(List<RegionOutput> values, FieldPath path) throws AggregationException {
    int from = values.size();
    while (from > 0 && values.get(from - 1).output().isObject()) {
      from--;
    }
    return from >= values.size() - 1
        ? values.get(values.size() - 1).output()
        : objects(values.subList(from, values.size()), path);
  }

  /** The first value, and if it is an object, what the later objects add to it. */
  private JsonNode first(List<RegionOutput> values, FieldPath path) throws AggregationException {
    if (!values.get(0).output().isObject()) {
      return values.get(0).output();
    }
    List<RegionOutput> objects =
        values.stream().filter(value -> value.output().isObject()).toList();
    return objects.size() == 1 ? objects.get(0).output() : objects(objects, path);
  }

  private JsonNode all(List<RegionOutput> values, FieldPath path) throws AggregationException {
    if (values.stream().allMatch(value -> value.output().isObject())) {
      return objects(values, path);
    }
    RegionOutput first = values.get(0);
    String expected = CanonicalJson.of(first.output());
    for (RegionOutput value : values.subList(1, values.size())) {
      if (!CanonicalJson.of(value.output()).equals(expected)) {
        return differing(first, value, values, path);
      }
    }
    return first.output();
  }

  private JsonNode differing(
      RegionOutput first, RegionOutput other, List<RegionOutput> values, FieldPath path)
      throws AggregationException {
    if (conflict == MergeConflict.ERROR) {
      throw new AggregationException(
          "merge_conflict is error, and regions %s and %s differ in field '%s'"
              .formatted(first.region(), other.region(), path));
    }
    ArrayNode collected = JsonNodeFactory.instance.arrayNode(values.size());
    for (RegionOutput value : values) {
      collected.add(value.output());
    }
    return collected;
  }
}
