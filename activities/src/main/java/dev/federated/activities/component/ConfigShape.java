package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.parsing.NearestNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The keys that a component's configuration may have, and what each holds. */
final class ConfigShape {
  /** What a value has to be. A text that holds a template may become anything. */
  enum Kind {
    TEXT("a text"),
    NUMBER("a number"),
    BOOLEAN("true or false"),
    OBJECT("an object"),
    ARRAY("an array"),
    /** Only {@code {"secret": "name"}}: a value in the clear would stand in the history. */
    SECRET("{\"secret\": \"name\"}"),
    ANY("anything");

    private final String description;

    Kind(String description) {
      this.description = description;
    }

    private boolean accepts(JsonNode value) {
      boolean secret = SecretScope.isSecret(value);
      boolean template = value.isTextual() && value.asText().contains("{{");
      return switch (this) {
        case TEXT -> value.isTextual() || secret;
        case NUMBER -> value.isNumber() || template;
        case BOOLEAN -> value.isBoolean() || template;
        case OBJECT -> (value.isObject() && !secret) || template;
        case ARRAY -> value.isArray() || template;
        case SECRET -> secret;
        case ANY -> true;
      };
    }
  }

  private final Map<String, Kind> keys;
  private final Set<String> required;
  private final Set<String> data;

  private ConfigShape(Map<String, Kind> keys, Set<String> required, Set<String> data) {
    this.keys = keys;
    this.required = required;
    this.data = data;
  }

  static ConfigShape empty() {
    return new ConfigShape(Map.of(), Set.of(), Set.of());
  }

  ConfigShape required(String key, Kind kind) {
    Set<String> more = new LinkedHashSet<>(required);
    more.add(key);
    return new ConfigShape(optional(key, kind).keys, more, data);
  }

  ConfigShape optional(String key, Kind kind) {
    Map<String, Kind> more = new LinkedHashMap<>(keys);
    more.put(key, kind);
    return new ConfigShape(more, required, data);
  }

  /** A key that carries data: anything, and never a secret. */
  ConfigShape data(String key) {
    Set<String> more = new LinkedHashSet<>(data);
    more.add(key);
    return new ConfigShape(optional(key, Kind.ANY).keys, required, more);
  }

  Set<String> dataKeys() {
    return data;
  }

  /** What is wrong, one sentence each; values are not repeated, for they may be secret. */
  List<String> problems(JsonNode config) {
    List<String> problems = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : config.properties()) {
      Kind kind = keys.get(entry.getKey());
      if (kind == null) {
        List<String> nearest = NearestNames.of(entry.getKey(), keys.keySet());
        problems.add(
            "%s: unknown key%s; valid: %s"
                .formatted(
                    entry.getKey(),
                    nearest.isEmpty() ? "" : ", did you mean " + String.join(" or ", nearest) + "?",
                    String.join(", ", keys.keySet())));
      } else if (!(entry.getValue().isNull() && kind != Kind.ANY)
          && !kind.accepts(entry.getValue())) {
        problems.add("%s: has to be %s".formatted(entry.getKey(), kind.description));
      }
    }
    for (String key : required) {
      if (!config.hasNonNull(key)) {
        problems.add("%s: is required".formatted(key));
      }
    }
    return problems;
  }
}
