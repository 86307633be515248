package dev.federated.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.stage.FederatedQueues;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.testing.WorkflowReplayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RegionLedgerWorkflowTest {
  private final TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance();
  private final List<CollectRequest> collections = new ArrayList<>();
  private CollectStagesActivity collects =
      request ->
          new CollectedStages(
              Map.of("us", ExecutionTotals.of(true, 10, 5, 0.1)),
              Map.of("process", ExecutionTotals.of(true, 10, 5, 0.1)),
              request.since() + 1,
              List.of("run"),
              false);

  @BeforeEach
  void start() {
    var worker = environment.newWorker(FederatedQueues.CONTROL);
    worker.registerWorkflowImplementationTypes(RegionLedgerWorkflowImpl.class);
    worker.registerActivitiesImplementations(
        (CollectStagesActivity)
            request -> {
              collections.add(request);
              return collects.collect(request);
            });
    environment.start();
  }

  @AfterEach
  void close() {
    environment.close();
  }

  @Test
  void anOperationThatMakesNoSenseIsRefusedAndLeavesNoTrace() {
    WorkflowStub ledger = report(1, Map.of());

    assertThatThrownBy(
            () ->
                ledger.update(
                    RegionLedgerWorkflow.OPERATE,
                    LedgerSettings.class,
                    new RegionOperation(RegionOperation.Action.DRAIN, "nowhere", null, null)))
        .isInstanceOf(WorkflowUpdateException.class)
        .cause()
        .hasMessageContaining("no region named nowhere; it has us, eu");
    assertThat(copy(ledger).settings()).isEmpty();
  }

  @Test
  void aServerThatListsNothingLeavesTheFiguresThatWorkersReported() {
    collects =
        request -> {
          throw ApplicationFailure.newNonRetryableFailure(
              "lists nothing", CollectStagesActivity.NOT_LISTED);
        };
    WorkflowStub ledger =
        report(
            1,
            Map.of(
                "us",
                new RegionReport(null, null, 0, true, null, ExecutionTotals.of(true, 30, 0, 0))));

    LedgerTotals totals = ledger.update(RegionLedgerWorkflow.TOTALS, LedgerTotals.class);

    assertThat(totals.approximate()).isTrue();
    assertThat(totals.best().get("us").executions()).isEqualTo(1);
  }

  @Test
  void whatAnOperatorSaysStandsInTheMemoForWorkersThatStart() {
    WorkflowStub ledger = report(1, Map.of());

    ledger.update(
        RegionLedgerWorkflow.OPERATE,
        LedgerSettings.class,
        new RegionOperation(RegionOperation.Action.DRAIN, "us", null, "maintenance"));

    LedgerSettings.Memo memo =
        ledger
            .describe()
            .getMemo(
                RegionLedgerWorkflow.SETTINGS_MEMO,
                LedgerSettings.Memo.class,
                LedgerSettings.Memo.class);
    assertThat(memo.byRegion().get("us"))
        .isEqualTo(new LedgerSettings(true, false, null, "maintenance"));
    assertThat(copy(ledger).settings()).isEqualTo(memo.byRegion());
  }

  @Test
  void closedStagesAreCountedWhenSomebodyAsksAndEachCollectionGoesOnWhereTheLastEnded() {
    WorkflowStub ledger = report(1, Map.of());
    ledger.update(RegionLedgerWorkflow.TOTALS, LedgerTotals.class);

    LedgerTotals totals = ledger.update(RegionLedgerWorkflow.TOTALS, LedgerTotals.class);

    assertThat(totals.byRegion().get("us").executions()).isEqualTo(2);
    assertThat(collections)
        .containsExactly(new CollectRequest(0, List.of()), new CollectRequest(1, List.of("run")));
  }

  @Test
  void aThousandReportsAreSeveralRunsThatLoseNothing() throws Exception {
    WorkflowStub ledger = report(1, Map.of());
    String firstRun = ledger.getExecution().getRunId();
    ledger.update(
        RegionLedgerWorkflow.OPERATE,
        LedgerSettings.class,
        new RegionOperation(RegionOperation.Action.DRAIN, "us", null, null));

    for (int i = 2; i <= 1_100; i++) {
      ledger = report(i, Map.of("eu", new RegionReport(null, null, 0, true, i % 7, null)));
    }

    WorkflowStub current =
        environment.getWorkflowClient().newUntypedWorkflowStub(RegionLedgerWorkflow.WORKFLOW_ID);
    await("the run goes on as another one")
        .until(() -> !current.describe().getExecution().getRunId().equals(firstRun));
    assertThat(copy(current).settings().get("us").drained()).isTrue();
    assertThat(copy(current).inFlight().get("w")).containsEntry("eu", 1_100 % 7);
    WorkflowReplayer.replayWorkflowExecution(
        environment.getWorkflowClient().fetchHistory(RegionLedgerWorkflow.WORKFLOW_ID, firstRun),
        RegionLedgerWorkflowImpl.class);
  }

  private static LedgerCopy.Known copy(WorkflowStub ledger) {
    return ledger.query(RegionLedgerWorkflow.COPY, LedgerCopy.class, 0L).known();
  }

  private WorkflowStub report(long sequence, Map<String, RegionReport> byRegion) {
    WorkflowStub stub =
        environment
            .getWorkflowClient()
            .newUntypedWorkflowStub(
                RegionLedgerWorkflow.TYPE,
                WorkflowOptions.newBuilder()
                    .setWorkflowId(RegionLedgerWorkflow.WORKFLOW_ID)
                    .setTaskQueue(FederatedQueues.CONTROL)
                    .build());
    stub.signalWithStart(
        RegionLedgerWorkflow.REPORT,
        new Object[] {
          new WorkerReport(
              "w",
              sequence,
              sequence == 1 ? List.of("us", "eu") : null,
              sequence == 1 ? CircuitBreakerConfig.DEFAULT : null,
              byRegion)
        },
        new Object[] {LedgerState.EMPTY});
    if (sequence == 1) {
      // An update that comes into the first workflow task is validated before the signal is read.
      var unused = stub.query(RegionLedgerWorkflow.COPY, LedgerCopy.class, 0L);
    }
    return stub;
  }
}
