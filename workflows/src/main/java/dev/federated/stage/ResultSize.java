package dev.federated.stage;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keeps a stage's result within one payload, so that a large one is an error and not a hang. */
final class ResultSize {
  /** Bytes of {@code "outputLeftOut":true,} and around a warning. */
  private static final int LEFT_OUT_BYTES = 30;

  private ResultSize() {}

  /**
   * The result itself if it fits. Otherwise a failed one with {@code PayloadTooLarge} that keeps,
   * in region order, every output that still fits and names the others.
   */
  static FederatedStageResult fit(FederatedStageResult result, PayloadSizes sizes) {
    long size = PayloadSizes.encoded(result);
    int most = sizes.most(size);
    if (size <= most) {
      return result;
    }
    long outputs = 0;
    for (RegionResult region : result.regionResults().values()) {
      outputs += region.output() == null ? 0 : PayloadSizes.encoded(region.output());
    }
    long aggregate =
        result.recordedAggregate() == null ? 0 : PayloadSizes.encoded(result.recordedAggregate());
    long room = most - (size - outputs - aggregate);
    Map<String, RegionResult> kept = new LinkedHashMap<>();
    List<String> warnings = new ArrayList<>(result.warnings());
    for (RegionResult region : result.regionResults().values()) {
      long bytes = region.output() == null ? 0 : PayloadSizes.encoded(region.output());
      // What says that an output is left out takes room as well.
      if (bytes <= room) {
        room -= bytes;
        kept.put(region.region(), region);
      } else {
        String warning = "the output of %s is left out: %d bytes".formatted(region.region(), bytes);
        room -= warning.length() + LEFT_OUT_BYTES;
        warnings.add(warning);
        kept.put(region.region(), region.withoutOutput());
      }
    }
    RegionError error =
        RegionError.of(
            FailureType.PAYLOAD_TOO_LARGE,
            "the outputs of stage %s have %d bytes, at most %d fit in one result; aggregate less or"
                    .formatted(result.stageId(), outputs, most)
                + " return references");
    return new FederatedStageResult(
            result.stageId(),
            StageOutcome.FAILED,
            result.strategy(),
            result.aggregation(),
            result.aggregationOptions(),
            null,
            result.winner(),
            error,
            warnings,
            result.hasPartialFailure(),
            result.successfulRegions(),
            result.failedRegions(),
            kept,
            result.decisions(),
            result.totalCost(),
            result.totalTokens(),
            result.latencyMs(),
            result.workflowId(),
            result.runId(),
            result.redriveOf(),
            result.keyRoot(),
            result.interventions(),
            result.carriedRegions())
        .missing(result.missingRegions(), result.lateWorkflowId());
  }
}
