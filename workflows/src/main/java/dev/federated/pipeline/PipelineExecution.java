package dev.federated.pipeline;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.federated.model.WireName;

/** Where the federated stages of a pipeline run. */
public enum PipelineExecution implements WireName {
  /** Each in a child workflow with its own history and page; the default. */
  CHILD("child"),
  /** In the pipeline's own workflow: faster, one history for all. */
  INLINE("inline");

  private final String wireName;

  PipelineExecution(String wireName) {
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
  public static PipelineExecution fromWireName(String name) {
    return WireName.parse(PipelineExecution.class, name);
  }
}
