package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** What decides how many items a region gets. */
public enum PartitionBy implements WireName {
  /** The regions' weights. */
  WEIGHT("weight"),
  /** The regions' free places. */
  LOAD("load"),
  /** Where each item is. */
  LOCATION("location");

  private final String wireName;

  PartitionBy(String wireName) {
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
   * @param name the name in JSON, in any case
   * @throws IllegalArgumentException if no constant has that name
   */
  @JsonCreator
  public static PartitionBy fromWireName(String name) {
    return WireName.parse(PartitionBy.class, name);
  }
}
