package dev.federated.activities.slots;

import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.SlotMarkUsedContext;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotReleaseContext;
import io.temporal.worker.tuning.SlotReserveContext;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/**
 * Executions that the worker of a region runs at once: none until some are granted, and never more
 * than the region's {@code max_concurrent}. A grant can be changed at any time; what runs goes on.
 */
public final class RegionSlots implements SlotSupplier<ActivitySlotInfo> {
  private final int limit;
  private final Object lock = new Object();
  private final Queue<CompletableFuture<SlotPermit>> waiting = new ArrayDeque<>();
  private int granted;
  private int used;
  private volatile Runnable onGivenUp = () -> {};

  /**
   * No slots yet.
   *
   * @param limit the region's {@code max_concurrent}
   */
  public RegionSlots(int limit) {
    this.limit = limit;
  }

  /** The region's {@code max_concurrent}. */
  public int limit() {
    return limit;
  }

  /** Executions, and polls for one, that may run at once. */
  public int granted() {
    synchronized (lock) {
      return granted;
    }
  }

  /** What others may not use: what was granted, or what is used if that is more. */
  public int held() {
    synchronized (lock) {
      return Math.max(granted, used);
    }
  }

  /** Whether more runs than was granted, because the grant has shrunk. */
  public boolean overdrawn() {
    synchronized (lock) {
      return used > granted;
    }
  }

  /** Grants as many, at most {@link #limit()}, instead of what was granted before. */
  public void grant(int slots) {
    List<CompletableFuture<SlotPermit>> served;
    synchronized (lock) {
      granted = Math.min(slots, limit);
      served = serve();
    }
    complete(served);
  }

  /** Who is told when no more is used than was granted, after a grant shrank. Must not block. */
  void onGivenUp(Runnable told) {
    onGivenUp = told;
  }

  @Override
  public SlotSupplierFuture reserveSlot(SlotReserveContext<ActivitySlotInfo> context) {
    CompletableFuture<SlotPermit> reservation = new CompletableFuture<>();
    List<CompletableFuture<SlotPermit>> served;
    synchronized (lock) {
      waiting.add(reservation);
      served = serve();
    }
    complete(served);
    return SlotSupplierFuture.fromCompletableFuture(reservation, () -> abandon(reservation));
  }

  /** Nobody waits any more; a permit that was on its way goes to somebody else. */
  private void abandon(CompletableFuture<SlotPermit> reservation) {
    boolean served;
    synchronized (lock) {
      served = !waiting.removeIf(other -> other == reservation);
    }
    if (served) {
      giveBack();
    }
  }

  @Override
  public Optional<SlotPermit> tryReserveSlot(SlotReserveContext<ActivitySlotInfo> context) {
    synchronized (lock) {
      if (used >= granted) {
        return Optional.empty();
      }
      used++;
      return Optional.of(new SlotPermit());
    }
  }

  @Override
  public void markSlotUsed(SlotMarkUsedContext<ActivitySlotInfo> context) {}

  @Override
  public void releaseSlot(SlotReleaseContext<ActivitySlotInfo> context) {
    giveBack();
  }

  private void giveBack() {
    boolean givenUp;
    List<CompletableFuture<SlotPermit>> served;
    synchronized (lock) {
      used--;
      givenUp = used == granted;
      served = serve();
      givenUp &= served.isEmpty();
    }
    complete(served);
    if (givenUp) {
      onGivenUp.run();
    }
  }

  /** Takes those that can be served now; call with the lock, complete them without it. */
  private List<CompletableFuture<SlotPermit>> serve() {
    List<CompletableFuture<SlotPermit>> served = new ArrayList<>();
    while (used < granted && !waiting.isEmpty()) {
      served.add(waiting.remove());
      used++;
    }
    return served;
  }

  private static void complete(List<CompletableFuture<SlotPermit>> served) {
    served.forEach(reservation -> reservation.complete(new SlotPermit()));
  }

  @Override
  public Optional<Integer> getMaximumSlots() {
    return Optional.of(limit);
  }
}
