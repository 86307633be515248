package dev.federated.routing;

import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionSnapshot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether a stage may run in a region. What is not known never makes a region ineligible.
 *
 * @param verdict whether it may, never may, or may not now
 * @param failure how a listed region that is unavailable fails; null for the other verdicts
 * @param reason why not; empty if it may
 */
public record Eligibility(Verdict verdict, @Nullable FailureType failure, String reason) {
  /** The three answers. */
  public enum Verdict {
    /** The stage may run there. */
    ELIGIBLE,
    /** The stage must not run there: disabled, a missing tag, residency. It does not count. */
    EXCLUDED,
    /** The stage could run there but not now: drained, open breaker, offline, nobody polls. */
    UNAVAILABLE
  }

  private static final Eligibility YES = new Eligibility(Verdict.ELIGIBLE, null, "");

  /** Whether the stage may run in the region as the snapshot shows it. */
  public static Eligibility of(RegionSnapshot region, FederatedStageConfig config) {
    if (Boolean.FALSE.equals(region.enabled())) {
      return excluded("disabled in the federation file");
    }
    List<String> residency = config.residency();
    if (residency != null && !residency.contains(region.name())) {
      return excluded("outside the residency " + residency);
    }
    List<String> missing = new ArrayList<>(config.requiredTags());
    if (region.tags() != null) {
      missing.removeAll(region.tags());
    }
    if (!missing.isEmpty()) {
      return excluded("missing tag " + String.join(", ", missing));
    }
    if (Boolean.TRUE.equals(region.drained())) {
      return unavailable(FailureType.REGION_UNAVAILABLE, "drained by an operator");
    }
    if (region.circuit() == CircuitState.OPEN) {
      return unavailable(FailureType.CIRCUIT_OPEN, "circuit breaker is open");
    }
    if (Boolean.FALSE.equals(region.online())) {
      return unavailable(FailureType.REGION_UNAVAILABLE, "offline: its last health probe failed");
    }
    if (Boolean.FALSE.equals(region.polled())) {
      return unavailable(FailureType.NO_WORKER_IN_REGION, "no worker polls its task queue");
    }
    return YES;
  }

  /** Whether the stage may run there. */
  public boolean eligible() {
    return verdict == Verdict.ELIGIBLE;
  }

  private static Eligibility excluded(String reason) {
    return new Eligibility(Verdict.EXCLUDED, null, reason);
  }

  private static Eligibility unavailable(FailureType failure, String reason) {
    return new Eligibility(Verdict.UNAVAILABLE, failure, reason);
  }
}
