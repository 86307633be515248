package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** What happens to regions that have not answered when a stage ends with its quorum. */
public enum LateResultPolicy implements WireName {
  /** They are stopped. */
  IGNORE("ignore"),
  /** A workflow of its own carries them on and adds what they give. */
  APPEND("append");

  private final String wireName;

  LateResultPolicy(String wireName) {
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
  public static LateResultPolicy fromWireName(String name) {
    return WireName.parse(LateResultPolicy.class, name);
  }
}
