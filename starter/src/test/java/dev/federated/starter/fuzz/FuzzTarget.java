package dev.federated.starter.fuzz;

import java.util.List;

/**
 * Something that reads what others wrote.
 *
 * @param name what a finding is listed under
 * @param seeds valid inputs, which are mutated
 * @param weight its part of inputs, 1 for a usual one
 * @param documented the exceptions by which it may refuse an input
 * @param reader reads one input
 */
record FuzzTarget(
    String name,
    List<byte[]> seeds,
    double weight,
    List<Class<? extends Throwable>> documented,
    Reader reader) {
  FuzzTarget {
    if (seeds.isEmpty()) {
      throw new IllegalArgumentException("target '%s' has no seeds".formatted(name));
    }
    seeds = List.copyOf(seeds);
    documented = List.copyOf(documented);
  }

  /** Reads one input; refuses it by an exception. */
  @FunctionalInterface
  interface Reader {
    void read(byte[] input) throws Exception;
  }
}
