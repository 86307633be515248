package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Set;

/**
 * {@code json_transform}: evaluates {@code jmespath_expression} (default {@code @}) over {@code
 * data} (default the inputs); gives {@code {"result": …}}.
 */
final class JsonTransformComponent implements StageComponent {
  private static final ConfigShape SHAPE =
      ConfigShape.empty().optional("jmespath_expression", ConfigShape.Kind.TEXT).data("data");

  @Override
  public String type() {
    return "json_transform";
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    JmesPath expression = JmesPath.of(values, List.of("jmespath_expression"));
    JsonNode data = values.data("data", inputs);
    JsonNode result = expression == null ? data : expression.search(data);
    return JsonNodeFactory.instance.objectNode().set("result", result);
  }

  @Override
  public List<String> problems(JsonNode config) {
    return SHAPE.problems(config);
  }

  @Override
  public Set<String> dataKeys() {
    return SHAPE.dataKeys();
  }
}
