package dev.federated.routing;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The decision that a stage would make, for people who ask before it runs. */
public final class Explanation {
  private Explanation() {}

  /**
   * Decides as a stage with that block would in that world.
   *
   * @param latencyMs how long an execution in a region takes, in milliseconds, or null
   */
  public static RoutingDecision of(
      FederatedStageConfig stage,
      WorldSnapshot snapshot,
      Function<String, @Nullable Double> latencyMs) {
    RoutingDecision decision = RegionSelector.decide(stage, snapshot);
    String unknown = RegionSelector.unknownRegions(snapshot);
    return new RoutingDecision(
        decision.strategy(),
        unknown == null ? decision.chosen() : List.of(),
        unknown == null ? decision.reason() : unknown,
        decision.candidates().stream()
            .map(candidate -> candidate.withEstimatedLatencyMs(latencyMs.apply(candidate.region())))
            .toList());
  }
}
