package dev.federated.benchmarks;

import dev.federated.model.StageRequest;
import java.util.List;

/**
 * A stage over three regions beside a workflow that schedules the same three activities, on one
 * server and with one set of workers.
 */
final class StageOverhead {
  private static final int REGIONS = 3;
  private static final int[] CLIENTS = {1, 8, 32};
  private static final int KILOBYTE = 1_000;

  private final Duel duel;
  private final Table table =
      new Table(
          "Stage overhead",
          "regions",
          "input",
          "clients",
          "contestant",
          "stages/s",
          "throughput ratio",
          "p50 ms",
          "p50 ratio",
          "p99 ms",
          "workflow tasks",
          "events − 3 × tasks",
          "history bytes");

  StageOverhead(Scale scale) {
    this.duel = new Duel(scale);
  }

  Table run() throws Exception {
    table.note(
        "Bars: throughput ≥ 0.95 and p50 ≤ 1.05 of the hand-written workflow, at most 1 event more,"
            + " no more workflow tasks. The baseline stands twice: its second ratio is the noise.");
    try (DevServer server = DevServer.embeddedWithoutSearchAttributes()) {
      try (Site site = Site.local(server.address(), REGIONS)) {
        duel.warmUp(contestants(site, site.stage(REGIONS, KILOBYTE)).subList(0, 2), 1);
        compare(site, "without HTTP", KILOBYTE, CLIENTS);
        compare(site, "without HTTP", 100 * KILOBYTE, 1, 8);
        compare(site, "without HTTP", 1_000 * KILOBYTE, 1, 8);
      }
      try (Site site = Site.overHttp(server.address())) {
        compare(site, "loopback node", KILOBYTE, CLIENTS);
        compare(site, "loopback node", 100 * KILOBYTE, 1, 8);
      }
    }
    try (DevServer server = DevServer.embedded();
        Site site = Site.local(server.address(), REGIONS)) {
      compare(site, "without HTTP, search attributes", KILOBYTE, 1, 8);
    }
    return table;
  }

  private void compare(Site site, String regions, int bytes, int... clients) throws Exception {
    List<Contestant> contestants = contestants(site, site.stage(REGIONS, bytes));
    for (int count : clients) {
      List<Measured> measured = duel.run(contestants, count);
      for (Measured one : measured) {
        HistoryCost cost = HistoryCost.of(site.client(), one.workflowIds());
        table.row(
            regions,
            bytes / KILOBYTE + " KB",
            Integer.toString(count),
            one.name(),
            "%.1f".formatted(one.throughput()),
            one.throughputBeside(measured.get(0)).toString(),
            "%.0f".formatted(one.p50()),
            one.p50Beside(measured.get(0)).toString(),
            "%.0f".formatted(one.p99()),
            "%.2f".formatted(cost.tasks()),
            "%.1f".formatted(cost.otherEvents()),
            "%,.0f".formatted(cost.bytes()));
      }
    }
  }

  private static List<Contestant> contestants(Site site, StageRequest request) {
    Contestant byHand = site.handWritten("by hand", request);
    return List.of(byHand, site.federated("stage", request), byHand.named("by hand again"));
  }
}
