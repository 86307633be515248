package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionResult;
import dev.federated.model.StageRequest;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.ChildWorkflowStub;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Carries on what a stage did not wait for, in a workflow that outlives it: {@code on_late_result:
 * append}. That workflow takes over what succeeded, sends the others again under their idempotency
 * keys, and its result has both.
 */
final class LateResults {
  private static final String SUFFIX = "~late";

  private final StageRequest request;
  private final PayloadSizes sizes;
  private final String workflowId;

  /**
   * For a stage.
   *
   * @param ownWorkflow whether the stage is a workflow of its own
   */
  LateResults(StageRequest request, PayloadSizes sizes, WorkflowInfo info, boolean ownWorkflow) {
    this.request = request;
    this.sizes = sizes;
    this.workflowId =
        (ownWorkflow ? info.getWorkflowId() : info.getWorkflowId() + ":" + request.stageId())
            + SUFFIX;
  }

  /** The id of the workflow. */
  String workflowId() {
    return workflowId;
  }

  /**
   * Starts the workflow; returns when it runs.
   *
   * @param shares what succeeded and what is carried on, in region order
   * @param places where shares execute that had left their regions
   * @return why it could not be started, or null
   */
  @Nullable String carryOn(
      WorkflowInfo info,
      KeyRoot keyRoot,
      Map<String, RegionResult> shares,
      Map<String, String> places) {
    FederatedStageConfig config = request.federation();
    StageRequest late =
        request
            .withFederation(
                config.toBuilder()
                    .regions(List.copyOf(shares.keySet()))
                    .quorum(null)
                    .onPartialFailure(PartialFailurePolicy.PROCEED)
                    .build())
            .redriving(
                new Redrive(
                    info.getWorkflowId(),
                    info.getRunId(),
                    keyRoot,
                    shares,
                    places.isEmpty() ? null : places,
                    false));
    long bytes = PayloadSizes.encoded(late);
    if (bytes > sizes.most(bytes)) {
      return "the request of workflow %s would have %d bytes, at most %d fit"
          .formatted(workflowId, bytes, sizes.most(bytes));
    }
    sizes.reserve(bytes);
    ChildWorkflowStub child =
        Workflow.newUntypedChildWorkflowStub(
            FederatedStageWorkflow.TYPE,
            ChildWorkflowOptions.newBuilder()
                .setWorkflowId(workflowId)
                .setTaskQueue(FederatedQueues.CONTROL)
                .setCancellationType(ChildWorkflowCancellationType.ABANDON)
                .setParentClosePolicy(ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON)
                .setStaticSummary(Markdown.summary("late results of stage " + request.stageId()))
                .setStaticDetails(StageDescription.details(late))
                .build());
    CancellationScope detached =
        Workflow.newDetachedCancellationScope(
            () -> {
              var unused = child.executeAsync(FederatedStageResult.class, late);
            });
    detached.run();
    try {
      // A workflow that closes before its child has started takes the child with it.
      var unused = child.getExecution().get();
      return null;
    } catch (ChildWorkflowFailure e) {
      return "workflow %s could not be started".formatted(workflowId);
    }
  }
}
