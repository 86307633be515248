package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a control worker knows of the world outside a workflow. Read once per stage, inside a side
 * effect; told of outcomes outside replay. Implementations answer from memory in microseconds, are
 * thread-safe and never throw.
 */
public interface World {
  /**
   * What is known now of the regions that the request may run in, reduced to what its strategy
   * reads. A pick that the strategy makes (round robin, least loaded) and the hedges that the stage
   * is granted are counted once per run key.
   *
   * @param request the stage
   * @param runKey identifies this stage of this run; the same when the workflow task is repeated
   */
  WorldSnapshot snapshot(StageRequest request, String runKey);

  /**
   * What a stage with that block would decide now, with how long an execution takes in each region
   * as far as that was measured. Nothing is picked: whoever asks changes nothing.
   */
  RoutingDecision explain(FederatedStageConfig stage);

  /**
   * Every region of the federation in the order of priority and name, with what a report of its
   * health reads: whether it is enabled, its breaker, and how many executions it takes at once.
   * Nothing is picked.
   */
  List<RegionSnapshot> everyRegion();

  /**
   * Tells that an execution was started in a region; may be repeated with the same key.
   *
   * @param executionKey run key, region and generation, and which hedge it is if it is one
   */
  void started(String executionKey, String region);

  /**
   * Tells how an execution in a region ended; may be repeated with the same key.
   *
   * @param executionKey run key, region and generation, as given to {@link #started}
   * @param region where it was executed
   * @param end whether it succeeded, how long it took and what it cost
   */
  void ended(String executionKey, String region, ExecutionEnd end);

  /**
   * Tells what became of a hedge: won, lost or failed; may be repeated with the same key.
   *
   * @param executionKey as given to {@link #started}
   */
  void hedgeEnded(String executionKey, String region, HedgeOutcome outcome);

  /**
   * Tells that a stage starts no more hedges, so that those come back that it was granted and did
   * not start; may be repeated with the same key.
   *
   * @param runKey as given to {@link #snapshot}
   * @param started how many it started
   */
  void hedgesStarted(String runKey, int started);

  /**
   * Tells how a stage ended, whatever its outcome, also if nothing could be started; may be
   * repeated with the same key. A stage that was cancelled has no end.
   *
   * @param runKey as given to {@link #snapshot}
   * @param latencyMs time from the start of the stage to its end in milliseconds
   * @param left the regions that shares of this run failed in and left for another, one for each
   */
  void stageEnded(
      String runKey,
      FederationStrategy strategy,
      StageOutcome outcome,
      long latencyMs,
      List<String> left);

  /**
   * Whether somebody polled the region's task queue in the last 90 seconds; null where that is not
   * known. Read inside a side effect, when a task waited in the queue for too long.
   */
  @Nullable Boolean polled(String region);

  /**
   * The most bytes of JSON that a payload of this worker may have: {@link
   * PayloadSizes#MAX_STORED_PAYLOAD_BYTES} where large parts go to a store. Read inside a side
   * effect, for the first larger payload of a run.
   */
  default int largestPayloadBytes() {
    return PayloadSizes.MAX_PAYLOAD_BYTES;
  }
}
