package dev.federated.pipeline;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.stage.StageResultJson;
import java.util.Map;

/** The printed JSON of a pipeline's result. */
public final class PipelineResultJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private PipelineResultJson() {}

  /** The result with the output of every stage, as people read it. */
  public static ObjectNode print(PipelineResult result) {
    ObjectNode printed = MAPPER.createObjectNode();
    printed.put("pipeline_id", result.pipelineId());
    printed.put("outcome", result.outcome().wireName());
    printed.set("output", result.output());
    printed.set("error", MAPPER.valueToTree(result.error()));
    printed.set("warnings", MAPPER.valueToTree(result.warnings()));
    ObjectNode stages = printed.putObject("stages");
    for (Map.Entry<String, StageReport> stage : result.stages().entrySet()) {
      stages.set(stage.getKey(), print(stage.getValue()));
    }
    printed.put("total_cost", result.totalCost());
    printed.put("total_tokens", result.totalTokens());
    printed.put("latency_ms", result.latencyMs());
    printed.put("workflow_id", result.workflowId());
    printed.put("run_id", result.runId());
    if (result.redriveOf() != null) {
      printed.put("redrive_of", result.redriveOf());
    }
    return printed;
  }

  private static ObjectNode print(StageReport report) {
    ObjectNode printed = MAPPER.createObjectNode();
    printed.put("status", report.status().wireName());
    printed.set("output", report.output());
    printed.set("error", MAPPER.valueToTree(report.error()));
    if (report.result() != null) {
      printed.set("result", StageResultJson.print(report.result()));
    } else {
      printed.put("attempts", report.attempts());
    }
    return printed;
  }
}
