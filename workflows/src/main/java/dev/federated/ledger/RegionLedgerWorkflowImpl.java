package dev.federated.ledger;

import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** See {@link RegionLedgerWorkflow}. */
public final class RegionLedgerWorkflowImpl implements RegionLedgerWorkflow {
  /** Closed stages are counted at most that often, unless somebody asks. */
  private static final long COLLECT_EVERY_MS = 60_000;

  /** Signals and updates of one run; each is three events or more. */
  private static final int MOST_MESSAGES = 1_000;

  private static final Duration LONGEST_COLLECTION = Duration.ofMinutes(5);
  private static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(30);

  private final Ledger ledger;
  private int messages;
  private int asked;
  private int answered;
  private boolean due;
  private long collectedAt;

  /** With what an earlier run knew. */
  @WorkflowInit
  public RegionLedgerWorkflowImpl(@Nullable LedgerState carried) {
    this.ledger = new Ledger(carried == null ? LedgerState.EMPTY : carried);
  }

  @Override
  public void keep(@Nullable LedgerState carried) {
    while (true) {
      Workflow.await(() -> due || asked > answered || goesOn());
      if (due || asked > answered) {
        collect();
      } else {
        Workflow.continueAsNew(ledger.state());
      }
    }
  }

  /** Whether the history is long enough and nobody waits for an answer of this run. */
  private boolean goesOn() {
    return (messages >= MOST_MESSAGES || Workflow.getInfo().isContinueAsNewSuggested())
        && Workflow.isEveryHandlerFinished();
  }

  private void collect() {
    int asking = asked;
    due = false;
    CollectStagesActivity activity =
        Workflow.newActivityStub(
            CollectStagesActivity.class,
            ActivityOptions.newBuilder()
                .setScheduleToCloseTimeout(LONGEST_COLLECTION)
                .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
                .setRetryOptions(
                    RetryOptions.newBuilder()
                        .setDoNotRetry(CollectStagesActivity.NOT_LISTED)
                        .build())
                .setSummary("count closed stages")
                .build());
    try {
      CollectedStages stages;
      do {
        stages = activity.collect(ledger.nextCollection());
        ledger.collected(stages);
      } while (stages.more());
    } catch (ActivityFailure e) {
      // What workers reported has to do; the next collection makes good for it.
      if (e.getCause() instanceof ApplicationFailure failure
          && CollectStagesActivity.NOT_LISTED.equals(failure.getType())) {
        ledger.notListed();
      }
    }
    collectedAt = Workflow.currentTimeMillis();
    answered = asking;
  }

  @Override
  public void report(WorkerReport report) {
    messages++;
    long now = Workflow.currentTimeMillis();
    if (ledger.report(report, now) && now - collectedAt >= COLLECT_EVERY_MS) {
      due = true;
    }
  }

  @Override
  public LedgerCopy copy(long knownVersion) {
    return ledger.copy(knownVersion);
  }

  @Override
  public void validateOperate(RegionOperation operation) {
    String refusal = ledger.refusal(operation);
    if (refusal != null) {
      throw ApplicationFailure.newNonRetryableFailure(refusal, REFUSED);
    }
  }

  @Override
  public LedgerSettings operate(RegionOperation operation) {
    messages++;
    LedgerSettings settings = ledger.operate(operation);
    Workflow.upsertMemo(Map.of(SETTINGS_MEMO, new LedgerSettings.Memo(ledger.settings())));
    return settings;
  }

  @Override
  public SlotGrant claimSlots(SlotClaim claim) {
    messages++;
    return ledger.slots().claim(claim, Workflow.currentTimeMillis());
  }

  @Override
  public void releaseSlots(String worker) {
    messages++;
    ledger.slots().release(worker);
  }

  @Override
  public LedgerTotals totals() {
    messages++;
    int mine = ++asked;
    Workflow.await(() -> answered >= mine);
    return ledger.totals();
  }
}
