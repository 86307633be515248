package dev.federated.starter;

import dev.federated.ledger.ExecutionTotals;
import dev.federated.ledger.LedgerCopy;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.LedgerTotals;
import dev.federated.ledger.RegionLedgerWorkflow;
import dev.federated.ledger.RegionOperation;
import dev.federated.ledger.WorkerReport;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.failure.ApplicationFailure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** What the control workers of a federation know together, and what operators tell them. */
final class RegionLedger {
  private static final LedgerCopy.Known NOTHING =
      new LedgerCopy.Known(Map.of(), Map.of(), Map.of(), Map.of(), 0, Map.of(), null);

  private final WorkflowClient client;

  RegionLedger(WorkflowClient client) {
    this.client = client;
  }

  /**
   * Does something with a region.
   *
   * @throws OperationRefusedException if it makes no sense, such as for a region that is not there
   */
  LedgerSettings operate(RegionOperation operation) {
    begin();
    try {
      return ledger().update(RegionLedgerWorkflow.OPERATE, LedgerSettings.class, operation);
    } catch (WorkflowUpdateException e) {
      // The server keeps the message of a refusal, not always its type.
      if (e.getCause() instanceof ApplicationFailure failure) {
        throw new OperationRefusedException(failure.getOriginalMessage());
      }
      throw e;
    }
  }

  /** What is known of the regions; nothing if no worker has told anything yet. */
  LedgerCopy.Known known() {
    try {
      LedgerCopy copy = ledger().query(RegionLedgerWorkflow.COPY, LedgerCopy.class, -1L);
      return copy.known() == null ? NOTHING : copy.known();
    } catch (WorkflowNotFoundException e) {
      return NOTHING;
    }
  }

  /** Counts what has closed by now, and gives what was counted. */
  FederationStats stats() {
    begin();
    LedgerTotals totals = ledger().update(RegionLedgerWorkflow.TOTALS, LedgerTotals.class);
    Map<String, FederationStats.Figures> byRegion = new LinkedHashMap<>();
    ExecutionTotals all = ExecutionTotals.NONE;
    for (Map.Entry<String, ExecutionTotals> region : new TreeMap<>(totals.best()).entrySet()) {
      byRegion.put(region.getKey(), FederationStats.Figures.of(region.getValue()));
      all = all.plus(region.getValue());
    }
    Map<String, FederationStats.Figures> byStage = new LinkedHashMap<>();
    totals
        .byStage()
        .forEach((stage, executions) -> byStage.put(stage, FederationStats.Figures.of(executions)));
    return new FederationStats(
        FederationStats.Figures.of(all), byRegion, byStage, totals.approximate());
  }

  private WorkflowStub ledger() {
    return client.newUntypedWorkflowStub(RegionLedgerWorkflow.WORKFLOW_ID);
  }

  /** Starts the ledger unless it runs: an empty report says nothing. */
  private void begin() {
    WorkerReport nothing = new WorkerReport("operator", 0, null, null, Map.of());
    client
        .newUntypedWorkflowStub(RegionLedgerWorkflow.TYPE, RegionLedgerWorkflow.options().build())
        .signalWithStart(
            RegionLedgerWorkflow.REPORT, new Object[] {nothing}, new Object[] {LedgerState.EMPTY});
  }
}
