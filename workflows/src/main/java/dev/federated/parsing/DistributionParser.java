package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.Distribution;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.PartitionBy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what each region of a stage gets: all of the inputs, its part of an array, or its own. */
final class DistributionParser {
  private static final List<String> KEYS_OF_PARTITION =
      List.of("partition_items", "partition_by", "partition_location");

  private DistributionParser() {}

  /** Reads the keys into a block whose strategy, aggregation and regions are read already. */
  static void parse(
      StrictObject block,
      @Nullable FederationConfig federation,
      FederatedStageConfig.Builder config) {
    FederatedStageConfig read = config.build();
    Distribution distribution = block.constant("distribution", Distribution.class, "distribution");
    PartitionBy by = block.constant("partition_by", PartitionBy.class, "way to partition");
    config.distribution(distribution == Distribution.REPLICATE ? null : distribution);
    config.partitionItems(items(block));
    config.partitionBy(by);
    config.partitionLocation(block.text("partition_location"));
    config.regionInputs(regionInputs(block, read, federation));
    if (distribution == Distribution.PARTITION) {
      checkPartition(block, read);
    } else {
      for (String key : KEYS_OF_PARTITION) {
        if (block.has(key)) {
          add(block, key, "is only read with distribution partition");
        }
      }
    }
    if (distribution == Distribution.PARTITION
        && block.has("partition_location")
        && by != PartitionBy.LOCATION) {
      add(block, "partition_location", "is only read with partition_by location");
    }
  }

  private static void checkPartition(StrictObject block, FederatedStageConfig read) {
    FederationStrategy strategy = read.strategy();
    AggregationStrategy aggregation = read.aggregation();
    if (strategy != null && !strategy.replicated()) {
      add(
          block,
          "distribution",
          "partition needs strategy parallel or sequential; %s runs in one region"
              .formatted(strategy.wireName()));
    }
    if (aggregation != null && !aggregation.gathersParts()) {
      add(
          block,
          "aggregation",
          "would leave out parts of the array; use concat, merge, reduce or all");
    }
    if (block.has("region_inputs")) {
      add(
          block,
          "region_inputs",
          "gives each region its own inputs, so that there is nothing to partition; give one");
    }
  }

  private static @Nullable String items(StrictObject block) {
    String path = block.text("partition_items");
    if (path != null && List.of(path.split("\\.", -1)).contains("")) {
      add(
          block,
          "partition_items",
          "has to be names of fields with dots between, such as data.orders");
    }
    return path;
  }

  private static @Nullable Map<String, JsonNode> regionInputs(
      StrictObject block, FederatedStageConfig read, @Nullable FederationConfig federation) {
    JsonNode given = block.node("region_inputs");
    StrictObject object = block.object("region_inputs");
    if (given == null || object == null || !given.isObject()) {
      return null;
    }
    String place = block.pathOf("region_inputs");
    Map<String, JsonNode> inputs = new LinkedHashMap<>();
    for (String region : object.keys()) {
      JsonNode value = object.nodeOrJsonNull(region);
      inputs.put(region, value == null ? JsonNodeFactory.instance.nullNode() : value);
      String regionPlace = object.pathOf(Problems.shown(region));
      if (federation != null && federation.region(region).isEmpty()) {
        block.problems().addUnknown(regionPlace, "region", region, federation.regionNames());
      } else if (!read.regions().isEmpty() && !read.regions().contains(region)) {
        block
            .problems()
            .add(regionPlace, null, "is not one of the stage's regions " + read.regions());
      }
    }
    List<String> missing =
        read.regions().stream().filter(region -> !inputs.containsKey(region)).toList();
    if (!missing.isEmpty()) {
      block
          .problems()
          .add(
              place,
              null,
              "has nothing for %s; every region of the list needs an entry"
                  .formatted(Problems.listed(missing)));
    } else if (inputs.isEmpty()) {
      block.problems().add(place, given, "needs at least one region");
    }
    return inputs.isEmpty() ? null : inputs;
  }

  private static void add(StrictObject block, String key, String message) {
    JsonNode value = block.node(key);
    block
        .problems()
        .add(block.pathOf(key), value != null && value.isValueNode() ? value : null, message);
  }
}
