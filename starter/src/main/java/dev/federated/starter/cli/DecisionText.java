package dev.federated.starter.cli;

import dev.federated.model.Candidate;
import dev.federated.model.RoutingDecision;
import dev.federated.routing.ExecutionCosts;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A decision for people: what was chosen, and a row for each region. */
final class DecisionText {
  static final String NONE = "-";

  private DecisionText() {}

  static void print(RoutingDecision decision, PrintWriter out) {
    out.println(decision.reason());
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "region", "eligible", "score", "cost", "ms", "why"));
    for (Candidate candidate : decision.candidates()) {
      rows.add(
          List.of(
              decision.chosen().contains(candidate.region()) ? "*" : "",
              candidate.region(),
              candidate.eligible() ? "yes" : "no",
              number(candidate.score()),
              money(candidate.estimatedCost()),
              number(candidate.estimatedLatencyMs()),
              candidate.reason()));
    }
    TextTable.print(out, rows, "");
    out.flush();
  }

  static String money(@Nullable Double amount) {
    return amount == null ? NONE : ExecutionCosts.amount(amount);
  }

  /** Up to three digits behind the point. */
  private static String number(@Nullable Double value) {
    if (value == null) {
      return NONE;
    }
    String digits = String.format(Locale.ROOT, "%.3f", value);
    return digits.replaceAll("\\.?0+$", "");
  }
}
