package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RoutingDecision;
import io.temporal.workflow.Workflow;

/** See {@link ExplainStageWorkflow}. */
public final class ExplainStageWorkflowImpl implements ExplainStageWorkflow {
  private final World world;

  /** With what the control worker knows. */
  public ExplainStageWorkflowImpl(World world) {
    this.world = world;
  }

  @Override
  public RoutingDecision explain(FederatedStageConfig stage) {
    return Workflow.sideEffect(RoutingDecision.class, () -> world.explain(stage));
  }
}
