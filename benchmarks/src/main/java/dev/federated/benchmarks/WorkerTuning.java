package dev.federated.benchmarks;

import dev.federated.model.StageRequest;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** The same stage by workers with other settings, all on one server. */
final class WorkerTuning {
  private static final int REGIONS = 3;
  private static final int[] CLIENTS = {1, 8};

  private final Duel duel;

  WorkerTuning(Scale scale) {
    this.duel = new Duel(scale);
  }

  /** What is tried; the first is what users get, and the last repeats it as the control. */
  private static List<Tuning> tunings() {
    List<Tuning> tunings = new ArrayList<>();
    tunings.add(Tuning.DEFAULT);
    tunings.add(control("1 workflow poller", o -> o.setMaxConcurrentWorkflowTaskPollers(1)));
    tunings.add(control("2 workflow pollers", o -> o.setMaxConcurrentWorkflowTaskPollers(2)));
    tunings.add(control("10 workflow pollers", o -> o.setMaxConcurrentWorkflowTaskPollers(10)));
    tunings.add(control("20 workflow slots", o -> o.setMaxConcurrentWorkflowTaskExecutionSize(20)));
    tunings.add(factory("cache of 10 workflows", o -> o.setWorkflowCacheSize(10)));
    // The least: 0 means the default.
    tunings.add(factory("cache of 1 workflow", o -> o.setWorkflowCacheSize(1)));
    tunings.add(control("no eager activities", o -> o.setDisableEagerExecution(true)));
    if (Runtime.version().feature() >= 21) {
      tunings.add(factory("virtual workflow threads", o -> o.setUsingVirtualWorkflowThreads(true)));
      tunings.add(control("virtual threads everywhere", o -> o.setUsingVirtualThreads(true)));
    }
    tunings.add(new Tuning("as it comes again", o -> o, o -> o));
    return tunings;
  }

  private static Tuning control(String name, UnaryOperator<WorkerOptions.Builder> change) {
    return new Tuning(name, UnaryOperator.identity(), change);
  }

  private static Tuning factory(String name, UnaryOperator<WorkerFactoryOptions.Builder> change) {
    return new Tuning(name, change, UnaryOperator.identity());
  }

  Table run() throws Exception {
    Table table =
        new Table(
            "Worker settings",
            "clients",
            "settings of the control worker",
            "stages/s",
            "throughput ratio",
            "p50 ms",
            "p50 ratio");
    table.note(
        "Each is compared in its own run with the defaults, on servers that are alike. A difference"
            + " within that of the rows that repeat the defaults is noise. Eager start is compared"
            + " with the same hand-written workflow without it.");
    try (DevServer base = DevServer.embedded();
        Site baseSite = Site.local(base.address(), REGIONS)) {
      for (Tuning tuning : tunings()) {
        try (DevServer other = DevServer.embedded();
            Site site = Site.local(other.address(), REGIONS, tuning)) {
          List<Contestant> contestants =
              List.of(
                  baseSite.federated("base", baseSite.stage(REGIONS, 1_000)),
                  site.federated(tuning.name(), site.stage(REGIONS, 1_000)));
          compare(table, contestants);
        }
      }
      StageRequest request = baseSite.stage(REGIONS, 1_000);
      compare(
          table,
          List.of(
              baseSite.handWritten("base", request),
              baseSite.handWrittenEager("hand-written, eager start", request)));
    }
    return table;
  }

  private void compare(Table table, List<Contestant> contestants) throws Exception {
    for (int clients : CLIENTS) {
      List<Measured> measured = duel.run(contestants, clients);
      Measured tuned = measured.get(1);
      table.row(
          Integer.toString(clients),
          tuned.name(),
          "%.1f".formatted(tuned.throughput()),
          tuned.throughputBeside(measured.get(0)).toString(),
          "%.0f".formatted(tuned.p50()),
          tuned.p50Beside(measured.get(0)).toString());
    }
  }
}
