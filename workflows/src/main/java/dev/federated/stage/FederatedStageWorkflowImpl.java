package dev.federated.stage;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Workflow;

/** See {@link FederatedStageWorkflow}. */
public final class FederatedStageWorkflowImpl implements FederatedStageWorkflow {
  private final World world;
  private final Aggregator aggregator;

  /** With what the control worker knows and the aggregations that it carries. */
  public FederatedStageWorkflowImpl(World world, Aggregator aggregator) {
    this.world = world;
    this.aggregator = aggregator;
  }

  @Override
  public FederatedStageResult execute(StageRequest request) {
    StageRun run = new StageRun(request, world, aggregator, new PayloadSizes());
    FederatedStageResult result = run.run();
    if (run.searchAttributes()) {
      Workflow.upsertTypedSearchAttributes(StageSearchAttributes.of(result));
    }
    if (result.outcome() == StageOutcome.FAILED) {
      throw failure(result);
    }
    return result;
  }

  private static ApplicationFailure failure(FederatedStageResult result) {
    String why = result.error() == null ? "failed" : result.error().message();
    return ApplicationFailure.newNonRetryableFailure(
        "stage %s: %s".formatted(result.stageId(), why), FAILED, result);
  }
}
