package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.parsing.Problems;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Finds URLs with a password in a document and takes them out, so that no message about anything
 * else repeats them.
 */
final class CredentialsInUrls {
  private static final String REMOVED = "(URL with a password, removed)";
  private static final String MESSAGE =
      "holds a URL with a password; name a secret of the federation file instead, as"
          + " {\"secret\": \"name\"}";
  private static final Pattern JDBC_PASSWORD =
      Pattern.compile("[?&;][^=&;]*(?:password|passwd|pwd)[^=&;]*=", Pattern.CASE_INSENSITIVE);

  /** Bounds the search for the end of a template, so that reading takes linear time. */
  private static final int LONGEST_TEMPLATE = 1_000;

  private final Problems problems;

  private CredentialsInUrls(Problems problems) {
    this.problems = problems;
  }

  /** The document without them; each is a problem. */
  static JsonNode remove(JsonNode document, Problems problems) {
    return new CredentialsInUrls(problems).clean(document, "");
  }

  private JsonNode clean(JsonNode value, String place) {
    if (value.isTextual() && isFound(value.textValue())) {
      problems.add(place, null, MESSAGE);
      return JsonNodeFactory.instance.textNode(REMOVED);
    }
    if (value.isArray()) {
      ArrayNode cleaned = JsonNodeFactory.instance.arrayNode(value.size());
      for (int i = 0; i < value.size(); i++) {
        cleaned.add(clean(value.get(i), place + "[" + i + "]"));
      }
      return cleaned;
    }
    if (value.isObject()) {
      ObjectNode cleaned = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String key = field.getKey();
        if (isFound(key)) {
          problems.add(place, null, "a key of it " + MESSAGE);
          key = REMOVED;
        }
        cleaned.set(key, clean(field.getValue(), Template.fieldPlace(place, key)));
      }
      return cleaned;
    }
    return value;
  }

  /** Whether {@code user:password@} follows a {@code ://}; a template counts as any text. */
  static boolean isFound(String text) {
    int scheme = text.indexOf("://");
    while (scheme >= 0) {
      int at = scheme + "://".length();
      boolean colon = false;
      while (at < text.length() && !endsAuthority(text.charAt(at))) {
        if (text.startsWith("{{", at)) {
          int end = Math.min(text.length(), at + LONGEST_TEMPLATE);
          int close = text.substring(at, end).indexOf("}}");
          if (close < 0) {
            break;
          }
          at += close + 2;
        } else {
          char c = text.charAt(at);
          if (c == '@' && colon) {
            return true;
          }
          colon |= c == ':';
          at++;
        }
      }
      scheme = text.indexOf("://", scheme + 1);
    }
    return text.regionMatches(true, 0, "jdbc:", 0, "jdbc:".length())
        && JDBC_PASSWORD.matcher(text).find();
  }

  private static boolean endsAuthority(char c) {
    return c == '/' || c == '?' || c == '#' || c == '"' || c == '\\' || Character.isWhitespace(c);
  }
}
