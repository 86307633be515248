package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** What merge does when two regions give different values for one field. */
public enum MergeConflict implements WireName {
  /** The later region wins. */
  LAST("last"),
  /** The earlier region wins. */
  FIRST("first"),
  /** The aggregation fails and names the field. */
  ERROR("error"),
  /** The values become an array in region order. */
  COLLECT("collect");

  private final String wireName;

  MergeConflict(String wireName) {
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
  public static MergeConflict fromWireName(String name) {
    return WireName.parse(MergeConflict.class, name);
  }
}
