package dev.federated.pipeline;

import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Markdown;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The table of a pipeline's stages that Temporal's UI shows as the workflow's current details. */
final class PipelineDetails {
  /** Rows that are shown; the result has all stages. */
  private static final int MOST_ROWS = 50;

  private static final int LONGEST_REASON = 150;

  private final StringBuilder table;
  private int rows;

  /**
   * A table without rows.
   *
   * @param state where the pipeline stands
   * @param explanation what an operator should know or do about it; empty for nothing
   */
  PipelineDetails(String state, String explanation) {
    table = new StringBuilder("**").append(state).append("**");
    if (!explanation.isEmpty()) {
      table.append(": ").append(Markdown.escaped(explanation, 500));
    }
    table.append("\n\n| stage | status | regions | reason |\n|---|---|---|---|\n");
  }

  /** Adds a stage that has not ended. */
  void open(StageDefinition stage, String status, @Nullable String reason) {
    String regions =
        stage.federation() == null
            ? "local"
            : stage.federation().regions().isEmpty()
                ? ""
                : Markdown.names(stage.federation().regions());
    row(stage.id(), status, regions, reason == null ? "" : reason);
  }

  /**
   * Adds a stage that has ended.
   *
   * @param kept whether an earlier execution of the pipeline did it
   */
  void ended(String stageId, StageReport report, boolean kept) {
    RegionError error = report.error();
    String reason = error == null ? "" : error.type().wireName() + ": " + error.message();
    FederatedStageResult result = report.result();
    if (error != null && report.status() == StageStatus.SKIPPED) {
      reason = error.message();
    } else if (error == null && result != null) {
      reason = firstFailure(result);
    }
    row(
        stageId,
        report.status().wireName() + (kept ? " before" : ""),
        result == null ? "local" : regions(result),
        reason);
  }

  /** Why a region failed of a stage that did not. */
  private static String firstFailure(FederatedStageResult result) {
    for (RegionResult region : result.regionResults().values()) {
      RegionError error = region.error();
      if (region.status() == RegionStatus.FAILED && error != null) {
        return "%s: %s: %s".formatted(region.region(), error.type().wireName(), error.message());
      }
    }
    return "";
  }

  private static String regions(FederatedStageResult result) {
    List<String> succeeded = result.successfulRegions();
    List<String> failed = result.failedRegions();
    String first = Markdown.names(succeeded);
    if (failed.isEmpty()) {
      return first;
    }
    return first + (first.isEmpty() ? "" : "; ") + "failed: " + Markdown.names(failed);
  }

  private void row(String stageId, String status, String regions, String reason) {
    if (rows++ < MOST_ROWS) {
      table
          .append("| ")
          .append(Markdown.escaped(stageId, 100))
          .append(" | ")
          .append(status)
          .append(" | ")
          .append(regions)
          .append(" | ")
          .append(Markdown.escaped(reason, LONGEST_REASON))
          .append(" |\n");
    }
  }

  /** The table as Markdown. */
  String markdown() {
    return rows <= MOST_ROWS
        ? table.toString()
        : table + "\nand " + (rows - MOST_ROWS) + " more stages";
  }
}
