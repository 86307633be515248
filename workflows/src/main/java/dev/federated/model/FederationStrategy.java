package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;

/** How the regions of a stage are selected. */
public enum FederationStrategy implements WireName {
  /** Every listed region at once. */
  PARALLEL("parallel"),
  /** Every listed region, one after the other. */
  SEQUENTIAL("sequential"),
  /** The region nearest to the data or the caller. */
  NEAREST("nearest"),
  /** Regions in turn, by weight. */
  ROUND_ROBIN("round_robin"),
  /** The region with the lowest load for its size. */
  LEAST_LOADED("least_loaded"),
  /** The cheapest region for this stage. */
  COST_OPTIMIZED("cost_optimized");

  private final String wireName;

  FederationStrategy(String wireName) {
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
  public static FederationStrategy fromWireName(String name) {
    return WireName.parse(FederationStrategy.class, name);
  }

  @Override
  public List<String> aliases() {
    return switch (this) {
      case LEAST_LOADED -> List.of("load_based");
      case COST_OPTIMIZED -> List.of("cost_based");
      case PARALLEL, SEQUENTIAL, NEAREST, ROUND_ROBIN -> List.of();
    };
  }

  /** Whether the stage runs in every selected region rather than in one. */
  public boolean replicated() {
    return this == PARALLEL || this == SEQUENTIAL;
  }
}
