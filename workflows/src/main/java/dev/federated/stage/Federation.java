package dev.federated.stage;

import dev.federated.model.StageRequest;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.common.converter.DataConverterException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.ChildWorkflowStub;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowLocal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs federated stages from a workflow of yours. Every call is a child with a page of its own. */
public final class Federation {
  private static final String CANCELLED_WHEN_STARTED = "cancelled-when-started";

  /** How often each stage was called in this workflow run. */
  private static final WorkflowLocal<Map<String, Integer>> CALLS =
      WorkflowLocal.withCachedInitial(HashMap::new);

  private Federation() {}

  /**
   * Runs a stage and waits for it. The child's workflow id is {@code <workflow id>:<stage id>},
   * with {@code :<n>} behind it from the second call for the same stage on.
   *
   * @return the result of a stage that succeeded, fully or partially
   * @throws FederatedStageException if the stage failed
   * @throws io.temporal.failure.CanceledFailure if this workflow is cancelled
   */
  public static FederatedStageResult executeStage(StageRequest request) {
    try {
      return start(request, nextId(request.stageId())).get();
    } catch (ChildWorkflowFailure e) {
      FederatedStageResult result = resultOf(e);
      if (result == null) {
        throw e;
      }
      throw new FederatedStageException(result, e);
    }
  }

  /**
   * Starts a stage; several can run at once.
   *
   * @return its result, or a {@link ChildWorkflowFailure} whose record {@link #resultOf} reads
   */
  public static Promise<FederatedStageResult> startStage(StageRequest request) {
    return start(request, nextId(request.stageId()));
  }

  /**
   * The record of a stage in the failure of its child workflow, or null if there is none that can
   * be read.
   */
  public static @Nullable FederatedStageResult resultOf(Throwable failure) {
    Throwable cause = failure instanceof ChildWorkflowFailure ? failure.getCause() : failure;
    if (cause instanceof ApplicationFailure application
        && FederatedStageWorkflow.FAILED.equals(application.getType())) {
      try {
        return application.getDetails().get(0, FederatedStageResult.class);
      } catch (DataConverterException e) {
        return null;
      }
    }
    return null;
  }

  private static Promise<FederatedStageResult> start(StageRequest request, String workflowId) {
    ChildWorkflowOptions options =
        ChildWorkflowOptions.newBuilder()
            .setWorkflowId(workflowId)
            .setTaskQueue(FederatedQueues.CONTROL)
            .setCancellationType(ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED)
            .setParentClosePolicy(ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
            .setStaticSummary(StageDescription.summary(request))
            .setStaticDetails(StageDescription.details(request))
            .build();
    ChildWorkflowStub child =
        Workflow.newUntypedChildWorkflowStub(FederatedStageWorkflow.TYPE, options);
    List<Promise<FederatedStageResult>> result = new ArrayList<>();
    CancellationScope own =
        Workflow.newDetachedCancellationScope(
            () -> result.add(child.executeAsync(FederatedStageResult.class, request)));
    CancellationScope caller = CancellationScope.current();
    if (caller.isCancelRequested()) {
      return Workflow.newFailedPromise(new CanceledFailure("the workflow was cancelled"));
    }
    own.run();
    var unused = caller.getCancellationRequest().thenApply(reason -> cancel(own, child, reason));
    return result.get(0);
  }

  /**
   * Cancels a stage as soon as it has started: a server that is asked before finds nothing to
   * cancel, and the stage would run to its end. Earlier versions asked at once.
   */
  private static @Nullable Void cancel(
      CancellationScope stage, ChildWorkflowStub child, String reason) {
    Promise<WorkflowExecution> started = child.getExecution();
    if (started.isCompleted()
        || Workflow.getVersion(CANCELLED_WHEN_STARTED, Workflow.DEFAULT_VERSION, 1)
            == Workflow.DEFAULT_VERSION) {
      stage.cancel(reason);
    } else {
      var unused =
          started.handle(
              (execution, failure) -> {
                stage.cancel(reason);
                return null;
              });
    }
    return null;
  }

  private static String nextId(String stageId) {
    int call = CALLS.get().merge(stageId, 1, Integer::sum);
    String id = Workflow.getInfo().getWorkflowId() + ":" + stageId;
    return call == 1 ? id : id + ":" + call;
  }
}
