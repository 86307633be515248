package dev.federated.activities.health;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Caps the extra load of hedges: a token bucket of one control worker. Each execution of a stage
 * that may hedge pays in the part of it that may be extra load, each hedge takes a whole token. A
 * stage is granted what it may need when it begins and gives back what it did not. Guarded by the
 * lock of its view.
 */
final class HedgeBudget {
  /** The longest burst: after a long time without slow regions no more than that many hedges. */
  private static final double MOST = 100;

  /** A stage is granted at most that part of what is left, so that others are as well. */
  private static final double LARGEST_PART = 0.5;

  private static final int REMEMBERED = 10_000;

  private final Map<String, Integer> granted = new BoundedMap<>(REMEMBERED);
  private double tokens;

  /**
   * Pays in for a stage and grants it hedges; the same number again for the same key.
   *
   * @param executions shares of the stage
   * @param extraLoad the part of executions that may be hedges
   * @param most hedges of one share
   */
  int grant(String runKey, int executions, double extraLoad, int most) {
    Integer known = granted.get(runKey);
    if (known != null) {
      return known;
    }
    tokens = Math.min(MOST, tokens + executions * extraLoad);
    int available = (int) Math.max(Math.min(1, tokens), tokens * LARGEST_PART);
    int hedges = extraLoad == 0 ? 0 : Math.min(executions * most, available);
    tokens -= hedges;
    granted.put(runKey, hedges);
    return hedges;
  }

  /** A stage starts no more hedges; it started so many. */
  void ended(String runKey, int started) {
    @Nullable Integer hedges = granted.put(runKey, started);
    if (hedges != null && hedges > started) {
      tokens = Math.min(MOST, tokens + hedges - started);
    }
  }
}
