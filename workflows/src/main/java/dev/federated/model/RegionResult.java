package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one region's share of a stage ended.
 *
 * @param region the region that was selected
 * @param executedIn the region that gave the result, or failed last; null if none was called
 * @param status how the share ended
 * @param output the output of a succeeded share: never Java null, JSON null is an output; null
 *     otherwise
 * @param error why the share failed; null if it did not
 * @param attempts executions over all regions that the share was tried in
 * @param hops the regions that the share left, in order
 * @param latencyMs time of the last execution as measured in its region, in milliseconds
 * @param tokensUsed tokens that the region reported
 * @param cost what the share cost, in the currency of the federation's prices: what the region
 *     reported, else its prices for the execution, the tokens used and the data moved; a failed
 *     share counts nothing, because its region reported nothing
 * @param costEstimated whether the cost is an estimate because an execution was stopped
 * @param keyGeneration how often the share's idempotency key was renewed; null for never
 * @param estimatedCost what one execution in {@link #executedIn} was expected to cost; null if no
 *     region was called or that one has no price
 * @param items which items of a partitioned array the share has; null where none is partitioned
 * @param outputLeftOut whether the share has an output that did not fit the stage's result; null
 *     for no
 * @param hedges the executions of the share that ran side by side, the one that took too long
 *     first; null if it was not hedged. Attempts, tokens and cost of the share hold theirs
 */
@WireRecord
public record RegionResult(
    String region,
    @JsonInclude @Nullable String executedIn,
    RegionStatus status,
    @JsonInclude @Nullable JsonNode output,
    @JsonInclude @Nullable RegionError error,
    int attempts,
    List<Hop> hops,
    long latencyMs,
    long tokensUsed,
    double cost,
    boolean costEstimated,
    @Nullable Integer keyGeneration,
    @Nullable Double estimatedCost,
    @Nullable ItemRanges items,
    @Nullable Boolean outputLeftOut,
    @Nullable List<HedgedExecution> hedges) {
  public RegionResult {
    // A mapper may read JSON null as either; here a success has an output and nothing else has one.
    if (status == RegionStatus.SUCCEEDED) {
      output = output == null ? NullNode.instance : output;
    } else if (output != null && output.isNull()) {
      output = null;
    }
    hops = List.copyOf(hops);
    hedges = hedges == null ? null : List.copyOf(hedges);
  }

  /** A share whose idempotency key was never renewed, without an estimate, of no partition. */
  public RegionResult(
      String region,
      @Nullable String executedIn,
      RegionStatus status,
      @Nullable JsonNode output,
      @Nullable RegionError error,
      int attempts,
      List<Hop> hops,
      long latencyMs,
      long tokensUsed,
      double cost,
      boolean costEstimated) {
    this(
        region,
        executedIn,
        status,
        output,
        error,
        attempts,
        hops,
        latencyMs,
        tokensUsed,
        cost,
        costEstimated,
        null,
        null,
        null,
        null,
        null);
  }

  /** A share whose output, if it has one, is here. */
  public RegionResult(
      String region,
      @Nullable String executedIn,
      RegionStatus status,
      @Nullable JsonNode output,
      @Nullable RegionError error,
      int attempts,
      List<Hop> hops,
      long latencyMs,
      long tokensUsed,
      double cost,
      boolean costEstimated,
      @Nullable Integer keyGeneration,
      @Nullable Double estimatedCost,
      @Nullable ItemRanges items,
      @Nullable List<HedgedExecution> hedges) {
    this(
        region,
        executedIn,
        status,
        output,
        error,
        attempts,
        hops,
        latencyMs,
        tokensUsed,
        cost,
        costEstimated,
        keyGeneration,
        estimatedCost,
        items,
        null,
        hedges);
  }

  /** A share that has not been called and never will be, with the reason if it counts as failed. */
  public static RegionResult notCalled(
      String region, RegionStatus status, @Nullable RegionError error) {
    return new RegionResult(region, null, status, null, error, 0, List.of(), 0, 0, 0, false);
  }

  /**
   * What the share counts against a {@code max_cost}: its cost, and the estimate for each attempt
   * that failed, because its region may charge for it although it reported nothing.
   */
  @JsonIgnore
  public double chargeable() {
    boolean priced = status == RegionStatus.SUCCEEDED || status == RegionStatus.CANCELLED;
    int beside = 0;
    for (HedgedExecution execution : hedges == null ? List.<HedgedExecution>of() : hedges) {
      beside += execution.outcome() == HedgeOutcome.FAILED ? 0 : 1;
    }
    int failed = Math.max(0, attempts - Math.max(priced ? 1 : 0, beside));
    return cost + (estimatedCost == null ? 0 : failed * estimatedCost);
  }

  /**
   * The same result without its output, which did not fit; JSON null stands for it if the share
   * succeeded, and {@link #outputLeftOut} tells it from an output that is JSON null.
   */
  public RegionResult withoutOutput() {
    return with(null, items, status == RegionStatus.SUCCEEDED ? true : null);
  }

  /**
   * The same result of a share of which several executions ran side by side.
   *
   * @param executions all of them, the one that took too long first
   * @param attempts of those that are not counted yet
   * @param tokens of those that are not counted yet
   * @param cost of those that are not counted yet
   * @param estimated whether any of that cost is assumed
   */
  public RegionResult withHedges(
      List<HedgedExecution> executions, int attempts, long tokens, double cost, boolean estimated) {
    return new RegionResult(
        region,
        executedIn,
        status,
        output,
        error,
        this.attempts + attempts,
        hops,
        latencyMs,
        tokensUsed + tokens,
        this.cost + cost,
        costEstimated || estimated,
        keyGeneration,
        estimatedCost,
        items,
        outputLeftOut,
        executions);
  }

  /** The same result, of a share that has those items of a partitioned array. */
  public RegionResult withItems(@Nullable ItemRanges others) {
    return with(output, others, outputLeftOut);
  }

  private RegionResult with(
      @Nullable JsonNode itsOutput, @Nullable ItemRanges itsItems, @Nullable Boolean leftOut) {
    return new RegionResult(
        region,
        executedIn,
        status,
        itsOutput,
        error,
        attempts,
        hops,
        latencyMs,
        tokensUsed,
        cost,
        costEstimated,
        keyGeneration,
        estimatedCost,
        itsItems,
        leftOut,
        hedges);
  }
}
