package dev.federated.pipeline;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.stage.PayloadSizes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Keeps a pipeline's result within one payload, so that a large one is an error and not a hang. */
final class PipelineResultSize {
  /** Bytes of a report beside its output and result, and of the warning that it was left out. */
  private static final int REPORT_ENVELOPE_BYTES = 400;

  private PipelineResultSize() {}

  /**
   * The result itself if it fits. Otherwise a failed one with {@code PayloadTooLarge} that keeps
   * every stage that still fits, the output stages first, and names the others.
   */
  static PipelineResult fit(PipelineResult result, PayloadSizes sizes) {
    long size = PayloadSizes.encoded(result);
    int most = sizes.most(size);
    if (size <= most) {
      return result;
    }
    long room = most - (long) REPORT_ENVELOPE_BYTES * (result.stages().size() + 5);
    Map<String, StageReport> kept = new LinkedHashMap<>(result.stages());
    List<String> warnings = new ArrayList<>(result.warnings());
    Set<String> order = new LinkedHashSet<>(result.outputStages());
    order.addAll(result.stages().keySet());
    for (String stageId : order) {
      StageReport report = result.stages().get(stageId);
      if (report == null) {
        continue;
      }
      long bytes = PayloadSizes.encoded(report);
      if (bytes <= room) {
        room -= bytes;
      } else {
        kept.put(stageId, report.withoutOutput());
        warnings.add("the output of stage %s is left out: %d bytes".formatted(stageId, bytes));
      }
    }
    RegionError error =
        RegionError.of(
            FailureType.PAYLOAD_TOO_LARGE,
            "the results of pipeline %s have %d bytes, at most %d fit in one result"
                .formatted(result.pipelineId(), size, most));
    return new PipelineResult(
        result.pipelineId(),
        StageOutcome.FAILED,
        result.outputStages(),
        error,
        warnings,
        kept,
        result.totalCost(),
        result.totalTokens(),
        result.latencyMs(),
        result.workflowId(),
        result.runId(),
        result.redriveOf(),
        result.keyRoot());
  }
}
