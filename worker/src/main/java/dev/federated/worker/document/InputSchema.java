package dev.federated.worker.document;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.activities.component.ComponentException;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ComponentRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks a pipeline's input against its {@code input_schema}, as component schema_validate does.
 */
public final class InputSchema {
  private InputSchema() {}

  /**
   * Checks.
   *
   * @param schema the schema, or null if the pipeline has none
   * @throws InvalidDocumentException if the input does not fit, with the places
   */
  public static void check(@Nullable JsonNode schema, JsonNode input) {
    if (schema == null) {
      return;
    }
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.set("schema", schema);
    config.set("data", input);
    try (ComponentExecutor executor = ComponentExecutor.builder().build()) {
      var unused =
          executor.execute(
              new ComponentRequest("input", "schema_validate", config, input, "input"));
    } catch (ComponentException e) {
      throw new InvalidDocumentException(
          List.of(new Problem("--input", "", null, String.valueOf(e.getMessage()), List.of())));
    }
  }
}
