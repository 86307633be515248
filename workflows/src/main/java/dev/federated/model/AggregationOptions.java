package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * How outputs are aggregated; recorded with a result so that the aggregate can be computed again.
 *
 * @param aggregation the aggregation
 * @param mergeConflict for merge: what wins when two regions differ, default last
 * @param reduceFunction for reduce: {@code sum avg min max count} or a registered name, default sum
 * @param scoreField for best: the numeric field that ranks outputs, default {@code score}
 * @param voteField for majority: the field that is compared; null compares whole outputs
 * @param requireMajority for majority: whether more than half of the votes are required
 */
@WireRecord
public record AggregationOptions(
    AggregationStrategy aggregation,
    MergeConflict mergeConflict,
    String reduceFunction,
    String scoreField,
    @Nullable String voteField,
    boolean requireMajority) {
  /** The function of reduce when none is given. */
  public static final String DEFAULT_REDUCE_FUNCTION = "sum";

  /** The field of best when none is given. */
  public static final String DEFAULT_SCORE_FIELD = "score";

  /** That aggregation with every other option at its default. */
  public static AggregationOptions of(AggregationStrategy aggregation) {
    return new AggregationOptions(
        aggregation, MergeConflict.LAST, DEFAULT_REDUCE_FUNCTION, DEFAULT_SCORE_FIELD, null, false);
  }
}
