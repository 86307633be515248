package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;

/** A component as a user adds it: named in {@code META-INF/services}. */
public final class GreetingComponent implements StageComponent {
  @Override
  public String type() {
    return "greeting";
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context) {
    return TextNode.valueOf("hello " + inputs.asText());
  }
}
