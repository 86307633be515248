package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.aggregation.Aggregated;
import dev.federated.aggregation.AggregationException;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.workflow.WorkflowInfo;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Turns what the regions did into the record of the stage: outcome, aggregate, reasons. */
final class StageRecord {
  /** Failed regions that an error message spells out; the result has all of them. */
  private static final int MOST_REASONS = 5;

  private final StageRequest request;
  private final FederatedStageConfig config;
  private final Aggregator aggregator;
  private final WorkflowInfo info;
  private final PayloadSizes sizes;
  private final List<StageDecision> interventions = new ArrayList<>();
  private final Set<String> withoutPrice = new LinkedHashSet<>();
  private final List<String> warnings = new ArrayList<>();
  private AggregationOptions options;
  private PartialFailurePolicy policy;
  private int minRegions;
  private FailureLimit failureLimit = FailureLimit.NONE;
  private @Nullable RegionError ending;

  StageRecord(
      StageRequest request,
      Aggregator aggregator,
      AggregationStrategy aggregation,
      PartialFailurePolicy policy,
      WorkflowInfo info,
      PayloadSizes sizes) {
    this.request = request;
    this.config = request.federation();
    this.aggregator = aggregator;
    this.options = config.aggregationOptions(aggregation);
    this.policy = policy;
    this.minRegions = config.minRegions();
    this.info = info;
    this.sizes = sizes;
  }

  /** The aggregation that applies now. */
  AggregationStrategy aggregation() {
    return options.aggregation();
  }

  /** Whether a failure parks the stage. */
  boolean waits() {
    return policy == PartialFailurePolicy.WAIT && ending == null;
  }

  /** A reader of the record should know that. */
  void warn(String warning) {
    warnings.add(warning);
  }

  /** An operator decided. */
  void note(StageDecision decision) {
    interventions.add(decision);
  }

  /** A region without a price was called although the stage's cost is limited. */
  void withoutPrice(String region) {
    withoutPrice.add(region);
  }

  /** So many regions may fail. */
  void limitFailures(FailureLimit limit) {
    failureLimit = limit;
  }

  /** How many regions may fail. */
  FailureLimit failureLimit() {
    return failureLimit;
  }

  /** From now on what succeeded is enough. */
  void accept() {
    failureLimit = FailureLimit.NONE;
    policy = PartialFailurePolicy.PROCEED;
    minRegions = 1;
  }

  /** From now on a partial failure is judged as that. */
  void judge(PartialFailurePolicy policy) {
    failureLimit = FailureLimit.NONE;
    this.policy = policy;
  }

  /** From now on the stage fails with that. */
  void end(RegionError error) {
    ending = error;
  }

  /** From now on outputs are aggregated like that. */
  void aggregateBy(AggregationOptions options) {
    this.options = options;
  }

  /** The record of a stage whose shares have all ended. */
  FederatedStageResult of(
      RoutingDecision decision,
      Map<String, RegionResult> results,
      @Nullable String winner,
      long latencyMs) {
    List<RegionResult> failed = withStatus(results, RegionStatus.FAILED);
    List<RegionResult> succeeded = withStatus(results, RegionStatus.SUCCEEDED);
    RegionError error = ending == null ? tooFew(succeeded, failed) : ending;
    if (error != null) {
      return refused(decision, results, error, winner, latencyMs);
    }
    Aggregated aggregated;
    try {
      aggregated = aggregator.aggregate(options, StageResultJson.outputs(succeeded), winner);
    } catch (AggregationException e) {
      RegionError why =
          RegionError.of(FailureType.AGGREGATION_FAILED, String.valueOf(e.getMessage()));
      return refused(decision, results, why, winner, latencyMs);
    }
    boolean complete = failed.isEmpty() || aggregation() == AggregationStrategy.FIRST;
    StageOutcome outcome = complete ? StageOutcome.SUCCEEDED : StageOutcome.PARTIAL;
    return result(outcome, decision, results, null, aggregated, winner, latencyMs);
  }

  /** The record of a stage that had nothing to execute. */
  FederatedStageResult ofNothing(
      RoutingDecision decision, Map<String, RegionResult> results, long latencyMs) {
    boolean joined = aggregation() == AggregationStrategy.CONCAT;
    JsonNode none = joined ? JsonNodeFactory.instance.arrayNode() : NullNode.instance;
    Aggregated aggregated = new Aggregated(none, List.of());
    return result(StageOutcome.SUCCEEDED, decision, results, null, aggregated, null, latencyMs);
  }

  /** The record of a stage that failed with that. */
  FederatedStageResult refused(
      RoutingDecision decision,
      Map<String, RegionResult> results,
      RegionError error,
      @Nullable String winner,
      long latencyMs) {
    return result(StageOutcome.FAILED, decision, results, error, null, winner, latencyMs);
  }

  /** Why the successes do not make a stage, or null. */
  private @Nullable RegionError tooFew(List<RegionResult> succeeded, List<RegionResult> failed) {
    int counted = succeeded.size() + failed.size();
    if (succeeded.isEmpty() && counted == 1) {
      return failed.get(0).error();
    }
    boolean first = aggregation() == AggregationStrategy.FIRST;
    String tooMany = first ? null : failureLimit.exceededBy(failed.size());
    if (tooMany != null) {
      return RegionError.of(FailureType.QUORUM_NOT_MET, tooMany + reasons(failed));
    }
    // An array may have fewer items than there are regions.
    int least = config.partitioned() ? Math.min(minRegions, counted) : minRegions;
    boolean enough = first ? !succeeded.isEmpty() : succeeded.size() >= least;
    if (succeeded.isEmpty() || !enough) {
      return RegionError.of(
          FailureType.QUORUM_NOT_MET,
          "%d of %d regions succeeded, min_regions is %d%s"
              .formatted(succeeded.size(), counted, minRegions, reasons(failed)));
    }
    boolean decides = policy != PartialFailurePolicy.PROCEED && !failureLimit.allows(failed.size());
    if (!failed.isEmpty() && !first && decides) {
      return RegionError.of(
          FailureType.QUORUM_NOT_MET,
          "%d of %d regions succeeded and on_partial_failure is %s%s"
              .formatted(succeeded.size(), counted, policy.wireName(), reasons(failed)));
    }
    return null;
  }

  private static String reasons(List<RegionResult> failed) {
    StringBuilder reasons = new StringBuilder();
    for (RegionResult result : failed.subList(0, Math.min(failed.size(), MOST_REASONS))) {
      RegionError error = result.error();
      if (error != null) {
        reasons.append("; ").append(result.region()).append(": ").append(error.message());
      }
    }
    if (failed.size() > MOST_REASONS) {
      reasons.append("; and ").append(failed.size() - MOST_REASONS).append(" more");
    }
    return reasons.toString();
  }

  private static List<RegionResult> withStatus(
      Map<String, RegionResult> results, RegionStatus status) {
    return results.values().stream().filter(result -> result.status() == status).toList();
  }

  private FederatedStageResult result(
      StageOutcome outcome,
      RoutingDecision decision,
      Map<String, RegionResult> results,
      @Nullable RegionError error,
      @Nullable Aggregated aggregated,
      @Nullable String winner,
      long latencyMs) {
    List<RegionResult> succeeded = withStatus(results, RegionStatus.SUCCEEDED);
    boolean computable = Aggregator.builtIn(options) && !succeeded.isEmpty();
    JsonNode recorded = aggregated == null || computable ? null : aggregated.value();
    List<RegionResult> failed = withStatus(results, RegionStatus.FAILED);
    double cost = 0;
    long tokens = 0;
    for (RegionResult result : results.values()) {
      cost += result.cost();
      tokens += result.tokensUsed();
    }
    Redrive redrive = request.redrive();
    return ResultSize.fit(
        new FederatedStageResult(
            request.stageId(),
            outcome,
            decision.strategy(),
            aggregation(),
            options,
            recorded,
            winner,
            error,
            warnings(aggregated),
            !succeeded.isEmpty() && !failed.isEmpty(),
            names(succeeded),
            names(failed),
            results,
            List.of(decision),
            cost,
            tokens,
            latencyMs,
            info.getWorkflowId(),
            info.getRunId(),
            redrive == null ? null : redrive.workflowId(),
            redrive == null ? null : redrive.keyRoot(),
            interventions.isEmpty() ? null : interventions,
            redrive == null ? null : carried(redrive)),
        sizes);
  }

  private static @Nullable List<String> carried(Redrive redrive) {
    List<RegionResult> carried = withStatus(redrive.shares(), RegionStatus.SUCCEEDED);
    return carried.isEmpty() ? null : names(carried);
  }

  private List<String> warnings(@Nullable Aggregated aggregated) {
    List<String> all = new ArrayList<>(warnings);
    all.addAll(aggregated == null ? List.of() : aggregated.warnings());
    if (!withoutPrice.isEmpty()) {
      List<String> named = withoutPrice.stream().limit(MOST_REASONS).toList();
      int more = withoutPrice.size() - named.size();
      all.add(
          "max_cost is set, but %s without a price, which counts as 0: %s%s"
              .formatted(
                  withoutPrice.size() == 1 ? "a region is" : "regions are",
                  String.join(", ", named),
                  more == 0 ? "" : " and " + more + " more"));
    }
    return all;
  }

  private static List<String> names(List<RegionResult> results) {
    return results.stream().map(RegionResult::region).toList();
  }
}
