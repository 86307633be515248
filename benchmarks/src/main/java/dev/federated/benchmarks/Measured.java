package dev.federated.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** What was measured of one contestant, block by block. */
final class Measured {
  private final String name;
  private final List<Double> throughputs = new ArrayList<>();
  private final List<Double> medians = new ArrayList<>();
  private final List<Long> nanos = new ArrayList<>();
  private final List<String> workflowIds = new ArrayList<>();

  Measured(String name) {
    this.name = name;
  }

  /**
   * Adds a block.
   *
   * @param calls how long each call took, in nanoseconds
   * @param seconds how long they took together
   * @param ids the workflows
   */
  void add(List<Long> calls, double seconds, List<String> ids) {
    throughputs.add(calls.size() / seconds);
    medians.add(quantile(calls, 0.5));
    nanos.addAll(calls);
    workflowIds.addAll(ids);
  }

  String name() {
    return name;
  }

  /** Calls a second, the median over the blocks. */
  double throughput() {
    return median(throughputs);
  }

  /** Half of the calls took at most so many milliseconds, the median over the blocks. */
  double p50() {
    return median(medians);
  }

  /** Of all calls, 99 in 100 took at most so many milliseconds. */
  double p99() {
    return quantile(nanos, 0.99);
  }

  /** The workflows that were measured. */
  List<String> workflowIds() {
    return workflowIds;
  }

  /** Throughput beside that of another, each block beside its neighbour. */
  Ratio throughputBeside(Measured base) {
    return Ratio.of(throughputs, base.throughputs);
  }

  /** Median latency beside that of another, each block beside its neighbour. */
  Ratio p50Beside(Measured base) {
    return Ratio.of(medians, base.medians);
  }

  private static double quantile(List<Long> nanos, double quantile) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    int index = (int) Math.ceil(quantile * sorted.length) - 1;
    return sorted[Math.max(0, index)] / 1e6;
  }

  static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /**
   * A ratio over interleaved blocks.
   *
   * @param median the median of the blocks' ratios
   * @param lowest the lowest
   * @param highest the highest
   */
  record Ratio(double median, double lowest, double highest) {
    private static Ratio of(List<Double> values, List<Double> base) {
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        ratios.add(values.get(i) / base.get(i));
      }
      return new Ratio(Measured.median(ratios), Collections.min(ratios), Collections.max(ratios));
    }

    @Override
    public String toString() {
      return "%.2f (%.2f–%.2f)".formatted(median, lowest, highest);
    }
  }
}
