package dev.federated.aggregation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.MergeConflict;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Outputs of regions named r0, r1, … as JSON texts, and the options to aggregate them by. */
final class Outputs {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Outputs() {}

  static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<RegionOutput> outputs(String... texts) {
    List<RegionOutput> list = new ArrayList<>();
    for (String text : texts) {
      list.add(new RegionOutput("r" + list.size(), json(text)));
    }
    return list;
  }

  static List<RegionOutput> ofNodes(List<? extends JsonNode> nodes) {
    List<RegionOutput> list = new ArrayList<>();
    for (JsonNode node : nodes) {
      list.add(new RegionOutput("r" + list.size(), node));
    }
    return list;
  }

  static Aggregated aggregate(AggregationOptions options, List<RegionOutput> outputs)
      throws AggregationException {
    return Aggregator.BUILT_IN.aggregate(options, outputs, null);
  }

  static AggregationOptions merge(MergeConflict conflict) {
    return new AggregationOptions(AggregationStrategy.MERGE, conflict, "sum", "score", null, false);
  }

  static AggregationOptions reduce(String function) {
    return new AggregationOptions(
        AggregationStrategy.REDUCE, MergeConflict.LAST, function, "score", null, false);
  }

  static AggregationOptions majority(@Nullable String voteField, boolean required) {
    return new AggregationOptions(
        AggregationStrategy.MAJORITY, MergeConflict.LAST, "sum", "score", voteField, required);
  }

  static AggregationOptions best(String scoreField) {
    return new AggregationOptions(
        AggregationStrategy.BEST, MergeConflict.LAST, "sum", scoreField, null, false);
  }
}
