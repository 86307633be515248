package dev.federated.stage;

import dev.federated.model.WireRecord;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.client.WorkflowOptions;
import java.time.Duration;

/**
 * An execution for a stage of another namespace or cluster: the input of {@link
 * RegionExecutionWorkflow}.
 *
 * @param request what is executed
 * @param limits how long and how often it is tried
 */
@WireRecord
public record RegionExecution(RemoteRequest request, ExecutionLimits limits) {
  /** What the workflow may take beyond its execution, for a server that is slow. */
  private static final Duration RESERVE = Duration.ofSeconds(60);

  /**
   * The id of its workflow: the region and the idempotency key. Whoever starts it a second time
   * attaches to what runs, or gets the result of what has succeeded; only what has failed is
   * executed again.
   */
  public String workflowId() {
    return request.region() + ":" + request.idempotencyKey();
  }

  /** The same with so much time over all attempts. */
  RegionExecution within(Duration total) {
    return new RegionExecution(
        request,
        new ExecutionLimits(
            limits.attemptMs(),
            limits.queueMs(),
            Math.max(1, total.toMillis()),
            limits.attempts(),
            limits.firstPauseMs(),
            limits.priority()));
  }

  /** The options that start its workflow. */
  public WorkflowOptions options() {
    return WorkflowOptions.newBuilder()
        .setWorkflowId(workflowId())
        .setTaskQueue(FederatedQueues.ofRegion(request.region()))
        .setWorkflowIdConflictPolicy(
            WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
        .setWorkflowIdReusePolicy(
            WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
        .setWorkflowExecutionTimeout(Duration.ofMillis(limits.totalMs()).plus(RESERVE))
        .setStaticSummary(Markdown.summary(request.region() + ": " + request.stageId()))
        .build();
  }
}
