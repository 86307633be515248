package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A scope of given values. */
final class FixedScope implements TemplateScope {
  private final JsonNode input;
  private final Map<String, JsonNode> outputs = new LinkedHashMap<>();
  private final Map<String, JsonNode> results = new LinkedHashMap<>();

  FixedScope(JsonNode input) {
    this.input = input;
  }

  static FixedScope ofInput(String json) {
    return new FixedScope(Json.json(json));
  }

  FixedScope output(String stageId, String json) {
    outputs.put(stageId, Json.json(json));
    return this;
  }

  FixedScope result(String stageId, String json) {
    results.put(stageId, Json.json(json));
    return this;
  }

  @Override
  public JsonNode input() {
    return input;
  }

  @Override
  public @Nullable JsonNode output(String stageId) {
    return outputs.get(stageId);
  }

  @Override
  public @Nullable JsonNode result(String stageId) {
    return results.get(stageId);
  }
}
