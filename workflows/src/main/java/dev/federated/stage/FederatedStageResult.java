package dev.federated.stage;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hop;
import dev.federated.model.KeyRoot;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.WireRecord;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The record of a federated stage. In histories the outputs stand once, in the region results, and
 * the aggregate is computed when it is read; {@link StageResultJson} prints both.
 *
 * @param stageId the stage
 * @param outcome how it ended
 * @param strategy the strategy that selected
 * @param aggregation the aggregation that applied
 * @param aggregationOptions how {@link #aggregated()} is computed
 * @param recordedAggregate the aggregate, where it cannot be computed again; null otherwise
 * @param winner the region whose success came first, for aggregation first; null otherwise
 * @param error why the stage failed, or null
 * @param warnings what a reader should know
 * @param hasPartialFailure whether some regions succeeded and some failed
 * @param successfulRegions selected regions whose share succeeded, in region order
 * @param failedRegions selected regions whose share failed, in region order
 * @param regionResults every selected region's result, in region order
 * @param decisions what was selected and why
 * @param totalCost sum over the regions
 * @param totalTokens sum over the regions
 * @param latencyMs time from the start of the stage to its end in milliseconds
 * @param workflowId the workflow that ran the stage
 * @param runId its run
 * @param redriveOf the workflow that this one redrives, or null
 * @param keyRoot what idempotency keys are made from, if not this execution
 * @param interventions what operators decided while the stage was parked; null for nothing
 * @param carriedRegions regions whose results were taken over from the workflow that this one
 *     redrives; null for none
 * @param complete false if a region that the stage was sent to gave nothing, which a stage says
 *     that has a quorum or is a wave; null otherwise
 * @param missingRegions these regions, in region order; null for none
 * @param lateWorkflowId the workflow that carries on what the stage did not wait for; null for none
 */
@WireRecord
public record FederatedStageResult(
    String stageId,
    StageOutcome outcome,
    FederationStrategy strategy,
    AggregationStrategy aggregation,
    @Nullable AggregationOptions aggregationOptions,
    @JsonProperty("aggregated") @Nullable JsonNode recordedAggregate,
    @Nullable String winner,
    @JsonInclude @Nullable RegionError error,
    List<String> warnings,
    boolean hasPartialFailure,
    List<String> successfulRegions,
    List<String> failedRegions,
    Map<String, RegionResult> regionResults,
    List<RoutingDecision> decisions,
    double totalCost,
    long totalTokens,
    long latencyMs,
    String workflowId,
    String runId,
    @Nullable String redriveOf,
    @Nullable KeyRoot keyRoot,
    @Nullable List<StageDecision> interventions,
    @Nullable List<String> carriedRegions,
    @Nullable Boolean complete,
    @Nullable List<String> missingRegions,
    @Nullable String lateWorkflowId) {
  public FederatedStageResult {
    warnings = List.copyOf(warnings);
    successfulRegions = List.copyOf(successfulRegions);
    failedRegions = List.copyOf(failedRegions);
    regionResults = Collections.unmodifiableMap(new LinkedHashMap<>(regionResults));
    decisions = List.copyOf(decisions);
    interventions = interventions == null ? null : List.copyOf(interventions);
    carriedRegions = carriedRegions == null ? null : List.copyOf(carriedRegions);
    missingRegions = missingRegions == null ? null : List.copyOf(missingRegions);
  }

  /** The record of a stage that nothing is said of whether it is complete. */
  public FederatedStageResult(
      String stageId,
      StageOutcome outcome,
      FederationStrategy strategy,
      AggregationStrategy aggregation,
      @Nullable AggregationOptions aggregationOptions,
      @Nullable JsonNode recordedAggregate,
      @Nullable String winner,
      @Nullable RegionError error,
      List<String> warnings,
      boolean hasPartialFailure,
      List<String> successfulRegions,
      List<String> failedRegions,
      Map<String, RegionResult> regionResults,
      List<RoutingDecision> decisions,
      double totalCost,
      long totalTokens,
      long latencyMs,
      String workflowId,
      String runId,
      @Nullable String redriveOf,
      @Nullable KeyRoot keyRoot,
      @Nullable List<StageDecision> interventions,
      @Nullable List<String> carriedRegions) {
    this(
        stageId,
        outcome,
        strategy,
        aggregation,
        aggregationOptions,
        recordedAggregate,
        winner,
        error,
        warnings,
        hasPartialFailure,
        successfulRegions,
        failedRegions,
        regionResults,
        decisions,
        totalCost,
        totalTokens,
        latencyMs,
        workflowId,
        runId,
        redriveOf,
        keyRoot,
        interventions,
        carriedRegions,
        null,
        null,
        null);
  }

  /**
   * The same record, which says that those regions gave nothing.
   *
   * @param missing the regions; null or none leaves the record as it is
   * @param late the workflow that carries them on, or null
   */
  FederatedStageResult missing(@Nullable List<String> missing, @Nullable String late) {
    if (missing == null || missing.isEmpty()) {
      return this;
    }
    return new FederatedStageResult(
        stageId,
        outcome,
        strategy,
        aggregation,
        aggregationOptions,
        recordedAggregate,
        winner,
        error,
        warnings,
        hasPartialFailure,
        successfulRegions,
        failedRegions,
        regionResults,
        decisions,
        totalCost,
        totalTokens,
        latencyMs,
        workflowId,
        runId,
        redriveOf,
        keyRoot,
        interventions,
        carriedRegions,
        false,
        missing,
        late);
  }

  /** What the stage counts against a {@code max_cost}, see {@link RegionResult#chargeable}. */
  @JsonIgnore
  public double chargeable() {
    return regionResults.values().stream().mapToDouble(RegionResult::chargeable).sum();
  }

  /** The regions whose outputs were left out because the result would not have fit. */
  @JsonIgnore
  public List<String> regionsLeftOut() {
    return regionResults.values().stream()
        .filter(region -> Boolean.TRUE.equals(region.outputLeftOut()))
        .map(RegionResult::region)
        .toList();
  }

  /** The regions that shares of this run, not carried ones, left for another; one for each hop. */
  List<String> left() {
    return regionResults.entrySet().stream()
        .filter(entry -> carriedRegions == null || !carriedRegions.contains(entry.getKey()))
        .flatMap(entry -> entry.getValue().hops().stream())
        .map(Hop::region)
        .toList();
  }

  /**
   * The output of the stage; JSON null if it failed. Computed on each call from the region results
   * unless it was recorded.
   */
  @JsonIgnore
  public JsonNode aggregated() {
    return StageResultJson.aggregated(this);
  }
}
