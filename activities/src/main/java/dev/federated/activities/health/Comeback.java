package dev.federated.activities.health;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a region that was away takes work again. Two rules keep it from being overrun or from drawing
 * stages to and fro; while one of them holds, stages that have a choice go elsewhere.
 *
 * <ul>
 *   <li>Slow start: one execution at first, and twice as many with each that succeeds, until it
 *       runs as many as it takes at once.
 *   <li>Stabilization: a region that was away again within the stabilization window after its
 *       return has to be well for as long as the window before it counts as back. So stages move to
 *       it at most once in a window.
 * </ul>
 */
final class Comeback {
  private final int maxConcurrent;
  private final Duration stabilization;
  private @Nullable Instant backAt;
  private @Nullable Instant stableAt;
  private boolean away;
  private boolean flaps;

  /** Executions that it may run now; 0 for no limit. */
  private int allowance;

  Comeback(int maxConcurrent, Duration stabilization) {
    this.maxConcurrent = maxConcurrent;
    this.stabilization = stabilization;
  }

  void isAway(Instant now) {
    if (!away) {
      Instant trusted = stableAt == null ? backAt : stableAt;
      flaps = trusted != null && now.isBefore(trusted.plus(stabilization));
    }
    away = true;
  }

  void isBack(Instant now) {
    if (!away) {
      return;
    }
    away = false;
    backAt = now;
    stableAt = flaps ? now.plus(stabilization) : null;
    allowance = 1;
  }

  void succeeded() {
    if (allowance > 0 && !away) {
      allowance = allowance >= maxConcurrent / 2 ? 0 : allowance * 2;
    }
  }

  /** Whether stages that have a choice should go elsewhere. */
  boolean goesLast(int running, Instant now) {
    boolean unstable = stableAt != null && now.isBefore(stableAt);
    return unstable || (allowance > 0 && running >= allowance);
  }
}
