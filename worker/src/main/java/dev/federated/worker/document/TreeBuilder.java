package dev.federated.worker.document;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds the tree of one document. Jackson's own builder would read a YAML alias as its name. */
final class TreeBuilder {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final String MERGE_KEY = "<<";

  private final JsonParser parser;
  private final @Nullable YAMLParser yaml;
  private final Map<String, Anchored> anchors = new HashMap<>();
  private int values;
  private int expanded;

  /** A finished node and how many values it holds. */
  private record Anchored(JsonNode node, int values) {}

  TreeBuilder(JsonParser parser) {
    this.parser = parser;
    this.yaml = parser instanceof YAMLParser yamlParser ? yamlParser : null;
  }

  JsonNode build() throws IOException {
    if (parser.nextToken() == null) {
      throw refused("is empty");
    }
    JsonNode root = value();
    if (parser.nextToken() != null) {
      throw refused("holds more than one document");
    }
    return root;
  }

  private JsonNode value() throws IOException {
    if (yaml != null && yaml.isCurrentAlias()) {
      return alias(yaml.getText());
    }
    String anchor = yaml == null ? null : yaml.getObjectId();
    int before = values++;
    JsonNode node =
        switch (token()) {
          case START_OBJECT -> object();
          case START_ARRAY -> array();
          case VALUE_STRING -> NODES.textNode(parser.getText());
          case VALUE_NUMBER_INT -> integer();
          case VALUE_NUMBER_FLOAT -> real();
          case VALUE_TRUE, VALUE_FALSE -> NODES.booleanNode(parser.getBooleanValue());
          case VALUE_NULL -> NODES.nullNode();
          default -> throw refused("holds a value of a kind that JSON does not have");
        };
    if (anchor != null) {
      anchors.put(anchor, new Anchored(node, values - before));
    }
    return node;
  }

  private JsonToken token() throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw refused("ends too early");
    }
    return token;
  }

  private JsonNode object() throws IOException {
    ObjectNode object = NODES.objectNode();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      object.set(name, value());
    }
    if (yaml != null && object.has(MERGE_KEY)) {
      merge(object, object.remove(MERGE_KEY));
    }
    return object;
  }

  private void merge(ObjectNode object, JsonNode source) throws IOException {
    if (source.isObject()) {
      for (Map.Entry<String, JsonNode> entry : source.properties()) {
        if (!object.has(entry.getKey())) {
          object.set(entry.getKey(), entry.getValue());
        }
      }
    } else if (source.isArray()) {
      for (JsonNode item : source) {
        if (!item.isObject()) {
          throw refused("the merge key << takes a mapping or a list of mappings");
        }
        merge(object, item);
      }
    } else {
      throw refused("the merge key << takes a mapping or a list of mappings");
    }
  }

  private JsonNode array() throws IOException {
    ArrayNode array = NODES.arrayNode();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      array.add(value());
    }
    return array;
  }

  private JsonNode integer() throws IOException {
    return switch (parser.getNumberType()) {
      case INT -> NODES.numberNode(parser.getIntValue());
      case LONG -> NODES.numberNode(parser.getLongValue());
      default -> NODES.numberNode(parser.getBigIntegerValue());
    };
  }

  private JsonNode real() throws IOException {
    double number = parser.getDoubleValue();
    if (!Double.isFinite(number)) {
      throw refused("holds a number that is not finite");
    }
    return NODES.numberNode(number);
  }

  private JsonNode alias(String name) throws IOException {
    Anchored anchored = anchors.get(name);
    if (anchored == null) {
      // Not named: a key that begins with a star and lacks its quotes looks like this.
      throw refused("refers to an anchor that does not stand before it; quote a text with a star");
    }
    expanded += anchored.values();
    values += anchored.values();
    if (expanded > DocumentReader.MOST_EXPANDED) {
      throw refused(
          "its aliases expand to more than %,d values".formatted(DocumentReader.MOST_EXPANDED));
    }
    return anchored.node().deepCopy();
  }

  private RefusedException refused(String reason) {
    return new RefusedException(parser.currentTokenLocation(), reason);
  }
}
