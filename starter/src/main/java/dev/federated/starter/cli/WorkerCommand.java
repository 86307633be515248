package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.NearestNames;
import dev.federated.parsing.Problem;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs workers until interrupted. */
@Command(
    name = "worker",
    description = "Runs the worker of regions, the control worker, or both, until interrupted.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class WorkerCommand implements Callable<Integer> {
  /** The port that Prometheus' own exporters use by custom. */
  private static final int DEFAULT_METRICS_PORT = 9464;

  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private MetricsOptions metrics = new MetricsOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Option(
      names = "--region",
      arity = "1..*",
      paramLabel = "NAME",
      description = "Execute for these regions.")
  private List<String> regions = new ArrayList<>();

  @Option(names = "--control", description = "Run stages and pipelines.")
  private boolean control;

  @Option(names = "--all", description = "Control worker and worker of every enabled region.")
  private boolean all;

  @Option(
      names = "--deployment",
      paramLabel = "NAME",
      description =
          "With --build-id: the control worker is a version of this Temporal worker deployment.")
  private @Nullable String deployment;

  @Option(names = "--build-id", paramLabel = "ID", description = "The version in the deployment.")
  private @Nullable String buildId;

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    FederationFile file = FederationOptions.loader(context).require(federation.file(), null);
    WorkerRoles roles = roles(file);
    FederationWorker.checkSecrets(file, roles, context.environment());
    TemporalConnection connection = TemporalConnection.load(context.environment());
    CountDownLatch stopped = new CountDownLatch(1);
    Interruption.Registration stop = context.interruption().onInterrupt(stopped::countDown);
    try (Operations operations = Operations.open(metrics, DEFAULT_METRICS_PORT, context);
        ServerSession session = ServerSession.counting(connection, operations.metrics());
        ServedWorker worker =
            ServedWorker.start(context, session.client(), file, roles, operations)) {
      Ready ready = new Ready();
      ready.put("server", connection.address());
      ready.put("namespace", connection.namespace());
      ready.put("control", Boolean.toString(roles.control()));
      ready.put("regions", String.join(",", roles.regions()));
      operations.uri().ifPresent(uri -> ready.put("metrics", uri + "/metrics"));
      ready.print(spec.commandLine().getOut(), output);
      worker.serve(stopped);
    } finally {
      stop.close();
    }
    return ExitCodes.SUCCEEDED;
  }

  private WorkerRoles roles(FederationFile file) {
    if (!all && !control && regions.isEmpty()) {
      throw CommandException.badInput("--region", "give --region NAME, --control or --all");
    }
    List<String> valid = file.config().regionNames();
    List<Problem> unknown =
        regions.stream()
            .distinct()
            .filter(region -> !valid.contains(region))
            .map(region -> unknown(region, valid, file.name()))
            .toList();
    if (!unknown.isEmpty()) {
      throw new InvalidDocumentException(unknown);
    }
    Set<String> served = new LinkedHashSet<>();
    if (all) {
      served.addAll(WorkerRoles.allHere(file.config()).regions());
    }
    served.addAll(regions);
    WorkerRoles roles = new WorkerRoles(all || control, List.copyOf(served));
    if ((deployment == null) != (buildId == null)) {
      throw CommandException.badInput(
          deployment == null ? "--build-id" : "--deployment", "go together");
    }
    return deployment == null || buildId == null ? roles : roles.inDeployment(deployment, buildId);
  }

  private static Problem unknown(String region, List<String> valid, String file) {
    List<String> nearest = NearestNames.of(region, valid);
    return new Problem(
        ErrorReport.COMMAND_LINE,
        "--region",
        JsonNodeFactory.instance.textNode(region),
        "there is no region '%s' in %s; it has %s"
            .formatted(region, file, String.join(", ", valid)),
        nearest);
  }
}
