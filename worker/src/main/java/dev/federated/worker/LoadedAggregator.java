package dev.federated.worker;

import dev.federated.aggregation.Aggregator;
import dev.federated.aggregation.ReduceFunction;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;

/** The aggregations that this process carries. */
public final class LoadedAggregator {
  private LoadedAggregator() {}

  /** The built-in ones and every {@link ReduceFunction} on the classpath. */
  public static Aggregator load() {
    Map<String, ReduceFunction> functions = new LinkedHashMap<>();
    for (ReduceFunction function : ServiceLoader.load(ReduceFunction.class)) {
      functions.put(function.name(), function);
    }
    return functions.isEmpty() ? Aggregator.BUILT_IN : new Aggregator(functions);
  }
}
