package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** Numbers of JSON as decimals, and back in the form in which a JSON parser would give them. */
final class Numbers {
  /**
   * Every finite double lies below 10 to the 309th and has at most 1074 decimal places, but its
   * shortest text, which is what JSON carries, has at most 342. Beyond that a sum would need as
   * many digits as the exponent says.
   */
  private static final long MOST_INTEGER_DIGITS = 309;

  private static final int MOST_DECIMAL_PLACES = 400;

  private Numbers() {}

  /** The value of a finite number; null if the node is none or is far beyond a double's range. */
  static @Nullable BigDecimal decimal(JsonNode node) {
    if (!node.isNumber()) {
      return null;
    }
    BigDecimal value;
    if (node.isDouble() || node.isFloat()) {
      double number = node.doubleValue();
      if (!Double.isFinite(number)) {
        return null;
      }
      // The text of a float is what JSON carries: 0.1f is 0.1, not 0.10000000149011612.
      value = node.isFloat() ? new BigDecimal(node.asText()) : BigDecimal.valueOf(number);
    } else {
      value = node.decimalValue();
    }
    return inRange(value) ? value : null;
  }

  /** Whether arithmetic with the value needs no more digits than doubles do. */
  static boolean inRange(BigDecimal value) {
    return value.signum() == 0
        ? Math.abs((long) value.scale()) <= MOST_DECIMAL_PLACES
        : (long) value.precision() - value.scale() <= MOST_INTEGER_DIGITS
            && value.scale() <= MOST_DECIMAL_PLACES;
  }

  /** Whether a result may stand in JSON: a reader that uses doubles must not get infinity. */
  static boolean printable(BigDecimal value) {
    return inRange(value) && Double.isFinite(value.doubleValue());
  }

  /**
   * A printable value as JSON.
   *
   * @param integral whether a value without fraction is an integer (3) rather than a 3.0
   */
  static JsonNode node(BigDecimal value, boolean integral) {
    if (integral && (value.signum() == 0 || value.stripTrailingZeros().scale() <= 0)) {
      BigInteger integer = value.toBigIntegerExact();
      if (integer.bitLength() < Integer.SIZE) {
        return IntNode.valueOf(integer.intValueExact());
      }
      return integer.bitLength() < Long.SIZE
          ? LongNode.valueOf(integer.longValueExact())
          : BigIntegerNode.valueOf(integer);
    }
    double nearest = value.doubleValue();
    return BigDecimal.valueOf(nearest).compareTo(value) == 0
        ? DoubleNode.valueOf(nearest)
        : DecimalNode.valueOf(value);
  }
}
