package dev.federated.starter.cli;

import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.FederationStats;
import dev.federated.worker.config.FederationFile;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows what the federation executed. */
@Command(
    name = "stats",
    description = "Shows executions, success rate, latency and cost, by region and by stage.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class StatsCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() {
    CommandContext context = Federate.contextOf(federate);
    FederationFile file =
        FederationOptions.loader(context).discover(federation.file(), null).orElse(null);
    try (ServerSession session =
        ServerSession.open(
            context,
            server,
            () -> federation.needed(file, context, null),
            spec.commandLine().getErr())) {
      FederationStats stats = new FederationCoordinator(session.client()).stats();
      if (output.json()) {
        JsonPrinter.print(spec.commandLine().getOut(), stats);
      } else {
        print(stats, spec.commandLine().getOut());
      }
    }
    return ExitCodes.SUCCEEDED;
  }

  private static void print(FederationStats stats, PrintWriter out) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "executions", "success", "avg ms", "p50", "p95", "p99", "tokens", "cost"));
    rows.add(row("all regions", stats.total()));
    stats.byRegion().forEach((region, figures) -> rows.add(row("  " + region, figures)));
    if (!stats.byStage().isEmpty()) {
      rows.add(List.of("by stage", "", "", "", "", "", "", "", ""));
      for (Map.Entry<String, FederationStats.Figures> stage : stats.byStage().entrySet()) {
        rows.add(row("  " + stage.getKey(), stage.getValue()));
      }
    }
    TextTable.print(out, rows, "");
    if (stats.approximate()) {
      out.println("approximate: this server lists no closed workflows, workers reported these");
    }
  }

  private static List<String> row(String name, FederationStats.Figures figures) {
    return List.of(
        name,
        Long.toString(figures.totalExecutions()),
        figures.successRate() == null ? "-" : number("%.1f %%", figures.successRate()),
        figures.avgLatencyMs() == null ? "-" : number("%.0f", figures.avgLatencyMs()),
        orNone(figures.p50LatencyMs()),
        orNone(figures.p95LatencyMs()),
        orNone(figures.p99LatencyMs()),
        Long.toString(figures.totalTokens()),
        number("%.6g", figures.totalCost()));
  }

  private static String orNone(@Nullable Long ms) {
    return ms == null ? "-" : ms.toString();
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
