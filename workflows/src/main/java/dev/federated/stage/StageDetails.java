package dev.federated.stage;

import dev.federated.model.RegionResult;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table of a stage's regions that Temporal's UI shows as the workflow's current details. */
final class StageDetails {
  /** Rows that are shown; the result has all regions. */
  private static final int MOST_ROWS = 50;

  private static final int LONGEST_REASON = 150;

  private StageDetails() {}

  /** Markdown with a row for each region. */
  static String table(String decision, Map<String, RegionResult> ended, List<String> open) {
    StringBuilder table = new StringBuilder(clean(decision)).append("\n\n");
    table.append("| region | status | attempts | ms | cost | reason |\n");
    table.append("|---|---|---|---|---|---|\n");
    int rows = 0;
    for (RegionResult result : ended.values()) {
      if (rows++ == MOST_ROWS) {
        break;
      }
      row(result, table);
    }
    for (String region : open) {
      if (rows++ >= MOST_ROWS) {
        break;
      }
      table.append("| ").append(region).append(" | running | | | | |\n");
    }
    int hidden = ended.size() + open.size() - MOST_ROWS;
    if (hidden > 0) {
      table.append("\nand ").append(hidden).append(" more regions");
    }
    return table.toString();
  }

  private static void row(RegionResult result, StringBuilder table) {
    String place =
        result.executedIn() == null || result.executedIn().equals(result.region())
            ? ""
            : " in " + result.executedIn();
    String reason =
        result.error() == null
            ? ""
            : result.error().type().wireName() + ": " + result.error().message();
    table
        .append("| ")
        .append(result.region())
        .append(" | ")
        .append(result.status().wireName())
        .append(place)
        .append(" | ")
        .append(result.attempts())
        .append(" | ")
        .append(result.latencyMs())
        .append(" | ")
        .append(String.format(Locale.ROOT, "%.4f", result.cost()))
        .append(" | ")
        .append(clean(reason))
        .append(" |\n");
  }

  /** Text without what would break a row of the table. */
  private static String clean(String text) {
    String oneLine = text.replace('\n', ' ').replace('\r', ' ').replace("|", "\\|");
    return oneLine.length() <= LONGEST_REASON
        ? oneLine
        : oneLine.substring(0, LONGEST_REASON) + "…";
  }
}
