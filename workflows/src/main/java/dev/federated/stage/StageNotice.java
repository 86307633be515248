package dev.federated.stage;

import dev.federated.model.RegionError;
import dev.federated.model.StageRequest;
import dev.federated.model.WireRecord;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.workflow.Async;
import io.temporal.workflow.ExternalWorkflowStub;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import org.jspecify.annotations.Nullable;

/**
 * What a stage that is the child of a pipeline tells it: that it is parked, or that it goes on. A
 * stage that ends tells nothing, since a parent learns that anyway.
 *
 * @param stageId the stage
 * @param parked why it waits for a decision; null if regions execute again
 */
@WireRecord
public record StageNotice(String stageId, @Nullable RegionError parked) {
  /** The signal that a pipeline's workflow gets. */
  public static final String SIGNAL = "stageNotice";

  /** Tells the pipeline that runs the stage, if one does; does not wait until it has heard. */
  void send(StageRequest request) {
    WorkflowInfo info = Workflow.getInfo();
    if (!Boolean.TRUE.equals(request.inPipeline()) || info.getParentWorkflowId().isEmpty()) {
      return;
    }
    ExternalWorkflowStub pipeline =
        Workflow.newUntypedExternalWorkflowStub(
            WorkflowExecution.newBuilder()
                .setWorkflowId(info.getParentWorkflowId().get())
                .setRunId(info.getParentRunId().orElse(""))
                .build());
    // A pipeline that is gone is no reason to fail: the notice is for whoever looks at it.
    var unused = Async.procedure(() -> pipeline.signal(SIGNAL, this));
  }
}
