package dev.federated.aggregation;

import dev.federated.model.WireName;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** The reduce functions that every reader of a result has. */
public enum BuiltInReduce implements WireName {
  /** The exact sum. */
  SUM(BuiltInReduce::sum),
  /** The mean: exact if it has an end as a decimal, else to 16 digits. */
  AVG(BuiltInReduce::average),
  /** The smallest. */
  MIN(numbers -> numbers.stream().reduce(numbers.get(0), BigDecimal::min)),
  /** The largest. */
  MAX(numbers -> numbers.stream().reduce(numbers.get(0), BigDecimal::max)),
  /** How many there are. */
  COUNT(numbers -> BigDecimal.valueOf(numbers.size()));

  @SuppressWarnings("ImmutableEnumChecker") // none of these functions has state
  private final Function<List<BigDecimal>, BigDecimal> function;

  BuiltInReduce(Function<List<BigDecimal>, BigDecimal> function) {
    this.function = function;
  }

  /** The name in {@code reduce_function}. */
  @Override
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reduces numbers to one.
   *
   * @param numbers at least one
   */
  public BigDecimal reduce(List<BigDecimal> numbers) {
    return function.apply(numbers);
  }

  private static BigDecimal sum(List<BigDecimal> numbers) {
    return numbers.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  private static BigDecimal average(List<BigDecimal> numbers) {
    BigDecimal sum = sum(numbers);
    BigDecimal count = BigDecimal.valueOf(numbers.size());
    try {
      return sum.divide(count);
    } catch (ArithmeticException endless) {
      return sum.divide(count, MathContext.DECIMAL64);
    }
  }
}
