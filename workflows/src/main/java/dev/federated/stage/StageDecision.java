package dev.federated.stage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.federated.model.AggregationOptions;
import dev.federated.model.WireName;
import dev.federated.model.WireRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an operator decides about a parked stage.
 *
 * @param action what to do
 * @param stageId the stage, where a pipeline's workflow runs several; null for the only parked one
 * @param regions the selected regions that it is about; null for all failed ones
 * @param in the region that executes instead, for retry; null for the share's own
 * @param newKey for retry: whether a new idempotency key is used although the old execution may
 *     have happened
 * @param aggregation how to aggregate instead, for aggregate
 * @param reason why, for the record; null if nobody said
 */
@WireRecord
public record StageDecision(
    Action action,
    @Nullable String stageId,
    @Nullable List<String> regions,
    @Nullable String in,
    boolean newKey,
    @Nullable AggregationOptions aggregation,
    @Nullable String reason) {
  /** What can be decided. */
  public enum Action implements WireName {
    /** Execute failed shares again. */
    RETRY("retry"),
    /** Do without failed shares: they no longer count. */
    SKIP("skip"),
    /** Go on with what succeeded. */
    ACCEPT("accept"),
    /** Let the stage fail. */
    ABORT("abort"),
    /** Aggregate what succeeded in another way. */
    AGGREGATE("aggregate");

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

  public StageDecision {
    regions = regions == null ? null : List.copyOf(regions);
  }

  /** Execute those shares again, in their own regions. */
  public static StageDecision retry(List<String> regions) {
    return new StageDecision(Action.RETRY, null, regions, null, false, null, null);
  }

  /** Execute those shares again, in another region. */
  public static StageDecision retryIn(List<String> regions, String in) {
    return new StageDecision(Action.RETRY, null, regions, in, false, null, null);
  }

  /** Do without those shares. */
  public static StageDecision skip(List<String> regions) {
    return new StageDecision(Action.SKIP, null, regions, null, false, null, null);
  }

  /** Go on with what succeeded. */
  public static StageDecision accept() {
    return new StageDecision(Action.ACCEPT, null, null, null, false, null, null);
  }

  /** Let the stage fail. */
  public static StageDecision abort(@Nullable String reason) {
    return new StageDecision(Action.ABORT, null, null, null, false, null, reason);
  }

  /** Aggregate what succeeded in another way. */
  public static StageDecision aggregate(AggregationOptions aggregation) {
    return new StageDecision(Action.AGGREGATE, null, null, null, false, aggregation, null);
  }

  /** The same decision about a stage of a pipeline. */
  public StageDecision ofStage(String stageId) {
    return new StageDecision(action, stageId, regions, in, newKey, aggregation, reason);
  }
}
