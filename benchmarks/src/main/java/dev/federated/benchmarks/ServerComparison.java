package dev.federated.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** The same stage on the embedded server and on development servers as they come. */
final class ServerComparison {
  private static final int REGIONS = 3;
  private static final int[] CLIENTS = {1, 8};

  private final Duel duel;

  ServerComparison(Scale scale) {
    this.duel = new Duel(scale);
  }

  Table run() throws Exception {
    Table table =
        new Table(
            "Embedded server",
            "clients",
            "server",
            "stages/s",
            "throughput ratio",
            "p50 ms",
            "p50 ratio",
            "embedded is faster by");
    table.note(
        "Bars: the embedded default, which has a database file, at least 2 times a plain"
            + " `temporal server start-dev` in memory and at least 2.5 times one with a database"
            + " file.");
    try (DevServer plain = DevServer.plain();
        DevServer embedded = DevServer.embedded();
        DevServer file = DevServer.plainWithFile();
        Site plainSite = Site.local(plain.address(), REGIONS);
        Site embeddedSite = Site.local(embedded.address(), REGIONS);
        Site fileSite = Site.local(file.address(), REGIONS)) {
      Contestant inMemory = stage("start-dev", plainSite);
      List<Contestant> contestants =
          List.of(
              inMemory,
              stage("embedded", embeddedSite),
              stage("start-dev --db-filename", fileSite),
              inMemory.named("start-dev again"));
      for (int clients : CLIENTS) {
        List<Measured> measured = new ArrayList<>(duel.run(contestants, clients));
        Measured fast = measured.get(1);
        for (Measured one : measured) {
          table.row(
              Integer.toString(clients),
              one.name(),
              "%.1f".formatted(one.throughput()),
              one.throughputBeside(measured.get(0)).toString(),
              "%.0f".formatted(one.p50()),
              one.p50Beside(measured.get(0)).toString(),
              fast.throughputBeside(one).toString());
        }
      }
    }
    return table;
  }

  private static Contestant stage(String name, Site site) {
    return site.federated(name, site.stage(REGIONS, 1_000));
  }
}
