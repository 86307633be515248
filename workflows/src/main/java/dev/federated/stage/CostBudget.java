package dev.federated.stage;

import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionSnapshot;
import dev.federated.routing.ExecutionCosts;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a stage with {@code max_cost} has spent, what is kept for its shares that run or wait, and
 * what is left for further attempts and hops. Every attempt that began counts: one that succeeded
 * with its cost, one that failed with its estimate, because its region may charge for it although
 * it reported nothing. Without a {@code max_cost} everything is covered.
 */
final class CostBudget {
  private final @Nullable Double most;
  private final ExecutionCosts costs;
  private final Map<String, Grant> grants = new LinkedHashMap<>();
  private final Map<String, String> stopped = new LinkedHashMap<>();
  private double kept;
  private double spent;

  /**
   * What is kept for one share.
   *
   * @param each the estimate of one attempt
   * @param attempts how many are covered
   * @param limited whether more would have been made if they were covered
   */
  private record Grant(double each, int attempts, boolean limited) {
    double total() {
      return each * attempts;
    }
  }

  /**
   * A budget of which nothing is spent.
   *
   * @param most the stage's max_cost, or null
   * @param costs estimates its executions
   */
  CostBudget(@Nullable Double most, ExecutionCosts costs) {
    this.most = most;
    this.costs = costs;
  }

  /** A share of an earlier execution of the stage, which this one takes over or repeats. */
  void carry(RegionResult share) {
    spent += share.chargeable();
  }

  /** Keeps one execution for a share that waits, if that much is left. */
  void keep(String share, @Nullable RegionSnapshot region) {
    if (covers(share, region)) {
      grant(share, region, 1);
    }
  }

  /** Whether one more execution of the share in that region is covered. */
  boolean covers(String share, @Nullable RegionSnapshot region) {
    boolean covered = most == null || !ExecutionCosts.exceeds(each(region), left(share, most));
    if (!covered) {
      stopped.put(share, usedUp(region));
    }
    return covered;
  }

  /**
   * Keeps what a share may spend in a region.
   *
   * @param wanted attempts that the stage's block allows
   * @return how many of them are covered
   */
  int grant(String share, @Nullable RegionSnapshot region, int wanted) {
    if (most == null) {
      return wanted;
    }
    double each = each(region);
    double left = left(share, most);
    int attempts = 0;
    while (attempts < wanted && !ExecutionCosts.exceeds((attempts + 1) * each, left)) {
      attempts++;
    }
    release(share);
    Grant grant = new Grant(each, attempts, attempts < wanted);
    grants.put(share, grant);
    kept += grant.total();
    stopped.remove(share);
    return attempts;
  }

  /** A share succeeded after so many attempts, the last of which cost that. */
  void succeeded(String share, int attempts, double cost) {
    count(share, attempts - 1);
    spent += cost;
  }

  /** A share failed after so many attempts in that region. */
  void failed(String share, @Nullable RegionSnapshot region, int attempts) {
    Grant grant = grants.get(share);
    count(share, attempts);
    if (grant != null && grant.limited() && attempts >= grant.attempts()) {
      stopped.put(share, usedUp(region));
    }
  }

  /** A share was stopped, which cost that, or never began. */
  void stopped(String share, double cost) {
    release(share);
    spent += cost;
  }

  /** The error of a share that failed for good, which says so if the budget ended it. */
  RegionError explain(String share, RegionError error) {
    String why = stopped.get(share);
    if (why == null) {
      return error;
    }
    return new RegionError(
        error.type(),
        error.message() + "; " + why,
        error.retryable(),
        error.httpStatus(),
        error.retryAfter());
  }

  /** Why one more execution in that region is not covered. */
  String usedUp(@Nullable RegionSnapshot region) {
    return "max_cost is %s: %s is spent, %s is kept for other regions, one more execution in %s is estimated to cost %s"
        .formatted(
            ExecutionCosts.amount(most == null ? 0 : most),
            ExecutionCosts.amount(spent),
            ExecutionCosts.amount(kept),
            region == null ? "an unknown region" : region.name(),
            ExecutionCosts.amount(each(region)));
  }

  private void count(String share, int failedAttempts) {
    Grant grant = grants.get(share);
    if (grant != null) {
      spent += grant.each() * failedAttempts;
      release(share);
    }
  }

  private void release(String share) {
    Grant grant = grants.remove(share);
    if (grant != null) {
      // Nothing is kept if nobody keeps anything, whatever rounding says.
      kept = grants.isEmpty() ? 0 : kept - grant.total();
    }
  }

  private double left(String share, double most) {
    Grant own = grants.get(share);
    return most - spent - kept + (own == null ? 0 : own.total());
  }

  private double each(@Nullable RegionSnapshot region) {
    Double estimate = region == null ? null : costs.of(region);
    return estimate == null ? 0 : estimate;
  }
}
