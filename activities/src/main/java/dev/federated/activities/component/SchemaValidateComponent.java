package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code schema_validate}: checks {@code data} (default the inputs) against {@code schema} (JSON
 * Schema, 2020-12 where {@code $schema} names no other draft) and gives the data. References go
 * inside the schema only: nothing is fetched.
 */
final class SchemaValidateComponent implements StageComponent {
  private static final int MOST_VIOLATIONS = 10;
  private static final ConfigShape SHAPE = ConfigShape.empty().data("schema").data("data");

  @Override
  public String type() {
    return "schema_validate";
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    JsonNode data = values.data("data", inputs);
    List<Error> violations = violations(config.path("schema"), data);
    if (violations.isEmpty()) {
      return data;
    }
    String listed =
        violations.stream()
            .limit(MOST_VIOLATIONS)
            .map(error -> "%s: %s".formatted(place(error), error.getMessage()))
            .collect(Collectors.joining("; "));
    throw new ComponentException(
        "data does not match schema, %d violation%s: %s%s"
            .formatted(
                violations.size(),
                violations.size() == 1 ? "" : "s",
                listed,
                violations.size() > MOST_VIOLATIONS ? "; …" : ""),
        false);
  }

  private static List<Error> violations(JsonNode schema, JsonNode data) throws ComponentException {
    try {
      // A registry of its own for each execution: an $id of one pipeline is not another's.
      SchemaRegistry registry =
          SchemaRegistry.withDefaultDialect(
              SpecificationVersion.DRAFT_2020_12,
              builder ->
                  builder
                      .schemaCacheEnabled(false)
                      .schemaLoader(loader -> loader.block(iri -> true)));
      Schema compiled = registry.getSchema(schema);
      return compiled.validate(data);
    } catch (SchemaException e) {
      throw new ComponentException(
          "schema: is not a JSON Schema that can be used (references outside it are not followed):"
              + " "
              + e.getMessage(),
          false,
          e);
    } catch (StackOverflowError e) {
      throw new ComponentException("schema: refers to itself without end", false, e);
    }
  }

  private static String place(Error error) {
    String place = error.getInstanceLocation().toString();
    return place.isEmpty() ? "(root)" : place;
  }

  @Override
  public List<String> problems(JsonNode config) {
    List<String> problems = SHAPE.problems(config);
    JsonNode schema = config.get("schema");
    if (schema == null) {
      problems.add("schema: is required");
    } else if (!schema.isObject() && !schema.isBoolean() && !schema.isTextual()) {
      problems.add("schema: has to be an object or a boolean");
    }
    return problems;
  }

  @Override
  public Set<String> dataKeys() {
    return SHAPE.dataKeys();
  }
}
