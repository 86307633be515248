package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.Candidate;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RoutingDecision;
import dev.federated.starter.DataRouter;
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
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Tells the region nearest to a place. Starts nothing and needs no server. */
@Command(
    name = "route",
    description = "Tells the region nearest to a place, from the federation file alone.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class RouteCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Option(
      names = "--from",
      required = true,
      paramLabel = "LAT,LON",
      converter = GeoPointConverter.class,
      description = "The place in degrees, such as 40.7,-74.0.")
  private GeoPoint from = new GeoPoint(0, 0);

  @Override
  public Integer call() {
    CommandContext context = Federate.contextOf(federate);
    FederationConfig config =
        FederationOptions.loader(context).require(federation.file(), null).config();
    RoutingDecision decision = new DataRouter(config).decide(FederationStrategy.NEAREST, from);
    String region = decision.chosen().isEmpty() ? null : decision.chosen().get(0);
    if (output.json()) {
      JsonPrinter.print(spec.commandLine().getOut(), json(decision, region));
    } else {
      print(decision, region, spec.commandLine().getOut());
    }
    return region == null ? ExitCodes.FAILED : ExitCodes.SUCCEEDED;
  }

  private static ObjectNode json(RoutingDecision decision, @Nullable String region) {
    ObjectNode route = JsonNodeFactory.instance.objectNode();
    route.put("region", region);
    route.put(
        "distance_km",
        decision.candidates().stream()
            .filter(candidate -> candidate.region().equals(region))
            .findFirst()
            .map(Candidate::score)
            .orElse(null));
    ArrayNode candidates = route.putArray("candidates");
    for (Candidate candidate : decision.candidates()) {
      candidates
          .addObject()
          .put("region", candidate.region())
          .put("eligible", candidate.eligible())
          .put("distance_km", candidate.score())
          .put("reason", candidate.reason());
    }
    return route;
  }

  private static void print(RoutingDecision decision, @Nullable String region, PrintWriter out) {
    out.println(region == null ? decision.reason() : region);
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("region", "km", "note"));
    for (Candidate candidate : decision.candidates()) {
      Double km = candidate.score();
      rows.add(
          List.of(
              candidate.region(),
              km == null ? "-" : String.format(Locale.ROOT, "%.0f", km),
              candidate.reason()));
    }
    TextTable.print(out, rows, "  ");
  }
}
