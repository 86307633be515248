package dev.federated.starter.cli;

import dev.federated.stage.RegionHealth;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.config.FederationFile;
import io.temporal.client.WorkflowFailedException;
import io.temporal.failure.TimeoutFailure;
import java.time.Duration;
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

/** Asks every region for its health, through its own worker. */
@Command(
    name = "health",
    description = "Shows the health of every region, asked through its own worker.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class HealthCommand implements Callable<Integer> {
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
      Map<String, RegionHealth> health = health(context, session);
      if (output.json()) {
        JsonPrinter.print(spec.commandLine().getOut(), health);
      } else {
        TextTable.print(spec.commandLine().getOut(), rows(health), "");
      }
    }
    return ExitCodes.SUCCEEDED;
  }

  private static Map<String, RegionHealth> health(CommandContext context, ServerSession session) {
    Duration patience = context.patience().forWorker();
    try {
      return new FederationCoordinator(session.client()).checkHealth(patience);
    } catch (WorkflowFailedException e) {
      if (!(e.getCause() instanceof TimeoutFailure)) {
        throw e;
      }
      throw CommandException.noWorker(
          "no control worker answered within %d s; start one with: federate worker --control"
              .formatted(patience.toSeconds()));
    }
  }

  private static List<List<String>> rows(Map<String, RegionHealth> health) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("region", "status", "ms", "load", "note"));
    health.forEach(
        (region, state) ->
            rows.add(
                List.of(
                    region,
                    state.status(),
                    state.latencyMs() == null ? "-" : state.latencyMs().toString(),
                    load(state),
                    state.reason() == null ? "" : state.reason())));
    return rows;
  }

  private static String load(RegionHealth state) {
    return state.currentLoad() == null
        ? "-"
        : String.format(Locale.ROOT, "%.0f/%d", state.currentLoad(), state.maxConcurrent());
  }
}
