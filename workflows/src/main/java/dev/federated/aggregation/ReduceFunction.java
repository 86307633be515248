package dev.federated.aggregation;

import java.math.BigDecimal;
import java.util.List;

/**
 * A reduce function that workers carry beside the built-in ones, found by {@link
 * java.util.ServiceLoader}. It runs inside workflows: it has to be pure, and its results must not
 * change between versions while stages that use it are running.
 */
public interface ReduceFunction {
  /** The name in {@code reduce_function}. */
  String name();

  /**
   * Reduces numbers to one.
   *
   * @param numbers one number of each region that succeeded, in region order, at least one
   */
  BigDecimal reduce(List<BigDecimal> numbers);
}
