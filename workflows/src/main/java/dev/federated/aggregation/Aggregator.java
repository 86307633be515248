package dev.federated.aggregation;

import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Aggregates the outputs of the regions of a stage. Pure: no clock, no order but the list's. */
public final class Aggregator {
  /** With the built-in reduce functions only. */
  public static final Aggregator BUILT_IN = new Aggregator(Map.of());

  @SuppressWarnings("unused")
  private final Map<String, ReduceFunction> reduceFunctions;

  /** With reduce functions beyond the built-in ones, by name. */
  public Aggregator(Map<String, ReduceFunction> reduceFunctions) {
    this.reduceFunctions = Map.copyOf(reduceFunctions);
  }

  /**
   * Aggregates.
   *
   * @param options how
   * @param outputs the outputs of the regions that succeeded, in region order, at least one
   * @param winner the region whose success came first by time, for aggregation first; null takes
   *     the first of the list
   * @throws AggregationException if the outputs cannot be aggregated as asked
   */
  public Aggregated aggregate(
      AggregationOptions options, List<RegionOutput> outputs, @Nullable String winner)
      throws AggregationException {
    if (outputs.isEmpty()) {
      return new Aggregated(com.fasterxml.jackson.databind.node.NullNode.instance, List.of());
    }
    throw new AggregationException("aggregation " + options.aggregation() + " is not there yet");
  }

  /** Whether every reader of a result can compute this aggregation, with the built-in functions. */
  public static boolean builtIn(AggregationOptions options) {
    return options.aggregation() != AggregationStrategy.REDUCE
        || dev.federated.parsing.StageFederationParser.REDUCE_FUNCTIONS.contains(
            options.reduceFunction());
  }
}
