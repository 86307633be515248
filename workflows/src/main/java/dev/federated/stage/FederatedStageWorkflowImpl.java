package dev.federated.stage;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.RegionError;
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

  private static final String CANCELLED_IS_RECORDED = "cancelled-is-recorded";

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
    StageRun current = new StageRun(request, world, aggregator, new PayloadSizes(world));
    run = current;
    FederatedStageResult result;
    try {
      result = current.run();
      Workflow.await(Workflow::isEveryHandlerFinished);
    } catch (CanceledFailure e) {
      recordInterrupted(current);
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

  /** Leaves what the regions of a cancelled stage had done; earlier versions left nothing. */
  private static void recordInterrupted(StageRun current) {
    FederatedStageResult result = current.interrupted();
    int version = Workflow.getVersion(CANCELLED_IS_RECORDED, Workflow.DEFAULT_VERSION, 1);
    if (version == Workflow.DEFAULT_VERSION) {
      return;
    }
    Workflow.upsertMemo(Map.of(RESULT_MEMO, result));
    if (current.searchAttributes()) {
      // Otherwise a stage that was cancelled while it was parked would be listed as parked.
      Workflow.upsertTypedSearchAttributes(StageSearchAttributes.of(result));
    }
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
    return ApplicationFailure.newNonRetryableFailure(message(result), FAILED, result);
  }

  /** What failed, why, and what to do about it, for whoever finds it in Temporal's UI. */
  private static String message(FederatedStageResult result) {
    RegionError error = result.error();
    StringBuilder message = new StringBuilder("stage ").append(result.stageId()).append(" failed");
    if (error != null) {
      message.append(" (").append(error.type().wireName()).append("): ");
      List<String> failed = result.failedRegions();
      if (failed.size() == 1 && !error.message().contains(failed.get(0))) {
        message.append(failed.get(0)).append(": ");
      }
      message.append(error.message());
    }
    // A stage inside of something larger is run again by that.
    if (Workflow.getInfo().getParentWorkflowId().isEmpty() && !result.regionResults().isEmpty()) {
      message.append("; run what failed again with: federate redrive ").append(result.workflowId());
    }
    return message.toString();
  }
}
