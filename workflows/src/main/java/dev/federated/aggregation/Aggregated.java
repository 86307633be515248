package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * What an aggregation gave.
 *
 * @param value the output of the stage
 * @param warnings what was left out and why, for a reader of the result
 */
public record Aggregated(JsonNode value, List<String> warnings) {
  public Aggregated {
    warnings = List.copyOf(warnings);
  }
}
