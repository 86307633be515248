package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.aggregation.AggregationException;
import dev.federated.aggregation.Aggregator;
import dev.federated.aggregation.RegionOutput;
import dev.federated.model.AggregationOptions;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The printed JSON of a stage's result: what is recorded, and the aggregate beside it. */
public final class StageResultJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private StageResultJson() {}

  /** The result with its aggregate, as people and pipelines read it. */
  public static ObjectNode print(FederatedStageResult result) {
    ObjectNode recorded = MAPPER.valueToTree(result);
    ObjectNode printed = MAPPER.createObjectNode();
    for (Map.Entry<String, JsonNode> field : recorded.properties()) {
      if (field.getKey().equals("error")) {
        printed.set("aggregated", result.aggregated());
      }
      if (!field.getKey().equals("aggregated") && !field.getKey().equals("aggregation_options")) {
        printed.set(field.getKey(), field.getValue());
      }
    }
    printed.path("region_results").forEach(StageResultJson::showEstimate);
    printed
        .path("decisions")
        .forEach(decision -> decision.path("candidates").forEach(StageResultJson::showEstimate));
    return printed;
  }

  /** A decision that was asked for, with null where a cost or a latency is not known. */
  public static ObjectNode print(RoutingDecision decision) {
    ObjectNode printed = MAPPER.valueToTree(decision);
    for (JsonNode candidate : printed.path("candidates")) {
      showEstimate(candidate);
      if (candidate instanceof ObjectNode object && !object.has("estimated_latency_ms")) {
        object.putNull("estimated_latency_ms");
      }
    }
    return printed;
  }

  /** What nothing is known of is null to a reader, and takes no place in histories. */
  private static void showEstimate(JsonNode priced) {
    if (priced instanceof ObjectNode object && !object.has("estimated_cost")) {
      object.putNull("estimated_cost");
    }
  }

  static JsonNode aggregated(FederatedStageResult result) {
    if (result.recordedAggregate() != null) {
      return result.recordedAggregate();
    }
    AggregationOptions options = result.aggregationOptions();
    if (options == null || result.outcome() == StageOutcome.FAILED) {
      return NullNode.instance;
    }
    try {
      return Aggregator.BUILT_IN
          .aggregate(options, outputs(result.regionResults().values()), result.winner())
          .value();
    } catch (AggregationException e) {
      throw new IllegalStateException(
          "stage %s of %s succeeded with an aggregate that cannot be computed again: %s"
              .formatted(result.stageId(), result.workflowId(), e.getMessage()),
          e);
    }
  }

  /** The outputs of the shares that succeeded, in their order. */
  static List<RegionOutput> outputs(Iterable<RegionResult> results) {
    List<RegionOutput> outputs = new ArrayList<>();
    for (RegionResult result : results) {
      if (result.status() == RegionStatus.SUCCEEDED) {
        JsonNode output = result.output();
        outputs.add(new RegionOutput(result.region(), output == null ? NullNode.instance : output));
      }
    }
    return outputs;
  }
}
