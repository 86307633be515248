package dev.federated.model;

import java.util.List;

/**
 * Which regions were selected and why, and why not the others.
 *
 * @param strategy the strategy that decided
 * @param chosen the selected regions in the order in which they are called
 * @param reason why these
 * @param candidates every region that was looked at, best first, the ineligible ones last
 */
@WireRecord
public record RoutingDecision(
    FederationStrategy strategy, List<String> chosen, String reason, List<Candidate> candidates) {
  public RoutingDecision {
    chosen = List.copyOf(chosen);
    candidates = List.copyOf(candidates);
  }
}
