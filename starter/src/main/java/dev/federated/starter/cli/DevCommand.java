package dev.federated.starter.cli;

import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Serves Temporal and every worker of a federation on this machine until interrupted. */
@Command(
    name = "dev",
    description =
        "Serves Temporal, the control worker and every region's worker on this machine, until"
            + " interrupted.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DevCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private MetricsOptions metrics = new MetricsOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "7233",
      description = "The server's port, 0 for a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--ui-port",
      paramLabel = "PORT",
      defaultValue = "0",
      description = "The port of the UI (default: a free one); the in-JVM server has none.")
  private int uiPort;

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    checkPort("--port", port);
    checkPort("--ui-port", uiPort);
    FederationFile file = FederationOptions.loader(context).require(federation.file(), null);
    WorkerRoles roles = WorkerRoles.all(file.config());
    FederationWorker.checkSecrets(file, roles, context.environment());
    EmbeddedChoice choice = server.embedded() == null ? EmbeddedChoice.AUTO : server.embedded();
    CountDownLatch stopped = new CountDownLatch(1);
    Interruption.Registration stop = context.interruption().onInterrupt(stopped::countDown);
    try (Operations operations = Operations.open(metrics, null, context);
        EmbeddedServer embedded =
            EmbeddedServers.start(
                context, choice, port, uiPort, false, spec.commandLine().getErr());
        ServerSession session =
            ServerSession.counting(
                TemporalConnection.plaintext(embedded.address(), context.environment()),
                operations.metrics());
        ServedWorker worker =
            ServedWorker.start(context, session.client(), file, roles, operations)) {
      Ready ready = new Ready();
      ready.put("server", embedded.address());
      embedded.ui().ifPresent(ui -> ready.put("ui", ui.toString()));
      operations.uri().ifPresent(uri -> ready.put("metrics", uri + "/metrics"));
      ready.put("regions", String.join(",", roles.regions()));
      ready.print(spec.commandLine().getOut(), output);
      worker.serve(stopped);
    } finally {
      stop.close();
    }
    return ExitCodes.SUCCEEDED;
  }

  private static void checkPort(String option, int port) {
    if (port < 0 || port > 65_535) {
      throw CommandException.badInput(option, "%d is not 0 to 65535".formatted(port));
    }
  }
}
