package dev.federated.pipeline;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.model.WireRecord;
import dev.federated.stage.FederatedStageResult;
import org.jspecify.annotations.Nullable;

/**
 * How one stage of a pipeline ended.
 *
 * @param status how it ended
 * @param recordedOutput the output of a stage that ran locally; null for a federated one, whose
 *     output is computed from its result
 * @param error why it failed, was skipped or was cancelled, or null
 * @param result the record of a federated stage; null for a local one
 * @param attempts executions of a local stage
 * @param cost what a local stage cost
 * @param tokensUsed tokens that a local stage used
 * @param outputLeftOut whether the stage has an output or a record that did not fit the pipeline's
 *     result; null for no
 */
@WireRecord
public record StageReport(
    StageStatus status,
    @JsonProperty("output") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable JsonNode recordedOutput,
    @JsonInclude @Nullable RegionError error,
    @Nullable FederatedStageResult result,
    int attempts,
    double cost,
    long tokensUsed,
    @Nullable Boolean outputLeftOut) {

  private StageReport(
      StageStatus status,
      @Nullable JsonNode recordedOutput,
      @Nullable RegionError error,
      @Nullable FederatedStageResult result,
      int attempts,
      double cost,
      long tokensUsed) {
    this(status, recordedOutput, error, result, attempts, cost, tokensUsed, null);
  }

  /** A local stage that succeeded. */
  public static StageReport local(ComponentResponse response) {
    return new StageReport(
        StageStatus.SUCCEEDED,
        response.output(),
        null,
        null,
        response.attempts(),
        response.cost(),
        response.tokensUsed());
  }

  /** A federated stage that ended. */
  public static StageReport federated(FederatedStageResult result) {
    StageStatus status =
        switch (result.outcome()) {
          case SUCCEEDED -> StageStatus.SUCCEEDED;
          case PARTIAL -> StageStatus.PARTIAL;
          case FAILED -> StageStatus.FAILED;
        };
    RegionError error = result.outcome() == StageOutcome.FAILED ? result.error() : null;
    return new StageReport(
        status, null, error, result, 0, result.totalCost(), result.totalTokens());
  }

  static StageReport failed(RegionError error, int attempts) {
    return new StageReport(StageStatus.FAILED, null, error, null, attempts, 0, 0);
  }

  /**
   * A stage that was stopped.
   *
   * @param result what the regions of a federated one had done by then; null if that is not known
   */
  public static StageReport cancelled(@Nullable FederatedStageResult result) {
    RegionError error = RegionError.of(FailureType.CANCELLED, "the stage was cancelled");
    return new StageReport(
        StageStatus.CANCELLED,
        null,
        error,
        result,
        0,
        result == null ? 0 : result.totalCost(),
        result == null ? 0 : result.totalTokens());
  }

  /** A stage that never ran. */
  public static StageReport skipped(String because) {
    RegionError error = RegionError.of(FailureType.CANCELLED, because);
    return new StageReport(StageStatus.SKIPPED, null, error, null, 0, 0, 0);
  }

  /** The same report without anything large, for a pipeline whose result would not fit. */
  StageReport withoutOutput() {
    boolean lost = recordedOutput != null || result != null;
    return new StageReport(
        status, null, error, null, attempts, cost, tokensUsed, lost ? true : null);
  }

  /** The output of the stage; JSON null if it has none. Computed on each call if federated. */
  @JsonIgnore
  public JsonNode output() {
    if (result != null) {
      return result.aggregated();
    }
    return recordedOutput == null ? NullNode.instance : recordedOutput;
  }
}
