package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** How one region share of a stage ended. */
public enum RegionStatus implements WireName {
  /** The share has an output, in its own region or in its fallback. */
  SUCCEEDED("succeeded"),
  /** The share has no output; its error says why. */
  FAILED("failed"),
  /** The share was stopped because it was not needed or the stage was cancelled. */
  CANCELLED("cancelled"),
  /**
   * The share was never meant to run: the region is disabled, lacks a tag, or residency forbids it.
   */
  SKIPPED("skipped");

  private final String wireName;

  RegionStatus(String wireName) {
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
  public static RegionStatus fromWireName(String name) {
    return WireName.parse(RegionStatus.class, name);
  }
}
