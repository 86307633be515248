package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RoutingDecision;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Tells what a stage would decide now, by what the control worker knows. Executes nothing. */
@WorkflowInterface
public interface ExplainStageWorkflow {
  /** The workflow type. */
  String TYPE = "ExplainStageWorkflow";

  /**
   * The decision, with a cost and a latency for each region where they can be told.
   *
   * @param stage the stage's block; nothing else of a stage is read to select its regions
   */
  @WorkflowMethod(name = TYPE)
  RoutingDecision explain(FederatedStageConfig stage);
}
