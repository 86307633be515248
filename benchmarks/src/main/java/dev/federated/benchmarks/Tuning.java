package dev.federated.benchmarks;

import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.util.function.UnaryOperator;

/**
 * Settings of the workers of a site.
 *
 * @param name how the tables name them
 * @param factoryChange what differs in the factory's options
 * @param controlChange what differs in the options of the worker that runs the workflows
 */
record Tuning(
    String name,
    UnaryOperator<WorkerFactoryOptions.Builder> factoryChange,
    UnaryOperator<WorkerOptions.Builder> controlChange) {
  /** As users get them. */
  static final Tuning DEFAULT =
      new Tuning("as it comes", UnaryOperator.identity(), UnaryOperator.identity());

  WorkerFactoryOptions.Builder factory(WorkerFactoryOptions.Builder options) {
    return factoryChange.apply(options);
  }

  WorkerOptions.Builder control(WorkerOptions.Builder options) {
    return controlChange.apply(options);
  }
}
