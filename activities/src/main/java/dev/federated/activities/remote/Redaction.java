package dev.federated.activities.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Takes secrets out of text that comes from outside. Its own text form shows none. */
public final class Redaction {
  /** Takes nothing but control characters out. */
  public static final Redaction NONE = new Redaction(List.of());

  private static final String MASK = "***";

  /**
   * Shorter secrets are left in outputs: they would be found by chance in values that are not
   * secret at all.
   */
  private static final int SHORTEST_IN_OUTPUT = 8;

  private final List<String> secrets;

  private Redaction(List<String> secrets) {
    this.secrets = secrets;
  }

  /** Takes those values out, as they are, in Base64, URL-encoded and as JSON text. */
  public static Redaction of(Collection<String> values) {
    TreeSet<String> forms =
        new TreeSet<>(
            Comparator.comparingInt(String::length)
                .reversed()
                .thenComparing(Comparator.naturalOrder()));
    for (String value : values) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      forms.add(withoutControls(value));
      forms.add(Base64.getEncoder().encodeToString(bytes));
      forms.add(Base64.getEncoder().withoutPadding().encodeToString(bytes));
      forms.add(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
      forms.add(URLEncoder.encode(value, StandardCharsets.UTF_8));
      String json = TextNode.valueOf(value).toString();
      forms.add(json.substring(1, json.length() - 1));
    }
    forms.remove("");
    return new Redaction(List.copyOf(forms));
  }

  /** Takes one more value out. */
  Redaction and(String value) {
    List<String> both = new ArrayList<>(of(List.of(value)).secrets);
    both.addAll(secrets);
    both.sort(Comparator.comparingInt(String::length).reversed());
    return new Redaction(List.copyOf(both));
  }

  /**
   * The text in one line, without control characters and secrets, cut to a length.
   *
   * @param text what came from outside
   * @param cutOff whether the text is only the beginning of what there was, so that it may end
   *     within a secret
   * @param length longest result in characters
   */
  String line(String text, boolean cutOff, int length) {
    // Controls go first: a secret with a NUL or a line break in it is still one.
    String plain = withoutControls(text);
    for (String secret : secrets) {
      plain = plain.replace(secret, MASK);
    }
    if (cutOff) {
      plain = withoutBeginningOfSecret(plain);
    }
    plain = plain.strip();
    if (plain.length() <= length) {
      return plain;
    }
    int end = Character.isHighSurrogate(plain.charAt(length - 1)) ? length - 1 : length;
    return plain.substring(0, end) + "…";
  }

  /** The same JSON with long secrets taken out of its texts and names. */
  JsonNode json(JsonNode node) {
    return secrets.isEmpty() || !holdsSecret(node) ? node : masked(node);
  }

  private boolean holdsSecret(JsonNode node) {
    if (node.isTextual()) {
      return !mask(node.textValue()).equals(node.textValue());
    }
    if (node.isObject()) {
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        if (!mask(field.getKey()).equals(field.getKey()) || holdsSecret(field.getValue())) {
          return true;
        }
      }
      return false;
    }
    for (JsonNode element : node) {
      if (holdsSecret(element)) {
        return true;
      }
    }
    return false;
  }

  private JsonNode masked(JsonNode node) {
    if (node.isTextual()) {
      return JsonNodeFactory.instance.textNode(mask(node.textValue()));
    }
    if (node.isObject()) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        object.set(mask(field.getKey()), masked(field.getValue()));
      }
      return object;
    }
    if (node.isArray()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      for (JsonNode element : node) {
        array.add(masked(element));
      }
      return array;
    }
    return node;
  }

  private String mask(String text) {
    String plain = text;
    for (String secret : secrets) {
      if (secret.length() >= SHORTEST_IN_OUTPUT) {
        plain = plain.replace(secret, MASK);
      }
    }
    return plain;
  }

  private String withoutBeginningOfSecret(String text) {
    int end = text.length();
    for (String secret : secrets) {
      for (int length = Math.min(secret.length(), text.length()); length > 0; length--) {
        if (text.endsWith(secret.substring(0, length))) {
          end = Math.min(end, text.length() - length);
          break;
        }
      }
    }
    return text.substring(0, end);
  }

  private static String withoutControls(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    text.codePoints()
        .filter(
            c -> {
              int kind = Character.getType(c);
              return kind != Character.CONTROL
                  && kind != Character.FORMAT
                  && kind != Character.LINE_SEPARATOR
                  && kind != Character.PARAGRAPH_SEPARATOR
                  && kind != Character.SURROGATE;
            })
        .forEach(plain::appendCodePoint);
    return plain.toString();
  }

  @Override
  public String toString() {
    return "Redaction[" + secrets.size() + " forms]";
  }
}
