package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.StageRequest;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.Map;

/** What one writes by hand to run several fan-outs one after the other. */
@WorkflowInterface
public interface HandWrittenPipeline {
  /**
   * Runs the stage that often; each takes the outputs of the one before as its inputs.
   *
   * @return the outputs of the last by region
   */
  @WorkflowMethod(name = "HandWrittenPipeline")
  Map<String, JsonNode> run(StageRequest request, int stages);
}
