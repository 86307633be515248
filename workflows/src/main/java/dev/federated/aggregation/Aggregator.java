package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.WireName;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Aggregates the outputs of the regions of a stage. Pure: no clock, no order but the list's. The
 * outputs are never changed; the result shares nodes with them, so neither may be changed later.
 * The work is linear in the size of the outputs but for the sorting of keys.
 */
public final class Aggregator {
  /** With the built-in reduce functions only. */
  public static final Aggregator BUILT_IN = new Aggregator(Map.of());

  private final Map<String, ReduceFunction> reduceFunctions;

  /**
   * With reduce functions beyond the built-in ones, by name.
   *
   * @throws IllegalArgumentException if one has the name of a built-in function: a reader of the
   *     result, who has only that one, would compute something else
   */
  public Aggregator(Map<String, ReduceFunction> reduceFunctions) {
    this.reduceFunctions = Map.copyOf(reduceFunctions);
    for (BuiltInReduce builtIn : BuiltInReduce.values()) {
      if (this.reduceFunctions.containsKey(builtIn.wireName())) {
        throw new IllegalArgumentException(
            "reduce function '%s' is built in; give yours another name"
                .formatted(builtIn.wireName()));
      }
    }
  }

  /**
   * Aggregates.
   *
   * @param options how
   * @param outputs the outputs of the regions that succeeded, in region order, at least one; none
   *     gives JSON null
   * @param winner the region whose success came first by time, for aggregation first; null takes
   *     the first of the list
   * @throws AggregationException if the outputs cannot be aggregated as asked
   */
  public Aggregated aggregate(
      AggregationOptions options, List<RegionOutput> outputs, @Nullable String winner)
      throws AggregationException {
    if (outputs.isEmpty()) {
      return new Aggregated(NullNode.instance, List.of());
    }
    Warnings warnings = new Warnings();
    JsonNode value =
        switch (options.aggregation()) {
          case MERGE -> new Merge(options.mergeConflict()).merge(outputs);
          case REDUCE -> reduce(options.reduceFunction(), outputs, warnings);
          case FIRST -> first(outputs, winner);
          case ALL -> all(outputs);
          case MAJORITY ->
              new Majority(options.voteField(), options.requireMajority(), warnings)
                  .winner(outputs);
          case CONCAT -> concat(outputs);
          case BEST -> best(options.scoreField(), outputs, warnings);
        };
    return new Aggregated(value, warnings.messages());
  }

  /** Whether every reader of a result can compute this aggregation, with the built-in functions. */
  public static boolean builtIn(AggregationOptions options) {
    return options.aggregation() != AggregationStrategy.REDUCE
        || WireName.find(BuiltInReduce.class, options.reduceFunction()).isPresent();
  }

  private JsonNode reduce(String name, List<RegionOutput> outputs, Warnings warnings)
      throws AggregationException {
    Optional<BuiltInReduce> builtIn = WireName.find(BuiltInReduce.class, name);
    if (builtIn.isPresent()) {
      return new Reduce(builtIn.get().wireName(), builtIn.get()::reduce, warnings).reduce(outputs);
    }
    ReduceFunction registered = reduceFunctions.get(name);
    if (registered == null) {
      List<String> names = new ArrayList<>(WireName.names(BuiltInReduce.class));
      reduceFunctions.keySet().stream().sorted().forEach(names::add);
      throw new AggregationException(
          "this worker has no reduce function '%s'; it has %s"
              .formatted(name, String.join(", ", names)));
    }
    return new Reduce(name, registered::reduce, warnings).reduce(outputs);
  }

  private static JsonNode first(List<RegionOutput> outputs, @Nullable String winner)
      throws AggregationException {
    if (winner == null) {
      return outputs.get(0).output();
    }
    for (RegionOutput output : outputs) {
      if (output.region().equals(winner)) {
        return output.output();
      }
    }
    throw new AggregationException(
        "region %s was first, but it is not among the regions that succeeded".formatted(winner));
  }

  private static ArrayNode all(List<RegionOutput> outputs) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode(outputs.size());
    outputs.forEach(output -> all.add(output.output()));
    return all;
  }

  private static ArrayNode concat(List<RegionOutput> outputs) {
    ArrayNode joined = JsonNodeFactory.instance.arrayNode();
    for (RegionOutput output : outputs) {
      if (output.output().isArray()) {
        output.output().forEach(joined::add);
      } else {
        joined.add(output.output());
      }
    }
    return joined;
  }

  private static JsonNode best(String scoreField, List<RegionOutput> outputs, Warnings warnings)
      throws AggregationException {
    JsonNode best = null;
    BigDecimal highest = null;
    for (RegionOutput output : outputs) {
      JsonNode field = output.output().get(scoreField);
      BigDecimal score = field == null ? null : Numbers.decimal(field);
      if (field == null || score == null) {
        warnings.add(
            "best left out region %s: %s"
                .formatted(
                    output.region(),
                    field == null
                        ? "its output has no field '%s'".formatted(scoreField)
                        : "its field '%s' is %s".formatted(scoreField, Kinds.of(field))));
      } else if (highest == null || score.compareTo(highest) > 0) {
        best = output.output();
        highest = score;
      }
    }
    if (best == null) {
      throw new AggregationException(
          "best found no output with a number in the top-level field '%s'".formatted(scoreField));
    }
    return best;
  }
}
