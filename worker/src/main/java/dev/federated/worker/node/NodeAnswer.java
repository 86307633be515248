package dev.federated.worker.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a region node answers.
 *
 * @param status HTTP status
 * @param headers headers beside {@code Content-Type}
 * @param body the body
 */
public record NodeAnswer(int status, Map<String, String> headers, String body) {
  public NodeAnswer {
    headers = Map.copyOf(headers);
  }

  /** That JSON with status 200. */
  public static NodeAnswer ok(JsonNode body) {
    return new NodeAnswer(200, Map.of(), body.toString());
  }

  /** {@code {"error": {"type", "message"}}} with that status. */
  public static NodeAnswer error(int status, String type, String message) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error").put("type", type).put("message", message);
    return new NodeAnswer(status, Map.of(), body.toString());
  }

  /** The same answer with one header more. */
  NodeAnswer with(String header, String value) {
    return new NodeAnswer(status, Map.of(header, value), body);
  }

  byte[] bytes() {
    return body.getBytes(StandardCharsets.UTF_8);
  }
}
