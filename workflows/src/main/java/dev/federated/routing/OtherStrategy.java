package dev.federated.routing;

import dev.federated.model.Candidate;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What another strategy would have decided by the snapshot that a stage recorded. A snapshot holds
 * what its own strategy read: which regions were eligible and their prices always, load, turns,
 * latency and places only where they were read. Of what was not recorded nothing is made up.
 *
 * @param decision the decision; nothing is chosen where that takes what was not recorded
 * @param lacks what the snapshot does not have, for people; null if it has all that is read
 */
public record OtherStrategy(RoutingDecision decision, @Nullable String lacks) {
  private static final String NOT_RECORDED = "not recorded";

  /** Decides anew. */
  public static OtherStrategy decide(
      FederatedStageConfig stage, WorldSnapshot recorded, FederationStrategy strategy) {
    FederatedStageConfig other = stage.toBuilder().strategy(strategy).build();
    if (RegionSelector.strategy(stage, recorded) == strategy) {
      return new OtherStrategy(RegionSelector.decide(other, recorded), null);
    }
    WorldSnapshot snapshot = recorded.withDataFirst(FederationSnapshots.dataFirst(other, strategy));
    RoutingDecision decision = RegionSelector.decide(other, snapshot);
    String lacks = lacks(other, snapshot, decision);
    return lacks == null
        ? new OtherStrategy(decision, null)
        : new OtherStrategy(unknown(decision, lacks), lacks);
  }

  /** What the strategy reads and the snapshot does not have, or null. */
  private static @Nullable String lacks(
      FederatedStageConfig stage, WorldSnapshot snapshot, RoutingDecision decision) {
    if (staysAtData(stage, snapshot, decision)) {
      return null;
    }
    DataLocation data = stage.dataLocality() ? stage.dataLocation() : null;
    boolean placeIsRead = data != null && data.hasPoint();
    if (placeIsRead && !decision.strategy().replicated() && none(snapshot, OtherStrategy::placed)) {
      return "where the regions are";
    }
    return switch (decision.strategy()) {
      case PARALLEL, SEQUENTIAL, COST_OPTIMIZED -> null;
      case NEAREST -> {
        boolean byPlace = stage.sourceLocation() != null || data != null;
        yield byPlace
            ? none(snapshot, OtherStrategy::placed) ? "where the regions are" : null
            : none(snapshot, region -> region.latencyMs() != null) ? "measured latency" : null;
      }
      case ROUND_ROBIN ->
          none(snapshot, region -> region.turn() != null) ? "whose turn it was" : null;
      case LEAST_LOADED ->
          none(snapshot, region -> region.inFlight() != null || region.backlog() != null)
              ? "load"
              : null;
    };
  }

  /** Whether the region that holds the data is taken, whatever else is read. */
  private static boolean staysAtData(
      FederatedStageConfig stage, WorldSnapshot snapshot, RoutingDecision decision) {
    String holder = stage.dataLocality() ? RegionSelector.dataRegion(stage, snapshot) : null;
    return holder != null && decision.chosen().equals(List.of(holder));
  }

  private static boolean placed(RegionSnapshot region) {
    return region.place() != null;
  }

  private static boolean none(WorldSnapshot snapshot, Predicate<RegionSnapshot> has) {
    return snapshot.candidates().stream().noneMatch(has);
  }

  /** The decision without what it took from figures that were not recorded. */
  private static RoutingDecision unknown(RoutingDecision decision, String lacks) {
    List<Candidate> candidates = new ArrayList<>();
    List<String> eligible = new ArrayList<>();
    for (Candidate candidate : decision.candidates()) {
      if (candidate.eligible()) {
        eligible.add(candidate.region());
        candidates.add(
            new Candidate(candidate.region(), true, null, NOT_RECORDED, candidate.estimatedCost()));
      } else {
        candidates.add(candidate);
      }
    }
    String strategy = decision.strategy().wireName();
    return switch (eligible.size()) {
      case 0 -> decision;
      case 1 ->
          new RoutingDecision(
              decision.strategy(),
              eligible,
              strategy + ": " + eligible.get(0) + ", the only eligible region",
              candidates);
      default ->
          new RoutingDecision(
              decision.strategy(),
              List.of(),
              "%s: %s, %s".formatted(strategy, NOT_RECORDED, lacks),
              candidates);
    };
  }
}
