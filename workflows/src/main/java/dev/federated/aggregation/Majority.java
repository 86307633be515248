package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts equal outputs, or outputs with an equal field, by their canonical text. */
final class Majority {
  private static final int MOST_GROUPS_SHOWN = 10;

  private final @Nullable String voteField;
  private final boolean requireMajority;
  private final Warnings warnings;

  Majority(@Nullable String voteField, boolean requireMajority, Warnings warnings) {
    this.voteField = voteField;
    this.requireMajority = requireMajority;
    this.warnings = warnings;
  }

  JsonNode winner(List<RegionOutput> outputs) throws AggregationException {
    Map<String, List<RegionOutput>> groups = new LinkedHashMap<>();
    int votes = 0;
    for (RegionOutput output : outputs) {
      JsonNode vote = voteField == null ? output.output() : output.output().get(voteField);
      if (vote == null) {
        warnings.add(
            "majority left out region %s: its output has no field '%s'"
                .formatted(output.region(), voteField));
        continue;
      }
      groups.computeIfAbsent(CanonicalJson.of(vote), text -> new ArrayList<>()).add(output);
      votes++;
    }
    if (groups.isEmpty()) {
      throw new AggregationException(
          "majority has no votes: no output has the top-level field '%s'".formatted(voteField));
    }
    List<RegionOutput> winners = List.of();
    for (List<RegionOutput> group : groups.values()) {
      if (group.size() > winners.size()) {
        winners = group;
      }
    }
    if (requireMajority && winners.size() <= votes / 2) {
      throw new AggregationException(
          "no value has more than half of the %d votes: %s".formatted(votes, counts(groups)));
    }
    return winners.get(0).output();
  }

  private static String counts(Map<String, List<RegionOutput>> groups) {
    List<String> counts = new ArrayList<>();
    for (List<RegionOutput> group : groups.values()) {
      if (counts.size() == MOST_GROUPS_SHOWN) {
        counts.add("%d other values".formatted(groups.size() - MOST_GROUPS_SHOWN));
        break;
      }
      counts.add(
          "%d for the value of %s%s"
              .formatted(
                  group.size(),
                  group.get(0).region(),
                  group.size() == 1 ? "" : " and %d more".formatted(group.size() - 1)));
    }
    return String.join(", ", counts);
  }
}
