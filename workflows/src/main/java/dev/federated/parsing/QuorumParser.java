package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.LateResultPolicy;
import dev.federated.model.Quorum;
import dev.federated.model.ToleratedFailures;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads how many regions a stage needs, beside {@code min_regions}. */
final class QuorumParser {
  private static final List<String> KEYS =
      List.of(
          "require_available",
          "max_regions",
          "grace_seconds",
          "tolerated_failures",
          "on_late_result");

  private static final List<String> KEYS_OF_WAITING =
      List.of("grace_seconds", "tolerated_failures", "on_late_result");

  private QuorumParser() {}

  /** Reads the keys. */
  static Quorum parse(StrictObject block) {
    return new Quorum(
        regions(block, "require_available"),
        regions(block, "max_regions"),
        block.number("grace_seconds", 0, StageFederationParser.LONGEST_SECONDS),
        toleratedFailures(block),
        block.constant("on_late_result", LateResultPolicy.class, "way of late results"));
  }

  private static @Nullable Integer regions(StrictObject block, String key) {
    return block.has(key)
        ? (int) block.integer(key, 1, StageFederationParser.MOST_REGIONS, 1)
        : null;
  }

  private static @Nullable ToleratedFailures toleratedFailures(StrictObject block) {
    JsonNode value = block.node("tolerated_failures");
    if (value == null) {
      return null;
    }
    try {
      return ToleratedFailures.fromJson(value);
    } catch (IllegalArgumentException e) {
      add(block, "tolerated_failures", "has to be a whole number from 0 or a text such as 10%");
      return null;
    }
  }

  /**
   * Checks the keys against the rest of the block.
   *
   * @param config the block
   * @param possible the regions that may run the stage; empty if that is not known
   */
  static void check(FederatedStageConfig config, StrictObject block, List<String> possible) {
    FederationStrategy strategy = config.strategy();
    if (strategy != null && !strategy.replicated()) {
      addEach(
          block,
          KEYS,
          "is only read with strategy parallel or sequential; %s runs in one region"
              .formatted(strategy.wireName()));
      return;
    }
    if (config.aggregation() == AggregationStrategy.FIRST) {
      addEach(
          block,
          KEYS_OF_WAITING,
          "is not read with aggregation first, which ends at the first success");
    }
    Quorum quorum = config.quorumOrDefault();
    Integer required = quorum.requireAvailable();
    if (required != null && !possible.isEmpty() && required > possible.size()) {
      add(
          block,
          "require_available",
          "is more than the number of regions that may run the stage, %d"
              .formatted(possible.size()));
    }
    Integer most = quorum.maxRegions();
    if (most != null && config.minRegions() > most) {
      add(block, "min_regions", "is more than max_regions, %d".formatted(most));
    }
    if (block.has("on_late_result") && !block.has("grace_seconds")) {
      add(block, "on_late_result", "is only read with grace_seconds: without it nothing is late");
    }
  }

  private static void addEach(StrictObject block, List<String> keys, String message) {
    for (String key : keys) {
      if (block.has(key)) {
        add(block, key, message);
      }
    }
  }

  private static void add(StrictObject block, String key, String message) {
    JsonNode value = block.node(key);
    block
        .problems()
        .add(block.pathOf(key), value != null && value.isValueNode() ? value : null, message);
  }
}
