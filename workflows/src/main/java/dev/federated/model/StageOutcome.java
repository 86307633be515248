package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** How a stage ended. */
public enum StageOutcome implements WireName {
  /** Every counted region succeeded. */
  SUCCEEDED("succeeded"),
  /** At least {@code min_regions} regions succeeded and some failed. */
  PARTIAL("partial"),
  /** Too few regions succeeded, or their outputs could not be aggregated. */
  FAILED("failed");

  private final String wireName;

  StageOutcome(String wireName) {
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
  public static StageOutcome fromWireName(String name) {
    return WireName.parse(StageOutcome.class, name);
  }
}
