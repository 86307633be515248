package dev.federated.pipeline;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.StageOutcome;
import dev.federated.stage.World;
import io.temporal.failure.ApplicationFailure;

/** See {@link PipelineWorkflow}. */
public final class PipelineWorkflowImpl implements PipelineWorkflow {
  private final World world;
  private final Aggregator aggregator;

  /** With what stages that run inline need: the control worker's knowledge and aggregations. */
  public PipelineWorkflowImpl(World world, Aggregator aggregator) {
    this.world = world;
    this.aggregator = aggregator;
  }

  @Override
  public PipelineResult execute(PipelineRequest request) {
    PipelineResult result = new PipelineRun(request, world, aggregator).run();
    if (result.outcome() == StageOutcome.FAILED) {
      String why = result.error() == null ? "failed" : result.error().message();
      throw ApplicationFailure.newNonRetryableFailure(
          "pipeline %s: %s".formatted(result.pipelineId(), why), FAILED, result);
    }
    return result;
  }
}
