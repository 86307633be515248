package dev.federated.activities.component;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.pipeline.ComponentRequest;

/** JSON as tests write it: with single quotes. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  /** Parses JSON in which every double quote is written as a single one. */
  static JsonNode of(String singleQuoted) {
    return strict(singleQuoted.replace('\'', '"'));
  }

  static JsonNode strict(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  static ComponentRequest request(String type, String config, String inputs) {
    return new ComponentRequest("stage-1", type, of(config), of(inputs), "key-1");
  }
}
