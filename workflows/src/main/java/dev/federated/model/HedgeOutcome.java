package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** What became of one of several executions of a share that ran side by side. */
public enum HedgeOutcome implements WireName {
  /** It gave the share's result. */
  WON("won"),
  /** Another one was faster. */
  LOST("lost"),
  /** It failed. */
  FAILED("failed"),
  /** It was stopped with its share. */
  CANCELLED("cancelled");

  private final String wireName;

  HedgeOutcome(String wireName) {
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
  public static HedgeOutcome fromWireName(String name) {
    return WireName.parse(HedgeOutcome.class, name);
  }
}
