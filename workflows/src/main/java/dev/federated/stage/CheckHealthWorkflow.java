package dev.federated.stage;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.Map;

/** Asks every region of the control worker's federation for its health, through its own worker. */
@WorkflowInterface
public interface CheckHealthWorkflow {
  /** The workflow type. */
  String TYPE = "CheckHealthWorkflow";

  /** The health of each region, in the order of priority and name; takes up to 15 seconds. */
  @WorkflowMethod(name = TYPE)
  Map<String, RegionHealth> check();
}
