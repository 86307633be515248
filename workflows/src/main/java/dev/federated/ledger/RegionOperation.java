package dev.federated.ledger;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireName;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * What an operator does with a region.
 *
 * @param action what
 * @param region its name
 * @param config the region as in a federation file, without key; only to add one
 * @param reason why, for those who find it, or null
 */
@WireRecord
public record RegionOperation(
    Action action, String region, @Nullable JsonNode config, @Nullable String reason) {
  /** What can be done. */
  public enum Action implements WireName {
    /** Stages stay away from the region; what runs there ends. */
    DRAIN("drain"),
    /** Stages may run there again. */
    ENABLE("enable"),
    /** The federation gets a region that its file does not have. */
    ADD("add"),
    /** The federation is without the region, whether its file has it or not. */
    REMOVE("remove");

    private final String wireName;

    Action(String wireName) {
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
    public static Action fromWireName(String name) {
      return WireName.parse(Action.class, name);
    }
  }
}
