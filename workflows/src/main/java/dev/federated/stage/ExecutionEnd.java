package dev.federated.stage;

import dev.federated.model.RegionError;
import org.jspecify.annotations.Nullable;

/**
 * How an execution in a region ended, as a {@link World} is told.
 *
 * @param error why it failed, or null if it succeeded
 * @param latencyMs time of the last attempt in milliseconds; of an execution that was stopped
 *     because a hedge was faster, how long it had run
 * @param tokensUsed tokens that the region reported; 0 if it failed or reported none
 * @param cost what it cost, in the currency of the federation's prices; null if it failed, or if
 *     the region neither reported a cost nor has a price
 * @param estimatedCost what one execution in the region was expected to cost when the stage began;
 *     null if the region has no price
 */
public record ExecutionEnd(
    @Nullable RegionError error,
    long latencyMs,
    long tokensUsed,
    @Nullable Double cost,
    @Nullable Double estimatedCost) {
  /** An execution that succeeded and of which no cost is known. */
  public static ExecutionEnd succeeded(long latencyMs) {
    return new ExecutionEnd(null, latencyMs, 0, null, null);
  }

  /** An execution that failed. */
  public static ExecutionEnd failed(RegionError error, long latencyMs) {
    return new ExecutionEnd(error, latencyMs, 0, null, null);
  }
}
