package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;

/**
 * A text that two JSON values share exactly if they are equal: the order of keys does not matter,
 * and numbers count by value, so 1, 1.0 and 10e-1 are the same. Linear in the size of the value but
 * for the sorting of keys, and safe with any exponent.
 */
final class CanonicalJson {
  private CanonicalJson() {}

  static String of(JsonNode node) {
    StringBuilder text = new StringBuilder();
    append(node, text);
    return text.toString();
  }

  private static void append(JsonNode node, StringBuilder text) {
    if (node.isObject()) {
      Map<String, JsonNode> sorted = new TreeMap<>();
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        sorted.put(field.getKey(), field.getValue());
      }
      text.append('{');
      for (Map.Entry<String, JsonNode> field : sorted.entrySet()) {
        quoted(field.getKey(), text);
        append(field.getValue(), text);
      }
      text.append('}');
    } else if (node.isArray()) {
      text.append('[');
      for (JsonNode item : node) {
        append(item, text);
        text.append(',');
      }
      text.append(']');
    } else if (node.isNumber()) {
      number(node, text);
    } else if (node.isBoolean() || node.isNull() || node.isMissingNode()) {
      text.append(node.isBoolean() ? node.asText() : "null");
    } else {
      quoted(node.asText(), text);
    }
  }

  /** The length makes the end of the text known without escaping anything. */
  private static void quoted(String value, StringBuilder text) {
    text.append('"').append(value.length()).append(':').append(value);
  }

  private static void number(JsonNode node, StringBuilder text) {
    if ((node.isDouble() || node.isFloat()) && !Double.isFinite(node.doubleValue())) {
      // Jackson writes these as texts, so that is what they are once they have been recorded.
      quoted(node.asText(), text);
      return;
    }
    if (node.isInt() || node.isLong() || node.isShort()) {
      digits(Long.toString(node.longValue()), 0, text);
      return;
    }
    BigDecimal value = node.isFloat() ? new BigDecimal(node.asText()) : node.decimalValue();
    digits(value.unscaledValue().toString(), -(long) value.scale(), text);
  }

  private static void digits(String digits, long exponent, StringBuilder text) {
    int end = digits.length();
    while (end > 1 && digits.charAt(end - 1) == '0') {
      end--;
    }
    if (end == 1 && digits.charAt(0) == '0') {
      text.append("0e0");
      return;
    }
    text.append(digits, 0, end).append('e').append(exponent + digits.length() - end);
  }
}
