package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** How a stage reaches the workers of a region. */
public enum RegionTransport implements WireName {
  /** By the region's task queue in the namespace of the stage. */
  TASK_QUEUE("task_queue"),
  /** By a client in the control worker, in another Temporal cluster. */
  CLUSTER("cluster"),
  /** By a Nexus endpoint, in another namespace of the server. */
  NEXUS("nexus");

  private final String wireName;

  RegionTransport(String wireName) {
    this.wireName = wireName;
  }

  /** The name in JSON. */
  @Override
  @JsonValue
  public String wireName() {
    return wireName;
  }

  /**
   * Reads a name.
   *
   * @param name the name in JSON, in any case
   * @throws IllegalArgumentException if no constant has that name
   */
  @JsonCreator
  public static RegionTransport fromWireName(String name) {
    return WireName.parse(RegionTransport.class, name);
  }
}
