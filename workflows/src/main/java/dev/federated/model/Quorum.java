package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * How many regions a stage of several needs, beside the {@code min_regions} that have to succeed.
 * Strategies that run in one region do not read it.
 *
 * @param requireAvailable eligible regions without which nothing starts; null means 1
 * @param maxRegions the most regions that the stage is sent to, the first ones in order; null means
 *     all of them
 * @param graceSeconds how long the other regions may still take once {@code min_regions} have
 *     succeeded, 0 to 86400; null means until all have ended
 * @param toleratedFailures how many regions may fail before the stage stops; null means any number
 * @param onLateResult what becomes of regions that the grace was too short for; null means ignore
 */
@WireRecord
public record Quorum(
    @Nullable Integer requireAvailable,
    @Nullable Integer maxRegions,
    @Nullable Double graceSeconds,
    @Nullable ToleratedFailures toleratedFailures,
    @Nullable LateResultPolicy onLateResult) {
  /** Nothing asked for. */
  public static final Quorum NONE = new Quorum(null, null, null, null, null);

  /** The same with another number of eligible regions. */
  public Quorum withRequireAvailable(@Nullable Integer requireAvailable) {
    return new Quorum(requireAvailable, maxRegions, graceSeconds, toleratedFailures, onLateResult);
  }

  /** The same with another number of regions to send to. */
  public Quorum withMaxRegions(@Nullable Integer maxRegions) {
    return new Quorum(requireAvailable, maxRegions, graceSeconds, toleratedFailures, onLateResult);
  }

  /** The same with another grace. */
  public Quorum withGraceSeconds(@Nullable Double graceSeconds) {
    return new Quorum(requireAvailable, maxRegions, graceSeconds, toleratedFailures, onLateResult);
  }

  /** The same with other tolerated failures. */
  public Quorum withToleratedFailures(@Nullable ToleratedFailures toleratedFailures) {
    return new Quorum(requireAvailable, maxRegions, graceSeconds, toleratedFailures, onLateResult);
  }

  /** The same with another way of late results. */
  public Quorum withOnLateResult(@Nullable LateResultPolicy onLateResult) {
    return new Quorum(requireAvailable, maxRegions, graceSeconds, toleratedFailures, onLateResult);
  }
}
