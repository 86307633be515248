package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.List;
import java.util.Set;

/**
 * {@code filter}: evaluates {@code jmespath_expression} (alias {@code condition}) on each item of
 * {@code data} (default the inputs) and gives the items where it is truthy. Data that is not an
 * array is given itself if the expression is truthy on it, else null. Without an expression the
 * items themselves are tested.
 */
final class FilterComponent implements StageComponent {
  private static final List<String> EXPRESSION = List.of("jmespath_expression", "condition");
  private static final ConfigShape SHAPE =
      ConfigShape.empty()
          .optional("jmespath_expression", ConfigShape.Kind.TEXT)
          .optional("condition", ConfigShape.Kind.TEXT)
          .data("data");

  @Override
  public String type() {
    return "filter";
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    JmesPath given = JmesPath.of(values, EXPRESSION);
    JmesPath expression = given == null ? JmesPath.compile("jmespath_expression", "@") : given;
    JsonNode data = values.data("data", inputs);
    if (!data.isArray()) {
      return JmesPath.truthy(expression.search(data)) ? data : NullNode.instance;
    }
    ArrayNode kept = JsonNodeFactory.instance.arrayNode();
    for (JsonNode item : data) {
      if (JmesPath.truthy(expression.search(item))) {
        kept.add(item);
      }
    }
    return kept;
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
