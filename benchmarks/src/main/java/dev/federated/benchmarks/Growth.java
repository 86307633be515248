package dev.federated.benchmarks;

import java.util.List;

/** One stage over ever more regions, each with a worker of its own, all in this process. */
final class Growth {
  private static final int[] REGIONS = {3, 30, 300, 1_000};

  /** A stage over a thousand regions takes seconds, and few calls tell enough. */
  private static final int FEW_CALLS = 3;

  private final Scale scale;

  Growth(Scale scale) {
    this.scale = scale;
  }

  Table run() throws Exception {
    Table table =
        new Table(
            "Growth",
            "regions",
            "p50 ms",
            "ms per region",
            "workflow tasks",
            "events",
            "history bytes",
            "bytes per region");
    table.note("Bar: the time per region does not grow.");
    int most = REGIONS[REGIONS.length - 1];
    try (DevServer server = DevServer.embedded();
        Site site = Site.local(server.address(), most)) {
      for (int regions : REGIONS) {
        int calls = regions > 30 ? FEW_CALLS : scale.calls();
        Contestant stage = site.federated("stage", site.stage(regions, 1_000));
        Measured measured =
            new Duel(scale).run(List.of(stage), 1, scale.quick() ? 1 : FEW_CALLS, calls).get(0);
        HistoryCost cost =
            HistoryCost.of(
                site.client(),
                measured
                    .workflowIds()
                    .subList(0, Math.min(FEW_CALLS, measured.workflowIds().size())));
        table.row(
            Integer.toString(regions),
            "%,.0f".formatted(measured.p50()),
            "%.2f".formatted(measured.p50() / regions),
            "%.0f".formatted(cost.tasks()),
            "%.0f".formatted(cost.events()),
            "%,.0f".formatted(cost.bytes()),
            "%,.0f".formatted(cost.bytes() / regions));
      }
    }
    return table;
  }
}
