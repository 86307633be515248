package dev.federated.pipeline;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.ParkedStage;
import dev.federated.stage.Parking;
import dev.federated.stage.StageDecision;
import dev.federated.stage.StageNotice;
import dev.federated.stage.World;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Workflow;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** See {@link PipelineWorkflow}. */
public final class PipelineWorkflowImpl implements PipelineWorkflow {
  private static final String CANCELLED_IS_RECORDED = "cancelled-is-recorded";

  private final World world;
  private final Aggregator aggregator;
  private @Nullable PipelineRun run;

  /** With what stages that run inline need: the control worker's knowledge and aggregations. */
  public PipelineWorkflowImpl(World world, Aggregator aggregator) {
    this.world = world;
    this.aggregator = aggregator;
  }

  @Override
  public PipelineResult execute(PipelineRequest request) {
    PipelineRun current = new PipelineRun(request, world, aggregator);
    run = current;
    PipelineResult result;
    try {
      result = current.run();
      Workflow.await(Workflow::isEveryHandlerFinished);
    } catch (CanceledFailure e) {
      recordInterrupted(current);
      throw e;
    }
    if (result.outcome() == StageOutcome.FAILED) {
      throw ApplicationFailure.newNonRetryableFailure(message(result), FAILED, result);
    }
    return result;
  }

  /**
   * Leaves what the stages of a cancelled pipeline had done, once those that ran have ended;
   * earlier versions left nothing and did not wait.
   */
  private static void recordInterrupted(PipelineRun current) {
    int version = Workflow.getVersion(CANCELLED_IS_RECORDED, Workflow.DEFAULT_VERSION, 1);
    if (version != Workflow.DEFAULT_VERSION) {
      Workflow.upsertMemo(Map.of(FederatedStageWorkflow.RESULT_MEMO, current.interrupted()));
    }
  }

  /** What failed, why, and what to do about it, for whoever finds it in Temporal's UI. */
  private static String message(PipelineResult result) {
    long failed = count(result, StageStatus.FAILED);
    long skipped = count(result, StageStatus.SKIPPED);
    StringBuilder message =
        new StringBuilder("pipeline ").append(result.pipelineId()).append(" failed");
    RegionError error = result.error();
    if (error != null) {
      message.append(": ").append(error.message());
    }
    if (failed > 1) {
      message.append("; ").append(failed).append(" stages failed");
    }
    if (skipped > 0) {
      message.append("; stages skipped after it: ").append(skipped);
    }
    return message
        .append("; run what failed and what depends on it again with: federate redrive ")
        .append(result.workflowId())
        .toString();
  }

  private static long count(PipelineResult result, StageStatus status) {
    return result.stages().values().stream().filter(stage -> stage.status() == status).count();
  }

  @Override
  public List<ParkedStage> standing() {
    return run == null ? List.of() : run.inline().stream().map(Parking::state).toList();
  }

  @Override
  public void stageNotice(StageNotice notice) {
    if (run != null) {
      run.noticed(notice);
    }
  }

  @Override
  public void validateDecide(StageDecision decision) {
    parking(decision).validate(decision);
  }

  @Override
  public ParkedStage decide(StageDecision decision) {
    return parking(decision).decide(decision);
  }

  /** The stage that a decision is about. */
  private Parking parking(StageDecision decision) {
    List<Parking> candidates =
        run == null
            ? List.of()
            : run.inline().stream()
                .filter(parking -> parking.state().parked())
                .filter(
                    parking ->
                        decision.stageId() == null
                            || decision.stageId().equals(parking.state().stageId()))
                .toList();
    if (candidates.size() != 1) {
      throw ApplicationFailure.newNonRetryableFailure(
          "%d stages of this workflow wait for a decision%s; name the one that is meant"
              .formatted(
                  candidates.size(),
                  decision.stageId() == null ? "" : " and are named " + decision.stageId()),
          Parking.REFUSED);
    }
    return candidates.get(0);
  }
}
