package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.Hop;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.StageReport;
import dev.federated.stage.FederatedStageResult;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Results as people read them. */
final class ResultText {
  private static final int LONGEST_OUTPUT = 2_000;

  private ResultText() {}

  /** A stage: its output, its decision and a table of its regions. */
  static String of(FederatedStageResult result) {
    StringBuilder text = new StringBuilder();
    text.append(
        "stage %s: %s%s%n"
            .formatted(result.stageId(), result.outcome().wireName(), why(result.error())));
    appendRegions(result, "", text);
    appendOutput(result.aggregated(), text);
    return text.toString();
  }

  /** A pipeline: its stages with their regions, and its output. */
  static String of(PipelineResult result) {
    StringBuilder text = new StringBuilder();
    text.append(
        "pipeline %s: %s%s%n"
            .formatted(result.pipelineId(), result.outcome().wireName(), why(result.error())));
    result.warnings().forEach(warning -> text.append("  warning: ").append(warning).append('\n'));
    for (var stage : result.stages().entrySet()) {
      StageReport report = stage.getValue();
      text.append(
          "  %s: %s%s%n"
              .formatted(stage.getKey(), report.status().wireName(), why(report.error())));
      if (report.result() != null) {
        appendRegions(report.result(), "    ", text);
      }
    }
    text.append(
        String.format(
            Locale.ROOT,
            "cost %s, tokens %d, %.1f s%n",
            money(result.totalCost()),
            result.totalTokens(),
            result.latencyMs() / 1000.0));
    appendOutput(result.output(), text);
    return text.toString();
  }

  private static void appendRegions(
      FederatedStageResult result, String indent, StringBuilder text) {
    result
        .decisions()
        .forEach(
            decision -> text.append(indent).append("  ").append(decision.reason()).append('\n'));
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("region", "status", "executed in", "attempts", "ms", "cost", "note"));
    for (RegionResult region : result.regionResults().values()) {
      rows.add(
          List.of(
              region.region(),
              region.status().wireName(),
              region.executedIn() == null ? "-" : region.executedIn(),
              Integer.toString(region.attempts()),
              Long.toString(region.latencyMs()),
              (region.costEstimated() ? "~" : "") + money(region.cost()),
              note(region)));
    }
    StringWriter table = new StringWriter();
    TextTable.print(new PrintWriter(table, true), rows, indent + "  ");
    text.append(table);
    if (result.missingRegions() != null) {
      text.append(indent)
          .append("  not complete, missing: ")
          .append(String.join(", ", result.missingRegions()));
      if (result.lateWorkflowId() != null) {
        text.append("; what they give comes into ").append(result.lateWorkflowId());
      }
      text.append('\n');
    }
    result
        .warnings()
        .forEach(warning -> text.append(indent).append("  warning: ").append(warning).append('\n'));
  }

  private static String note(RegionResult region) {
    StringBuilder note = new StringBuilder();
    if (region.items() != null && !region.items().isEmpty()) {
      note.append("%d items; ".formatted(region.items().count()));
    }
    if (region.hedges() != null) {
      List<String> beside =
          region.hedges().stream()
              .map(one -> one.region() + " " + one.outcome().wireName())
              .toList();
      note.append("hedged: ").append(String.join(", ", beside)).append("; ");
    }
    for (Hop hop : region.hops()) {
      note.append("left ")
          .append(hop.region())
          .append(": ")
          .append(hop.error().type().wireName())
          .append("; ");
    }
    if (region.error() != null) {
      note.append(region.error().type().wireName())
          .append(": ")
          .append(plain(region.error().message()));
    }
    return note.toString().replaceAll("; $", "");
  }

  private static void appendOutput(JsonNode output, StringBuilder text) {
    String json = output.toPrettyString();
    if (json.length() > LONGEST_OUTPUT) {
      json = json.substring(0, LONGEST_OUTPUT) + "… (-o json prints all of it)";
    }
    text.append("output: ").append(json).append('\n');
  }

  private static String why(@Nullable RegionError error) {
    return error == null
        ? ""
        : ", %s: %s".formatted(error.type().wireName(), plain(error.message()));
  }

  /** What a region says must neither break the table nor command the terminal. */
  private static String plain(String message) {
    return message.replaceAll("\\p{Cntrl}+", " ");
  }

  private static String money(double cost) {
    String text = String.format(Locale.ROOT, "%.6f", cost);
    return text.replaceAll("0+$", "").replaceAll("\\.$", "");
  }
}
