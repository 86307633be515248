package dev.federated.activities.slots;

import static org.assertj.core.api.Assertions.assertThat;

import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RegionSlotsTest {
  private final RegionSlots slots = new RegionSlots(3);

  @Test
  void nothingIsServedBeforeSlotsAreGranted() {
    assertThat(slots.tryReserveSlot(null)).isEmpty();
    assertThat(slots.reserveSlot(null)).isNotDone();
    assertThat(slots.held()).isZero();
  }

  @Test
  void noMoreIsGrantedThanTheRegionTakes() {
    slots.grant(10);

    assertThat(slots.granted()).isEqualTo(3);
  }

  @Test
  void thoseThatWaitAreServedInTurnWhenSlotsAreGranted() {
    SlotSupplierFuture first = slots.reserveSlot(null);
    SlotSupplierFuture second = slots.reserveSlot(null);

    slots.grant(1);

    assertThat(first).isDone();
    assertThat(second).isNotDone();
    slots.releaseSlot(null);
    assertThat(second).isDone();
  }

  @Test
  void aGrantThatShrinksLetsExecutionsEndAndSaysWhenItIsKept() {
    List<Integer> heldWhenTold = new ArrayList<>();
    slots.onGivenUp(() -> heldWhenTold.add(slots.held()));
    slots.grant(3);
    reserve(3);

    slots.grant(1);

    assertThat(slots.held()).isEqualTo(3);
    slots.releaseSlot(null);
    assertThat(heldWhenTold).isEmpty();
    slots.releaseSlot(null);
    assertThat(heldWhenTold).containsExactly(1);
    slots.releaseSlot(null);
    assertThat(heldWhenTold).containsExactly(1);
    assertThat(slots.held()).isEqualTo(1);
  }

  @Test
  void whoeverGivesUpWaitingTakesNothing() {
    SlotSupplierFuture waiting = slots.reserveSlot(null);

    assertThat(waiting.abortReservation()).isNull();

    slots.grant(1);
    assertThat(slots.tryReserveSlot(null)).isPresent();
  }

  @Test
  void aPermitThatComesWhenItIsGivenUpIsEitherTakenOrServesAnother() {
    SlotSupplierFuture waiting = slots.reserveSlot(null);
    slots.grant(1);

    // The SDK releases a permit that it gets here.
    SlotPermit permit = waiting.abortReservation();
    if (permit != null) {
      slots.releaseSlot(null);
    }

    assertThat(slots.tryReserveSlot(null)).isPresent();
    assertThat(slots.tryReserveSlot(null)).isEmpty();
  }

  private void reserve(int count) {
    for (int i = 0; i < count; i++) {
      assertThat(slots.tryReserveSlot(null)).isPresent();
    }
  }
}
