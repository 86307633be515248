package dev.federated.ledger;

import dev.federated.stage.FederatedQueues;
import io.temporal.client.WorkflowOptions;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what the workers of a namespace know of their regions. There is one, {@link #WORKFLOW_ID};
 * the first worker that has something to report starts it, and it never ends: it continues as new
 * before its history grows long.
 */
@WorkflowInterface
public interface RegionLedgerWorkflow {
  /** Its workflow type. */
  String TYPE = "RegionLedgerWorkflow";

  /** Its workflow id, one in a namespace. */
  String WORKFLOW_ID = "federation-ledger";

  /** What Temporal's UI shows of it. */
  String SUMMARY = "what is known of the regions of this federation";

  /** Name of the signal {@link #report}. */
  String REPORT = "report";

  /** Name of the query {@link #copy}. */
  String COPY = "copy";

  /** Name of the update {@link #operate}. */
  String OPERATE = "operate";

  /** Name of the update {@link #claimSlots}. */
  String CLAIM_SLOTS = "claimSlots";

  /** Name of the signal {@link #releaseSlots}. */
  String RELEASE_SLOTS = "releaseSlots";

  /** Name of the update {@link #totals}. */
  String TOTALS = "totals";

  /**
   * Memo with the settings that operators made, so that a worker that starts knows them before
   * anybody answers queries: a {@link LedgerSettings.Memo}.
   */
  String SETTINGS_MEMO = "federation_regions";

  /** Failure type of an operation that makes no sense. */
  String REFUSED = "OperationRefused";

  /** With these it is started by whoever comes first. */
  static WorkflowOptions.Builder options() {
    return WorkflowOptions.newBuilder()
        .setWorkflowId(WORKFLOW_ID)
        .setTaskQueue(FederatedQueues.CONTROL)
        .setStaticSummary(SUMMARY);
  }

  /**
   * Runs for ever.
   *
   * @param carried what an earlier run knew; null at the beginning
   */
  @WorkflowMethod(name = TYPE)
  void keep(@Nullable LedgerState carried);

  /** What a worker saw since its last report. One that was sent twice counts once. */
  @SignalMethod(name = REPORT)
  void report(WorkerReport report);

  /**
   * What is known, unless the caller knows it already.
   *
   * @param knownVersion version of the caller's copy; 0 for none
   */
  @QueryMethod(name = COPY)
  LedgerCopy copy(long knownVersion);

  /** Refuses what {@link #operate} cannot do. */
  @UpdateValidatorMethod(updateName = OPERATE)
  void validateOperate(RegionOperation operation);

  /**
   * Drains a region or takes it back, adds one or removes it.
   *
   * @return the settings of that region from now on
   */
  @UpdateMethod(name = OPERATE)
  LedgerSettings operate(RegionOperation operation);

  /** Renews what a worker holds of its regions' {@code max_concurrent}, and gives its share. */
  @UpdateMethod(name = CLAIM_SLOTS)
  SlotGrant claimSlots(SlotClaim claim);

  /** A worker has ended and holds nothing any more. */
  @SignalMethod(name = RELEASE_SLOTS)
  void releaseSlots(String worker);

  /** Counts the stages that have closed by now, and gives what was counted so far. */
  @UpdateMethod(name = TOTALS)
  LedgerTotals totals();
}
