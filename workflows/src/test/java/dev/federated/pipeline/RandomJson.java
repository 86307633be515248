package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Any JSON value, with strings that look like templates among others. */
final class RandomJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> TRICKY =
      List.of("{{input}}", "{{upstream.a.b}}", "\\{{", "}}", "{{", "{{nowhere ?? 1}}", "\"", "");

  private RandomJson() {}

  /** Without shrinking, which takes minutes for nested values. */
  static Arbitrary<JsonNode> values() {
    return Arbitraries.randomValue(random -> value(random, 4)).dontShrink();
  }

  static Arbitrary<String> texts() {
    return Arbitraries.randomValue(RandomJson::text).dontShrink();
  }

  private static JsonNode value(Random random, int depth) {
    return switch (random.nextInt(depth == 0 ? 5 : 7)) {
      case 0 -> NODES.textNode(text(random));
      case 1 -> NODES.numberNode(random.nextLong());
      case 2 -> NODES.numberNode(random.nextGaussian() * 1e6);
      case 3 -> NODES.booleanNode(random.nextBoolean());
      case 4 -> NODES.nullNode();
      case 5 -> {
        ArrayNode array = NODES.arrayNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          array.add(value(random, depth - 1));
        }
        yield array;
      }
      default -> {
        ObjectNode object = NODES.objectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          object.set(text(random), value(random, depth - 1));
        }
        yield object;
      }
    };
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append(
          random.nextBoolean()
              ? TRICKY.get(random.nextInt(TRICKY.size()))
              : Character.toString(random.nextInt(0xD7FF)));
    }
    return text.toString();
  }
}
