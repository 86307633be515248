package dev.federated.stage;

import dev.federated.model.Candidate;
import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.RoutingDecision;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whether enough regions are there for a stage to start: {@code require_available}. */
final class StartCondition {
  private final Set<String> available = new LinkedHashSet<>();
  private final int candidates;
  private @Nullable Integer required;

  /** The condition of a stage, which needs so many regions; null for no condition. */
  StartCondition(@Nullable Integer required, RoutingDecision decision) {
    this.required = required;
    this.candidates = decision.candidates().size();
    for (Candidate candidate : decision.candidates()) {
      if (candidate.eligible()) {
        available.add(candidate.region());
      }
    }
  }

  /** An operator sends the stage to that region, whatever was known of it. */
  void sentTo(String region) {
    available.add(region);
  }

  /** The stage starts, or goes on, with as many as there are. */
  void lift() {
    required = null;
  }

  /** Whether the region counts as available. */
  boolean counts(String region) {
    return available.contains(region);
  }

  /** Why the stage may not start, or null. */
  @Nullable RegionError problem() {
    return required == null || available.size() >= required
        ? null
        : RegionError.of(
            FailureType.QUORUM_NOT_MET,
            "%d of %d regions are available, require_available is %d"
                .formatted(available.size(), candidates, required));
  }
}
