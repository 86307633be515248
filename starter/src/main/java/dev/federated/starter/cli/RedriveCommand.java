package dev.federated.starter.cli;

import dev.federated.model.FederatedStageConfig;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.RedriveOptions;
import dev.federated.worker.config.FederationFile;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowNotFoundException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs what failed in a closed stage or pipeline again. */
@Command(
    name = "redrive",
    description =
        "Runs what failed in a closed stage or pipeline again; what succeeded is carried over and"
            + " not executed.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class RedriveCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(paramLabel = "ID", description = "The workflow id of the closed stage or pipeline.")
  private String id = "";

  @Option(
      names = "--in",
      paramLabel = "FAILED=OTHER",
      description = "Execute the share of region FAILED in region OTHER; may be repeated.")
  private Map<String, String> relocations = new LinkedHashMap<>();

  @Option(
      names = "--new-key",
      description = "Use new idempotency keys, although the old executions may have happened.")
  private boolean newKey;

  @Option(
      names = "--with",
      paramLabel = "STAGE",
      description = "A stage file whose federation block replaces the stage's own.")
  private @Nullable String with;

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter err = spec.commandLine().getErr();
    FederationFile file =
        FederationOptions.loader(context).discover(federation.file(), with).orElse(null);
    RedriveOptions options = new RedriveOptions(relocations, newKey, corrected(context, file));
    try (ServerSession session =
        ServerSession.open(context, server, () -> federation.needed(file, context, null), err)) {
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      Launch launch =
          new Launch(
              context, session, StartOptions.following(), output, spec.commandLine().getOut(), err);
      try {
        WorkflowExecutionDescription closed = coordinator.closed(id);
        return closed.getWorkflowType().equals(PipelineWorkflow.TYPE)
            ? launch.run(
                "redrive",
                (name, policy) -> coordinator.redrivePipeline(closed, options),
                () -> id,
                RunCommand.KIND)
            : launch.run(
                "redrive",
                (name, policy) -> coordinator.redriveStage(closed, options),
                () -> id,
                StageCommand.kind(id));
      } catch (WorkflowNotFoundException e) {
        throw CommandException.badInput("ID", "there is no workflow " + id);
      } catch (IllegalStateException e) {
        throw CommandException.badInput("ID", String.valueOf(e.getMessage()));
      }
    }
  }

  private @Nullable FederatedStageConfig corrected(
      CommandContext context, @Nullable FederationFile file) {
    if (with == null) {
      return null;
    }
    return PipelineParser.parseStage(
            Documents.file(with, context), with, file == null ? null : file.config())
        .stage()
        .federation();
  }
}
