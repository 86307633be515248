package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * How many regions of a stage may fail: a number of them, or a percentage; exactly one of the two.
 *
 * @param count a number of regions, 0 or more; or null
 * @param percent a part of the regions that the stage is sent to, 0 to 100; or null
 */
public record ToleratedFailures(@Nullable Integer count, @Nullable Double percent) {
  public ToleratedFailures {
    if ((count == null) == (percent == null)) {
      throw new IllegalArgumentException("tolerated failures are either a number or a percentage");
    }
    if ((count != null && count < 0) || (percent != null && !(percent >= 0 && percent <= 100))) {
      throw new IllegalArgumentException(
          "tolerated failures are at least 0, a percentage at most 100");
    }
  }

  /** So many regions. */
  public static ToleratedFailures of(int count) {
    return new ToleratedFailures(count, null);
  }

  /** That part of the regions, in percent. */
  public static ToleratedFailures ofPercent(double percent) {
    return new ToleratedFailures(null, percent);
  }

  /** How many of so many regions may fail; parts of a region are not counted. */
  public int most(int regions) {
    if (count != null) {
      return count;
    }
    // 29 % of 100 is 29, which binary fractions miss.
    BigDecimal part = BigDecimal.valueOf(percent == null ? 0 : percent).movePointLeft(2);
    return part.multiply(BigDecimal.valueOf(regions)).intValue();
  }

  /** As a person writes it: {@code 2} or {@code 10%}. */
  @Override
  public String toString() {
    return count != null
        ? count.toString()
        : BigDecimal.valueOf(percent == null ? 0 : percent).stripTrailingZeros().toPlainString()
            + "%";
  }

  /**
   * Reads what a person writes: a whole number, or a text such as {@code 10%}.
   *
   * @throws IllegalArgumentException if it is neither
   */
  @JsonCreator
  public static ToleratedFailures fromJson(JsonNode json) {
    boolean whole = json.isNumber() && json.doubleValue() == Math.rint(json.doubleValue());
    if (whole && json.canConvertToInt()) {
      return of(json.intValue());
    }
    String text = json.isTextual() ? json.textValue().strip() : "";
    if (!text.matches("[0-9]{1,3}(\\.[0-9]{1,6})? ?%")) {
      throw new IllegalArgumentException("tolerated failures are a whole number or as in 10%");
    }
    return ofPercent(Double.parseDouble(text.substring(0, text.length() - 1).strip()));
  }

  @JsonValue
  JsonNode toJson() {
    JsonNodeFactory json = JsonNodeFactory.instance;
    return count != null ? json.numberNode(count) : json.textNode(toString());
  }
}
