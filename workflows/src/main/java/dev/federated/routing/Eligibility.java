package dev.federated.routing;

import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.Residency;
import dev.federated.model.WorldSnapshot;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
  private static final Eligibility DISABLED = excluded("disabled in the federation file");
  private static final Eligibility DRAINED =
      unavailable(FailureType.REGION_UNAVAILABLE, "drained by an operator");
  private static final Eligibility OPEN =
      unavailable(FailureType.CIRCUIT_OPEN, "circuit breaker is open");
  private static final Eligibility OFFLINE =
      unavailable(FailureType.REGION_UNAVAILABLE, "offline: its last health probe failed");
  private static final Eligibility UNPOLLED =
      unavailable(FailureType.NO_WORKER_IN_REGION, "no worker polls its task queue");

  /** Whether the stage may run in the region as the snapshot shows it. */
  public static Eligibility of(RegionSnapshot region, FederatedStageConfig config) {
    return new Rules(config).of(region);
  }

  /** What a stage asks of its regions, prepared for many of them. */
  public static final class Rules {
    private final List<String> tags;
    private final @Nullable Residency residency;
    private final @Nullable Set<String> residents;
    private final Eligibility outside;
    private boolean panic;

    /**
     * The rules of that stage in that world. Where the federation allows panic and neither a
     * candidate nor the fallback region is eligible, those that are only offline or have an open
     * breaker are.
     */
    public Rules(FederatedStageConfig config, WorldSnapshot snapshot) {
      this(config);
      if (Boolean.TRUE.equals(snapshot.panic())) {
        String fallback = config.fallbackRegion();
        RegionSnapshot target = fallback == null ? null : snapshot.region(fallback);
        panic =
            (target == null || !of(target).eligible())
                && snapshot.candidates().stream().noneMatch(region -> of(region).eligible());
      }
    }

    /** The rules of that stage while some region is well. */
    public Rules(FederatedStageConfig config) {
      this.residency = config.residency();
      this.tags = config.requiredTags();
      this.residents =
          residency == null || residency.regions() == null
              ? null
              : new HashSet<>(residency.regions());
      this.outside = residency == null ? YES : excluded("outside the residency " + residency);
    }

    /** Whether the stage may run in the region as the snapshot shows it. */
    public Eligibility of(RegionSnapshot region) {
      if (Boolean.FALSE.equals(region.enabled())) {
        return DISABLED;
      }
      boolean inside =
          residents != null
              ? residents.contains(region.name())
              : residency == null || residency.allows(region.name(), region.tags());
      if (!inside) {
        return outside;
      }
      String missing = missingTags(region.tags());
      if (missing != null) {
        return excluded("missing tag " + missing);
      }
      if (Boolean.TRUE.equals(region.drained())) {
        return DRAINED;
      }
      if (region.circuit() == CircuitState.OPEN && !panic) {
        return OPEN;
      }
      if (Boolean.FALSE.equals(region.online()) && !panic) {
        return OFFLINE;
      }
      return Boolean.FALSE.equals(region.polled()) ? UNPOLLED : YES;
    }

    /** Whether regions that are not well are eligible because no other is. */
    public boolean panic() {
      return panic;
    }

    private @Nullable String missingTags(@Nullable List<String> present) {
      StringBuilder missing = null;
      for (String tag : tags) {
        if (present == null || !present.contains(tag)) {
          missing = missing == null ? new StringBuilder() : missing.append(", ");
          missing.append(tag);
        }
      }
      return missing == null ? null : missing.toString();
    }
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
