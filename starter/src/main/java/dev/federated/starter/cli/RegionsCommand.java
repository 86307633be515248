package dev.federated.starter.cli;

import dev.federated.ledger.LedgerSettings;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.parsing.NearestNames;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.OperationRefusedException;
import dev.federated.starter.RegionStanding;
import dev.federated.worker.config.FederationFile;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows the regions, and drains, adds or removes one while everything runs. */
@Command(
    name = "regions",
    description = {
      "Shows the regions, or changes one of them for all control workers while everything runs:",
      "  list            where every region stands",
      "  drain REGION    stages stay away from it, what runs there ends",
      "  enable REGION   stages may run there again",
      "  add REGION      takes it from the federation file, which the control workers need not have",
      "  remove REGION   as if the federation file did not have it"
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class RegionsCommand implements Callable<Integer> {
  /** What can be asked for. */
  enum Action {
    LIST(""),
    DRAIN("drained"),
    ENABLE("takes stages again"),
    ADD("added"),
    REMOVE("removed");

    private final String done;

    Action(String done) {
      this.done = done;
    }

    /** The word as it is typed. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Reads a word of the command line. */
    static final class Converter extends WordConverter<Action> {
      Converter() {
        super(Action.class);
      }
    }
  }

  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(
      index = "0",
      paramLabel = "list|drain|enable|add|remove",
      converter = Action.Converter.class,
      description = "What to do.")
  private Action action = Action.LIST;

  @Parameters(index = "1", arity = "0..1", paramLabel = "REGION", description = "Which region.")
  private @Nullable String region;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      description = "Why, for those who find the region like that.")
  private @Nullable String reason;

  @Override
  public Integer call() {
    if ((region == null) != (action == Action.LIST)) {
      throw CommandException.badInput(
          "REGION",
          action == Action.LIST ? "list shows all regions" : "which region is meant is missing");
    }
    CommandContext context = Federate.contextOf(federate);
    FederationFile file = FederationOptions.loader(context).require(federation.file(), null);
    try (ServerSession session =
        ServerSession.open(context, server, () -> file, spec.commandLine().getErr())) {
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      PrintWriter out = spec.commandLine().getOut();
      if (region == null) {
        list(coordinator.regions(file.config()), out);
      } else {
        LedgerSettings settings = change(coordinator, region, file.config());
        if (output.json()) {
          JsonPrinter.print(out, settings);
        } else {
          out.printf("%s: %s; control workers know within seconds%n", region, action.done);
        }
      }
    }
    return ExitCodes.SUCCEEDED;
  }

  private LedgerSettings change(
      FederationCoordinator coordinator, String name, FederationConfig file) {
    try {
      return switch (action) {
        case DRAIN -> coordinator.drainRegion(name, reason);
        case ADD -> coordinator.addRegion(ofFile(name, file), reason);
        case REMOVE -> coordinator.removeRegion(name, reason);
        case ENABLE -> coordinator.enableRegion(name, reason);
        case LIST -> throw new IllegalStateException("list changes nothing");
      };
    } catch (OperationRefusedException e) {
      throw CommandException.badInput("REGION", String.valueOf(e.getMessage()));
    }
  }

  private static RegionConfig ofFile(String name, FederationConfig file) {
    return file.region(name)
        .orElseThrow(
            () -> {
              List<String> nearest = NearestNames.of(name, file.regionNames());
              return CommandException.badInput(
                  "REGION",
                  "the federation file has no region '%s' to add; it has %s%s"
                      .formatted(
                          name,
                          String.join(", ", file.regionNames()),
                          nearest.isEmpty() ? "" : "; did you mean " + nearest.get(0) + "?"));
            });
  }

  private void list(List<RegionStanding> regions, PrintWriter out) {
    if (output.json()) {
      JsonPrinter.print(out, regions);
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("region", "state", "online", "breaker", "in flight", "note"));
    for (RegionStanding standing : regions) {
      Boolean online = standing.online();
      String note = standing.reason() == null ? "" : standing.reason();
      rows.add(
          List.of(
              standing.region() + (standing.added() ? " (added)" : ""),
              standing.state(),
              online == null ? "-" : online ? "yes" : "no",
              standing.circuit() == null ? "-" : standing.circuit().wireName(),
              Integer.toString(standing.inFlight()),
              note));
    }
    TextTable.print(out, rows, "");
  }
}
