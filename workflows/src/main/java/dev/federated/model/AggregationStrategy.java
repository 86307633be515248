package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;

/** How the outputs of the regions become the output of the stage. */
public enum AggregationStrategy implements WireName {
  /** Deep merge of objects in region order. */
  MERGE("merge"),
  /** A function over numbers, or field by field over objects. */
  REDUCE("reduce"),
  /** The first success by time. */
  FIRST("first"),
  /** An array of the successful outputs in region order. */
  ALL("all"),
  /** The most common output. */
  MAJORITY("majority"),
  /** Arrays joined, other values appended. */
  CONCAT("concat"),
  /** The output with the highest score field. */
  BEST("best");

  private final String wireName;

  AggregationStrategy(String wireName) {
    this.wireName = wireName;
  }

  /** The name in JSON. */
  @Override
  @JsonValue
  public String wireName() {
    return wireName;
  }

  /**
   * Reads a recorded name.
   *
   * @param name the name in JSON, in any case, or an alias
   * @throws IllegalArgumentException if no constant has that name
   */
  @JsonCreator
  public static AggregationStrategy fromWireName(String name) {
    return WireName.parse(AggregationStrategy.class, name);
  }

  @Override
  public List<String> aliases() {
    return this == MAJORITY ? List.of("vote") : List.of();
  }

  /** Whether the result has something of every output, as the parts of one array need. */
  public boolean gathersParts() {
    return switch (this) {
      case MERGE, REDUCE, ALL, CONCAT -> true;
      case FIRST, MAJORITY, BEST -> false;
    };
  }
}
