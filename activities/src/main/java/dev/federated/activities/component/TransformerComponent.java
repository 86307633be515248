package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;

/**
 * {@code transformer}: evaluates {@code jmespath_expression} (alias {@code expression}) over {@code
 * data} (default the inputs); gives the value itself. Without an expression it gives the data.
 */
final class TransformerComponent implements StageComponent {
  private static final List<String> EXPRESSION = List.of("jmespath_expression", "expression");
  private static final ConfigShape SHAPE =
      ConfigShape.empty()
          .optional("jmespath_expression", ConfigShape.Kind.TEXT)
          .optional("expression", ConfigShape.Kind.TEXT)
          .data("data");

  @Override
  public String type() {
    return "transformer";
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    JmesPath expression = JmesPath.of(values, EXPRESSION);
    JsonNode data = values.data("data", inputs);
    return expression == null ? data : expression.search(data);
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
