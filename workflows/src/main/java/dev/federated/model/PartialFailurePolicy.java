package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** What a stage does when some of its regions failed. */
public enum PartialFailurePolicy implements WireName {
  /** Returns what the others gave, as outcome partial. */
  PROCEED("proceed"),
  /** Fails. */
  FAIL("fail"),
  /** Parks until an operator decides. */
  WAIT("wait");

  private final String wireName;

  PartialFailurePolicy(String wireName) {
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
  public static PartialFailurePolicy fromWireName(String name) {
    return WireName.parse(PartialFailurePolicy.class, name);
  }
}
