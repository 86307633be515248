package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * What a sequential stage does between two regions. Other strategies do not read it.
 *
 * @param stopOnFailure whether the regions after one that failed are left out
 * @param pauseSeconds how long the stage waits before the next region, 0 to 86400; null means not
 *     at all
 * @param healthGate whether the next region starts only if the one before it is still healthy
 */
@WireRecord
public record Wave(boolean stopOnFailure, @Nullable Double pauseSeconds, boolean healthGate) {
  /** One region right after the other, whatever happens. */
  public static final Wave NONE = new Wave(false, null, false);

  /** The same, stopping at a failure or not. */
  public Wave withStopOnFailure(boolean stopOnFailure) {
    return new Wave(stopOnFailure, pauseSeconds, healthGate);
  }

  /** The same with another pause. */
  public Wave withPauseSeconds(@Nullable Double pauseSeconds) {
    return new Wave(stopOnFailure, pauseSeconds, healthGate);
  }

  /** The same, looking at the health of regions or not. */
  public Wave withHealthGate(boolean healthGate) {
    return new Wave(stopOnFailure, pauseSeconds, healthGate);
  }
}
