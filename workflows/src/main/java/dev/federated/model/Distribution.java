package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** What each region of a stage gets of its inputs. */
public enum Distribution implements WireName {
  /** Every region gets all of them. */
  REPLICATE("replicate"),
  /** Every region gets a part of an array. */
  PARTITION("partition");

  private final String wireName;

  Distribution(String wireName) {
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
  public static Distribution fromWireName(String name) {
    return WireName.parse(Distribution.class, name);
  }
}
