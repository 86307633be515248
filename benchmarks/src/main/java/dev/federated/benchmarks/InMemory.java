package dev.federated.benchmarks;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** What happens in memory only: selection, aggregation, templates, validation; by JMH. */
final class InMemory {
  private static final double MOST_MICROS = 100;
  private static final double MOST_OF_PARSING = 1.5;

  private final Scale scale;

  InMemory(Scale scale) {
    this.scale = scale;
  }

  Table run() throws RunnerException {
    Table table = new Table("In memory", "what", "over", "µs", "± µs", "beside", "ratio", "bar");
    table.note(
        "JMH, average time. Bars: a selection over 1,000 regions takes under 100 µs, a merge of"
            + " 3 × 1 MB less than 1.5 times parsing these with Jackson.");
    for (RunResult result : measure(SelectionBenchmark.class)) {
      String regions = Objects.toString(result.getParams().getParam("regions"));
      double micros = result.getPrimaryResult().getScore();
      String bar = regions.equals("1000") ? verdict(micros < MOST_MICROS) : "";
      row(table, "select " + result.getParams().getParam("strategy"), regions + " regions", result)
          .cells("", "", bar);
    }
    Collection<RunResult> aggregations = measure(AggregationBenchmark.class);
    Map<String, Double> parsing = new HashMap<>();
    for (RunResult result : aggregations) {
      if (name(result).equals("parse")) {
        parsing.put(result.getParams().getParam("documents"), result.getPrimaryResult().getScore());
      }
    }
    for (RunResult result : aggregations) {
      String documents = result.getParams().getParam("documents");
      double ratio =
          result.getPrimaryResult().getScore() / parsing.getOrDefault(documents, Double.NaN);
      boolean barred = name(result).equals("merge") && documents.startsWith("3x");
      row(table, name(result), documents + " bytes", result)
          .cells("parse", "%.3f".formatted(ratio), barred ? verdict(ratio < MOST_OF_PARSING) : "");
    }
    for (RunResult result : measure(DocumentBenchmark.class)) {
      row(table, name(result), "", result).cells("", "", "");
    }
    return table;
  }

  private static String verdict(boolean met) {
    return met ? "met" : "not met";
  }

  private static String name(RunResult result) {
    String label = result.getParams().getBenchmark();
    return label.substring(label.lastIndexOf('.') + 1);
  }

  private Collection<RunResult> measure(Class<?> benchmark) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("\\." + benchmark.getSimpleName() + "\\.")
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.MICROSECONDS)
            .forks(scale.quick() ? 1 : 2)
            .warmupIterations(scale.quick() ? 2 : 4)
            .measurementIterations(scale.quick() ? 3 : 5)
            .warmupTime(TimeValue.milliseconds(scale.quick() ? 200 : 500))
            .measurementTime(TimeValue.milliseconds(scale.quick() ? 200 : 500))
            // The report alone goes to stdout.
            .output(System.getProperty("benchmarks.home", ".") + "/benchmarks/target/jmh.log")
            .jvmArgsAppend("-Xmx2g");
    return new Runner(options.build()).run();
  }

  private static Row row(Table table, String what, String over, RunResult result) {
    return (beside, ratio, bar) ->
        table.row(
            what,
            over,
            "%,.2f".formatted(result.getPrimaryResult().getScore()),
            "%,.2f".formatted(result.getPrimaryResult().getScoreError()),
            beside,
            ratio,
            bar);
  }

  /** A row whose last cells are not known yet. */
  private interface Row {
    Table cells(String beside, String ratio, String bar);
  }
}
