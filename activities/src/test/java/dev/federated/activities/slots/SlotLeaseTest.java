package dev.federated.activities.slots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.federated.ledger.RegionLedgerWorkflow;
import dev.federated.ledger.RegionLedgerWorkflowImpl;
import dev.federated.stage.FederatedQueues;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SlotLeaseTest {
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance();
  private final List<SlotLease> leases = new ArrayList<>();

  @AfterEach
  void close() {
    leases.forEach(SlotLease::close);
    environment.close();
  }

  @Test
  void aWorkerWithoutAnyControlWorkerUsesTheWholeLimitInTheEnd() {
    RegionSlots slots = new RegionSlots(3);

    lease(slots, Duration.ofMillis(800));

    assertThat(slots.granted()).isLessThan(3);
    patiently().until(() -> slots.granted() == 3);
  }

  @Test
  void aWorkerThatStartsBeforeAnyControlWorkerPollsWithOneSlotSoThatItIsSeen() {
    RegionSlots slots = new RegionSlots(3);

    lease(slots, PATIENCE);

    patiently().until(() -> slots.granted() == 1);
  }

  @Test
  void aLedgerThatDoesNotKnowClaimsLeavesTheWholeLimitToEachWorker() {
    environment
        .newWorker(FederatedQueues.CONTROL)
        .registerWorkflowImplementationTypes(EarlierLedger.class);
    environment.start();
    RegionSlots slots = new RegionSlots(3);

    lease(slots, PATIENCE);

    await().atMost(PATIENCE.dividedBy(2)).until(() -> slots.granted() == 3);
  }

  @Test
  void aWorkerAloneIsGrantedTheWholeLimitAtOnce() {
    startLedger();
    RegionSlots slots = new RegionSlots(3);

    lease(slots, PATIENCE);

    patiently().until(() -> slots.granted() == 3);
  }

  @Test
  void workersShareTheLimitAndWhoeverStaysGetsWhatAnotherLeaves() {
    startLedger();
    RegionSlots first = new RegionSlots(4);
    lease(first, PATIENCE);
    patiently().until(() -> first.granted() == 4);
    RegionSlots second = new RegionSlots(4);

    SlotLease leaving = lease(second, PATIENCE);

    patiently().until(() -> first.granted() == 2 && second.granted() == 2);
    leaving.leave();
    assertThat(second.granted()).isZero();
    patiently().until(() -> first.granted() == 4);
  }

  @Test
  void slotsInUseAreHeldUntilTheirExecutionsEnd() {
    startLedger();
    RegionSlots first = new RegionSlots(2);
    lease(first, PATIENCE);
    patiently().until(() -> first.granted() == 2);
    assertThat(first.tryReserveSlot(null)).isPresent();
    assertThat(first.tryReserveSlot(null)).isPresent();
    RegionSlots second = new RegionSlots(2);

    lease(second, PATIENCE);

    patiently().until(() -> first.granted() == 1);
    assertThat(first.held()).isEqualTo(2);
    assertThat(second.granted()).isZero();
    first.releaseSlot(null);
    patiently().until(() -> second.granted() == 1);
  }

  @Test
  void aWorkerThatIsClosedWhileItRunsSomethingDoesNotWaitForIt() {
    startLedger();
    RegionSlots slots = new RegionSlots(1);
    SlotLease lease = lease(slots, PATIENCE);
    patiently().until(() -> slots.granted() == 1);
    assertThat(slots.tryReserveSlot(null)).isPresent();

    long started = System.nanoTime();
    lease.close();

    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
  }

  /** A busy machine takes its time. */
  private static ConditionFactory patiently() {
    return await().atMost(Duration.ofSeconds(40));
  }

  private void startLedger() {
    environment
        .newWorker(FederatedQueues.CONTROL)
        .registerWorkflowImplementationTypes(RegionLedgerWorkflowImpl.class);
    environment.start();
  }

  private SlotLease lease(RegionSlots slots, Duration patience) {
    SlotLease lease =
        new SlotLease(environment.getWorkflowClient(), Map.of("us", slots), PAUSE, patience);
    leases.add(lease);
    lease.start();
    return lease;
  }

  /** As it was before it knew claims. */
  @WorkflowInterface
  public interface Earlier {
    @WorkflowMethod(name = RegionLedgerWorkflow.TYPE)
    void run(Object state);

    @SignalMethod
    void end();
  }

  public static final class EarlierLedger implements Earlier {
    private boolean ended;

    @Override
    public void run(Object state) {
      Workflow.await(() -> ended);
    }

    @Override
    public void end() {
      ended = true;
    }
  }
}
