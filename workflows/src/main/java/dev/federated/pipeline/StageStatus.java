package dev.federated.pipeline;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.federated.model.WireName;

/** How a stage of a pipeline ended. */
public enum StageStatus implements WireName {
  /** It has an output. */
  SUCCEEDED("succeeded"),
  /** It is federated, has an output, and some of its regions failed. */
  PARTIAL("partial"),
  /** It has no output; the stages that depend on it are skipped. */
  FAILED("failed"),
  /** It never ran: one that it depends on has no output, or its pipeline was cancelled before. */
  SKIPPED("skipped"),
  /** It was stopped while it ran; what its regions had done by then is in its result. */
  CANCELLED("cancelled");

  private final String wireName;

  StageStatus(String wireName) {
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
  public static StageStatus fromWireName(String name) {
    return WireName.parse(StageStatus.class, name);
  }

  /** Whether the stages that depend on it may run. */
  boolean hasOutput() {
    return this == SUCCEEDED || this == PARTIAL;
  }
}
