package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/** Names the kind of a JSON value in messages, which never repeat an output itself. */
final class Kinds {
  private Kinds() {}

  static String of(JsonNode node) {
    return switch (node.getNodeType()) {
      case NULL, MISSING -> "null";
      case BOOLEAN -> "true or false";
      case NUMBER -> Numbers.decimal(node) == null ? "a number out of range" : "a number";
      case STRING, BINARY -> "a text";
      case ARRAY, OBJECT -> "an " + node.getNodeType().name().toLowerCase(Locale.ROOT);
      case POJO -> "not JSON";
    };
  }
}
