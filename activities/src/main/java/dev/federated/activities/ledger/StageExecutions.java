package dev.federated.activities.ledger;

import dev.federated.ledger.ExecutionTotals;
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
   * ended, those that it left as failures. What an earlier stage executed counts there.
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
      String region = share.executedIn();
      if (region != null && share.attempts() > 0) {
        executions.merge(region, ended(share), ExecutionTotals::plus);
      }
    }
    return executions;
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
