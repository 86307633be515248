package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Resolves the secrets of one execution and masks what it resolved, so that nothing which leaves
 * the execution shows a value.
 */
final class SecretScope {
  private static final String MASK = "***";

  /**
   * Shorter values are masked in messages but not in outputs, where a secret such as {@code 1}
   * would change every number in a text.
   */
  private static final int SHORTEST_MASKED_IN_OUTPUT = 4;

  private final Secrets secrets;
  private final String type;

  /** Longest first, so that a value which contains another one is masked whole. */
  private final TreeSet<String> values =
      new TreeSet<>(
          Comparator.comparingInt(String::length)
              .reversed()
              .thenComparing(Comparator.naturalOrder()));

  SecretScope(Secrets secrets, String type) {
    this.secrets = secrets;
    this.type = type;
  }

  synchronized String resolve(String name) throws ComponentException {
    String value =
        secrets
            .resolve(name, type)
            .orElseThrow(
                () ->
                    new ComponentException(
                        "secret '%s' is not there for components of type %s: add it under secrets in the federation file of this worker and list the type under its components"
                            .formatted(name, type),
                        false));
    if (!value.isEmpty()) {
      values.add(value);
      values.add(URLEncoder.encode(value, StandardCharsets.UTF_8));
      values.add(jsonEscaped(value));
    }
    return value;
  }

  /** The configuration with each {@code {"secret": "name"}} outside the data keys resolved. */
  JsonNode resolveIn(JsonNode config, Set<String> dataKeys) throws ComponentException {
    if (!config.isObject()) {
      return config;
    }
    ObjectNode resolved = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> entry : config.properties()) {
      JsonNode value = entry.getValue();
      resolved.set(entry.getKey(), dataKeys.contains(entry.getKey()) ? value : resolveIn(value));
    }
    return resolved;
  }

  private JsonNode resolveIn(JsonNode node) throws ComponentException {
    if (node.isArray()) {
      ArrayNode resolved = JsonNodeFactory.instance.arrayNode(node.size());
      for (JsonNode item : node) {
        resolved.add(resolveIn(item));
      }
      return resolved;
    }
    if (!node.isObject()) {
      return node;
    }
    if (isSecret(node)) {
      return TextNode.valueOf(resolve(node.path("secret").asText()));
    }
    ObjectNode resolved = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      resolved.set(entry.getKey(), resolveIn(entry.getValue()));
    }
    return resolved;
  }

  static boolean isSecret(JsonNode node) {
    return node.isObject() && node.size() == 1 && node.path("secret").isTextual();
  }

  synchronized String masked(String text) {
    return masked(text, values);
  }

  /** The output with every resolved value masked in texts and keys. */
  synchronized JsonNode masked(JsonNode output) {
    List<String> masked =
        values.stream().filter(value -> value.length() >= SHORTEST_MASKED_IN_OUTPUT).toList();
    return masked.isEmpty() ? output : masked(output, masked);
  }

  private static JsonNode masked(JsonNode node, Collection<String> values) {
    if (node.isTextual()) {
      String text = masked(node.asText(), values);
      return text.equals(node.asText()) ? node : TextNode.valueOf(text);
    }
    if (node.isArray()) {
      ArrayNode copy = JsonNodeFactory.instance.arrayNode(node.size());
      node.forEach(item -> copy.add(masked(item, values)));
      return copy;
    }
    if (node.isObject()) {
      ObjectNode copy = JsonNodeFactory.instance.objectNode();
      node.properties()
          .forEach(
              entry -> copy.set(masked(entry.getKey(), values), masked(entry.getValue(), values)));
      return copy;
    }
    return node;
  }

  private static String masked(String text, Collection<String> values) {
    String masked = text;
    for (String value : values) {
      masked = masked.replace(value, MASK);
    }
    return masked;
  }

  private static String jsonEscaped(String value) {
    String quoted = TextNode.valueOf(value).toString();
    return quoted.substring(1, quoted.length() - 1);
  }
}
