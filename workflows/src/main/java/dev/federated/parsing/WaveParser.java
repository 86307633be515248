package dev.federated.parsing;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Wave;
import java.util.List;

/** Reads what a sequential stage does between two regions. */
final class WaveParser {
  private static final List<String> KEYS =
      List.of("stop_on_failure", "pause_seconds", "health_gate");

  private WaveParser() {}

  /** Reads the keys. */
  static Wave parse(StrictObject block) {
    return new Wave(
        block.bool("stop_on_failure", false),
        block.number("pause_seconds", 0, StageFederationParser.LONGEST_SECONDS),
        block.bool("health_gate", false));
  }

  /** Checks the keys against the rest of the block. */
  static void check(FederatedStageConfig config, StrictObject block) {
    FederationStrategy strategy = config.strategy();
    boolean first = config.aggregation() == AggregationStrategy.FIRST;
    for (String key : KEYS) {
      if (!block.has(key)) {
        continue;
      }
      if (strategy != null && strategy != FederationStrategy.SEQUENTIAL) {
        block
            .problems()
            .add(
                block.pathOf(key),
                block.node(key),
                "is only read with strategy sequential, not " + strategy.wireName());
      } else if (first && !key.equals("pause_seconds")) {
        block
            .problems()
            .add(
                block.pathOf(key),
                block.node(key),
                "is not read with aggregation first, which goes on until the first success");
      }
    }
  }
}
