package dev.federated.activities.ledger;

import dev.federated.ledger.ExecutionTotals;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.HedgedExecution;
import dev.federated.model.Hop;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.stage.FederatedStageResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The executions of one closed stage, by the region that executed. */
final class StageExecutions {
  private StageExecutions() {}

  /**
   * One execution for each share and region that the share was tried in: the last one as the share
   * ended, those that it left as failures, and each that ran beside another. What an earlier stage
   * executed counts there.
   */
  static Map<String, ExecutionTotals> of(FederatedStageResult stage) {
    List<String> carried = stage.carriedRegions() == null ? List.of() : stage.carriedRegions();
    Map<String, ExecutionTotals> executions = new LinkedHashMap<>();
    for (RegionResult share : stage.regionResults().values()) {
      if (carried.contains(share.region())) {
        continue;
      }
      for (Hop hop : share.hops()) {
        if (hop.attempts() > 0) {
          executions.merge(hop.region(), ExecutionTotals.of(false, 0, 0, 0), ExecutionTotals::plus);
        }
      }
      if (share.hedges() != null) {
        sideBySide(share, share.hedges(), executions);
        continue;
      }
      String region = share.executedIn();
      if (region != null && share.attempts() > 0) {
        executions.merge(region, ended(share), ExecutionTotals::plus);
      }
    }
    return executions;
  }

  /** The executions that ran side by side; one that the share left by a hop counts there. */
  private static void sideBySide(
      RegionResult share, List<HedgedExecution> hedges, Map<String, ExecutionTotals> executions) {
    double cost = share.cost();
    boolean shareIsAmongThem = share.status() != RegionStatus.SUCCEEDED;
    for (HedgedExecution one : hedges) {
      cost -= one.cost();
      shareIsAmongThem |= one.outcome() == HedgeOutcome.WON;
      boolean left =
          one.outcome() == HedgeOutcome.FAILED
              && share.hops().stream().anyMatch(hop -> hop.region().equals(one.region()));
      if (!left) {
        executions.merge(one.region(), one(share, one), ExecutionTotals::plus);
      }
    }
    String region = share.executedIn();
    if (!shareIsAmongThem && region != null) {
      executions.merge(
          region,
          ExecutionTotals.of(true, share.latencyMs(), share.tokensUsed(), cost),
          ExecutionTotals::plus);
    }
  }

  private static ExecutionTotals one(RegionResult share, HedgedExecution one) {
    boolean stopped = Boolean.TRUE.equals(one.costEstimated());
    return switch (one.outcome()) {
      case WON -> ExecutionTotals.of(true, one.latencyMs(), share.tokensUsed(), one.cost());
      case LOST ->
          stopped
              ? ExecutionTotals.cancelled(one.cost())
                  .plus(ExecutionTotals.overtaken(one.latencyMs()))
              : ExecutionTotals.of(true, one.latencyMs(), 0, one.cost());
      case FAILED -> ExecutionTotals.of(false, one.latencyMs(), 0, 0);
      case CANCELLED -> ExecutionTotals.cancelled(one.cost());
    };
  }

  private static ExecutionTotals ended(RegionResult share) {
    return share.status() == RegionStatus.CANCELLED || share.status() == RegionStatus.SKIPPED
        ? ExecutionTotals.cancelled(share.cost())
        : ExecutionTotals.of(
            share.status() == RegionStatus.SUCCEEDED,
            share.latencyMs(),
            share.tokensUsed(),
            share.cost());
  }
}
