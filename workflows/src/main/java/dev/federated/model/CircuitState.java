package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** State of a region's circuit breaker. */
public enum CircuitState implements WireName {
  /** Calls go through. */
  CLOSED("closed"),
  /** Calls are refused without being made. */
  OPEN("open"),
  /** One call goes through; its outcome decides. */
  HALF_OPEN("half_open");

  private final String wireName;

  CircuitState(String wireName) {
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
   * @throws IllegalArgumentException if no constant has that name
   */
  @JsonCreator
  public static CircuitState fromWireName(String name) {
    return WireName.parse(CircuitState.class, name);
  }
}
