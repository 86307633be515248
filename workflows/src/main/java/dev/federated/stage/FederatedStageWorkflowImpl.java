package dev.federated.stage;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Workflow;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** See {@link FederatedStageWorkflow}. */
public final class FederatedStageWorkflowImpl implements FederatedStageWorkflow {
  private static final ParkedStage NOT_STARTED =
      new ParkedStage("", false, List.of(), Map.of(), null);

  private final World world;
  private final Aggregator aggregator;
  private @Nullable StageRun run;

  /** With what the control worker knows and the aggregations that it carries. */
  public FederatedStageWorkflowImpl(World world, Aggregator aggregator) {
    this.world = world;
    this.aggregator = aggregator;
  }

  @Override
  public FederatedStageResult execute(StageRequest request) {
    StageRun current = new StageRun(request, world, aggregator, new PayloadSizes());
    run = current;
    FederatedStageResult result;
    try {
      result = current.run();
      Workflow.await(Workflow::isEveryHandlerFinished);
    } catch (CanceledFailure e) {
      Workflow.upsertMemo(Map.of(RESULT_MEMO, current.interrupted()));
      throw e;
    }
    if (current.searchAttributes()) {
      Workflow.upsertTypedSearchAttributes(StageSearchAttributes.of(result));
    }
    if (result.outcome() == StageOutcome.FAILED) {
      throw failure(result);
    }
    return result;
  }

  @Override
  public ParkedStage standing() {
    return run == null ? NOT_STARTED : run.parking().state();
  }

  @Override
  public void validateDecide(StageDecision decision) {
    if (run == null) {
      throw ApplicationFailure.newNonRetryableFailure(
          "the stage has not started yet", Parking.REFUSED);
    }
    run.parking().validate(decision);
  }

  @Override
  public ParkedStage decide(StageDecision decision) {
    validateDecide(decision);
    StageRun current = run;
    return current == null ? NOT_STARTED : current.parking().decide(decision);
  }

  private static ApplicationFailure failure(FederatedStageResult result) {
    String why = result.error() == null ? "failed" : result.error().message();
    return ApplicationFailure.newNonRetryableFailure(
        "stage %s: %s".formatted(result.stageId(), why), FAILED, result);
  }
}
