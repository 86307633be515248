package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.StageRequest;
import java.util.Map;

/** See {@link HandWrittenPipeline}. */
public final class HandWrittenPipelineImpl implements HandWrittenPipeline {
  @Override
  public Map<String, JsonNode> run(StageRequest request, int stages) {
    Map<String, JsonNode> outputs = Map.of();
    JsonNode inputs = request.inputs();
    for (int stage = 1; stage <= stages; stage++) {
      outputs = HandWrittenFanOutImpl.everywhere(request, request.stageId() + stage, inputs);
      ObjectNode merged = JsonNodeFactory.instance.objectNode();
      outputs
          .values()
          .forEach(
              output -> output.properties().forEach(e -> merged.set(e.getKey(), e.getValue())));
      inputs = merged;
    }
    return outputs;
  }
}
