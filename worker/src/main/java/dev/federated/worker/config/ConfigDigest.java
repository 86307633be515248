package dev.federated.worker.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.SecretSource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * The digest that a snapshot carries: the first 16 hex digits of the SHA-256 of the content. The
 * same content in YAML and JSON, with keys in another order or with numbers written differently,
 * has the same digest. The value of a secret that stands in the file is not part of it, so that
 * nobody can find a weak secret by trying.
 */
final class ConfigDigest {
  private static final int HEX_DIGITS = 16;

  private ConfigDigest() {}

  static String of(JsonNode federation) {
    JsonNode content = federation.deepCopy();
    for (JsonNode region : content.path("regions")) {
      hide(region, "api_key");
    }
    for (JsonNode secret : content.path("secrets")) {
      hide(secret, "value");
    }
    StringBuilder canonical = new StringBuilder();
    write(content, canonical);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(canonical.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, HEX_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void hide(JsonNode holder, String key) {
    if (holder instanceof ObjectNode object
        && object.has(key)
        && SecretSource.parse(object.path(key).asText()).kind() == SecretSource.Kind.LITERAL) {
      object.set(key, JsonNodeFactory.instance.textNode("(literal)"));
    }
  }

  private static void write(JsonNode node, StringBuilder out) {
    if (node.isObject()) {
      Map<String, JsonNode> sorted = new TreeMap<>();
      node.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
      out.append('{');
      sorted.forEach(
          (key, value) -> {
            out.append(JsonNodeFactory.instance.textNode(key)).append(':');
            write(value, out);
            out.append(',');
          });
      out.append('}');
    } else if (node.isArray()) {
      out.append('[');
      for (JsonNode item : node) {
        write(item, out);
        out.append(',');
      }
      out.append(']');
    } else if (node.isNumber()) {
      out.append(node.decimalValue().stripTrailingZeros());
    } else {
      out.append(node);
    }
  }
}
