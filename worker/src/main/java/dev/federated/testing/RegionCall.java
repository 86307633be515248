package dev.federated.testing;

import dev.federated.model.FailureType;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One call of a scripted region.
 *
 * @param region the region that was called
 * @param stageId the stage
 * @param share the selected region whose share this was; differs from the region after a hop
 * @param idempotencyKey the same for every attempt and hop of a share
 * @param attempt which attempt in this region, from 1
 * @param failure why it failed; null if it was executed
 * @param took how long it took, in the time of the test server
 */
public record RegionCall(
    String region,
    String stageId,
    String share,
    String idempotencyKey,
    int attempt,
    @Nullable FailureType failure,
    Duration took) {
  /** Whether the region did the work. */
  public boolean executed() {
    return failure == null;
  }
}
