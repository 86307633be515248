package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.StageRequest;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.Map;

/** What one writes by hand to run an activity in three places and wait for all. */
@WorkflowInterface
public interface HandWrittenFanOut {
  /** Schedules the activity of a stage in each of its regions; gives their outputs by region. */
  @WorkflowMethod(name = "HandWrittenFanOut")
  Map<String, JsonNode> run(StageRequest request);
}
