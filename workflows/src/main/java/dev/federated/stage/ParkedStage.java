package dev.federated.stage;

import dev.federated.model.RegionError;
import dev.federated.model.WireRecord;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a stage stands, for whoever decides about it.
 *
 * @param stageId the stage
 * @param parked whether it waits for a decision; if not, it runs or has ended
 * @param successfulRegions selected regions whose share succeeded
 * @param failedRegions why the others failed, by selected region
 * @param error why it is parked, or null
 */
@WireRecord
public record ParkedStage(
    String stageId,
    boolean parked,
    List<String> successfulRegions,
    Map<String, RegionError> failedRegions,
    @Nullable RegionError error) {
  public ParkedStage {
    successfulRegions = List.copyOf(successfulRegions);
  }
}
