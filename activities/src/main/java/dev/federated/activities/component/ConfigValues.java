package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a configuration whose templates and secrets are resolved. A JSON null counts as absent,
 * except for data.
 */
final class ConfigValues {
  private final JsonNode config;

  ConfigValues(JsonNode config) {
    this.config = config;
  }

  /** The value of a data key; where it is absent, the inputs. */
  JsonNode data(String key, JsonNode inputs) {
    JsonNode data = config.get(key);
    return data == null ? inputs : data;
  }

  @Nullable JsonNode node(String key) {
    JsonNode value = config.get(key);
    return value == null || value.isNull() ? null : value;
  }

  @Nullable String text(String key) throws ComponentException {
    JsonNode value = node(key);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      throw wrong(key, "a text");
    }
    return value.asText();
  }

  String text(String key, String absent) throws ComponentException {
    String value = text(key);
    return value == null ? absent : value;
  }

  boolean bool(String key, boolean absent) throws ComponentException {
    JsonNode value = node(key);
    if (value == null) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw wrong(key, "true or false");
    }
    return value.asBoolean();
  }

  double number(String key, double absent) throws ComponentException {
    JsonNode value = node(key);
    if (value == null) {
      return absent;
    }
    if (!value.isNumber()) {
      throw wrong(key, "a number");
    }
    return value.asDouble();
  }

  List<String> texts(String key) throws ComponentException {
    JsonNode value = node(key);
    List<String> texts = new ArrayList<>();
    if (value == null) {
      return texts;
    }
    if (!value.isArray()) {
      throw wrong(key, "an array of texts");
    }
    for (JsonNode item : value) {
      if (!item.isTextual()) {
        throw wrong(key, "an array of texts");
      }
      texts.add(item.asText());
    }
    return texts;
  }

  static ComponentException wrong(String key, String expected) {
    return new ComponentException("%s: has to be %s".formatted(key, expected), false);
  }
}
