package dev.federated.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures the tables that are named, or all, and prints them as Markdown. */
public final class Benchmarks {
  private static final Map<String, Scale> SCALES =
      Map.of("--quick", Scale.QUICK, "--short", Scale.SHORT);

  private Benchmarks() {}

  /** Measures one table. */
  private interface Measurement {
    Table measure(Scale scale) throws Exception;
  }

  private static Map<String, Measurement> tables() {
    Map<String, Measurement> tables = new LinkedHashMap<>();
    tables.put("stage", scale -> new StageOverhead(scale).run());
    tables.put("memory", scale -> new InMemory(scale).run());
    tables.put("growth", scale -> new Growth(scale).run());
    tables.put("pipeline", scale -> new PipelineOverhead(scale).run());
    tables.put("cold-start", scale -> new ColdStart(scale).run());
    tables.put("dev-start", scale -> new DevStart(scale).run());
    tables.put("server", scale -> new ServerComparison(scale).run());
    tables.put("workers", scale -> new WorkerTuning(scale).run());
    tables.put("alternatives", scale -> new Alternatives(scale).run());
    return tables;
  }

  /**
   * Prints each table when it is measured; progress and errors go to stderr.
   *
   * @param arguments names of tables, and {@code --short} or {@code --quick}
   */
  public static void main(String[] arguments) {
    List<String> names = new ArrayList<>(List.of(arguments));
    Scale scale = Scale.FULL;
    for (Map.Entry<String, Scale> option : SCALES.entrySet()) {
      if (names.remove(option.getKey())) {
        scale = option.getValue();
      }
    }
    Map<String, Measurement> tables = tables();
    for (String name : names) {
      if (!tables.containsKey(name)) {
        System.err.printf("there is no table '%s'; there are %s%n", name, tables.keySet());
        System.exit(2);
      }
    }
    int failed = 0;
    for (Map.Entry<String, Measurement> table : tables.entrySet()) {
      String name = table.getKey();
      if (!names.isEmpty() && !names.contains(name)) {
        continue;
      }
      System.err.println("measuring " + name);
      try {
        System.out.println(table.getValue().measure(scale).markdown());
      } catch (Exception | LinkageError e) {
        failed++;
        System.out.printf("## %s%n%nNot measured: %s%n%n", name, e.getMessage());
        e.printStackTrace();
      }
    }
    System.exit(failed == 0 ? 0 : 1);
  }
}
