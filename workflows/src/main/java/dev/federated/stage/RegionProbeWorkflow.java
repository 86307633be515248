package dev.federated.stage;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Asks a region for its health, for a control worker of another cluster. */
@WorkflowInterface
public interface RegionProbeWorkflow {
  /** The workflow type. */
  String TYPE = "RegionProbeWorkflow";

  /**
   * The health of the region whose queue this runs on; takes up to 15 seconds and never fails.
   *
   * @param region its name
   */
  @WorkflowMethod(name = TYPE)
  RegionHealth probe(String region);
}
