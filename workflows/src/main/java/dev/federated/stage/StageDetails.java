package dev.federated.stage;

import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The table of a stage's regions that Temporal's UI shows as the workflow's current details. */
final class StageDetails {
  /** Rows that are shown, failed regions first if there are more; the result has all regions. */
  static final int MOST_ROWS = 50;

  private static final int LONGEST_REASON = 150;
  private static final int LONGEST_HEADING = 500;

  /**
   * One region.
   *
   * @param region the selected region
   * @param status what is known of a share that has not ended
   * @param result how its share ended, or null
   */
  record Row(String region, String status, @Nullable RegionResult result) {
    static Row ended(RegionResult result) {
      return new Row(result.region(), result.status().wireName(), result);
    }

    static Row open(String region, String status) {
      return new Row(region, status, null);
    }

    private boolean failed() {
      return result != null && result.status() == RegionStatus.FAILED;
    }
  }

  private StageDetails() {}

  /**
   * Markdown with a row for each region.
   *
   * @param state where the stage stands, in a word or two
   * @param explanation what an operator should know or do about it; empty for nothing
   * @param decision why these regions were selected
   */
  static String table(String state, String explanation, String decision, List<Row> rows) {
    StringBuilder table = new StringBuilder("**").append(state).append("**");
    if (!explanation.isEmpty()) {
      table.append(": ").append(Markdown.escaped(explanation, LONGEST_HEADING));
    }
    if (!decision.equals(explanation)) {
      table.append("\n\n").append(Markdown.escaped(decision, LONGEST_HEADING));
    }
    table.append("\n\n");
    table.append("| region | status | attempts | latency | cost | reason |\n");
    table.append("|---|---|---|---|---|---|\n");
    List<Row> shown = rows;
    if (rows.size() > MOST_ROWS) {
      shown = new ArrayList<>(rows);
      shown.sort(Comparator.comparing(row -> !row.failed()));
      shown = shown.subList(0, MOST_ROWS);
    }
    shown.forEach(row -> append(row, table));
    if (rows.size() > MOST_ROWS) {
      table.append("\nand ").append(rows.size() - MOST_ROWS).append(" more regions");
    }
    return table.toString();
  }

  private static void append(Row row, StringBuilder table) {
    table.append("| ").append(row.region()).append(" | ").append(row.status());
    RegionResult result = row.result();
    if (result == null) {
      table.append(" | | | | |\n");
      return;
    }
    if (result.executedIn() != null && !result.executedIn().equals(result.region())) {
      table.append(" in ").append(result.executedIn());
    }
    RegionError error = result.error();
    String reason = error == null ? "" : error.type().wireName() + ": " + error.message();
    table
        .append(" | ")
        .append(result.attempts())
        .append(" | ")
        .append(result.attempts() == 0 ? "" : result.latencyMs() + " ms")
        .append(" | ")
        .append(result.attempts() == 0 ? "" : String.format(Locale.ROOT, "%.4f", result.cost()))
        .append(" | ")
        .append(Markdown.escaped(reason, LONGEST_REASON))
        .append(" |\n");
  }
}
