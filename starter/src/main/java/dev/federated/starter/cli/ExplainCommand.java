package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.ParsedPipeline;
import dev.federated.pipeline.ParsedStage;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.StageDefinition;
import dev.federated.stage.StageResultJson;
import dev.federated.starter.DataRouter;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.config.FederationFile;
import io.temporal.client.WorkflowFailedException;
import io.temporal.failure.TimeoutFailure;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Tells which regions a stage would run in and why, or what another strategy would have done. */
@Command(
    name = "explain",
    description = {
      "Tells which regions a stage would run in now, and why; nothing is executed.",
      "With --replay: what another strategy would have decided for past stages, and at what cost."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class ExplainCommand implements Callable<Integer> {
  private static final String STAGE = "STAGE";

  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private InputOptions input = new InputOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = STAGE,
      description = "A JSON file with one stage, or a pipeline with one of its stages.")
  private @Nullable String file;

  @Option(
      names = "--stage",
      paramLabel = "ID",
      description = "The stage of a pipeline; not needed where only one is federated.")
  private @Nullable String stageId;

  @Option(
      names = "--offline",
      description = "Explain from the federation file alone: without load, latency and health.")
  private boolean offline;

  @Option(
      names = "--replay",
      arity = "1..*",
      paramLabel = "ID",
      description = "Workflow ids of stages and pipelines that have run.")
  private List<String> replay = List.of();

  @Option(
      names = "--strategy",
      paramLabel = "STRATEGY",
      converter = StrategyConverter.class,
      description = "With --replay: the strategy to decide anew by.")
  private @Nullable FederationStrategy strategy;

  @Override
  public Integer call() {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (!replay.isEmpty()) {
      checkReplay();
      return new ReplayReport(output, out)
          .print(replay, strategy, () -> ServerSession.withoutWorkers(context, server, err));
    }
    if (file == null) {
      throw CommandException.badInput(STAGE, "which stage? Give its file, or --replay with ids");
    }
    if (strategy != null) {
      throw CommandException.badInput(
          "--strategy", "goes with --replay; a stage's own strategy stands in its file");
    }
    if (server.embedded() != null) {
      throw CommandException.badInput(
          "--embedded",
          "a server that the command brings knows no more than the file; see --offline");
    }
    RoutingDecision decision = explain(context, file, err);
    if (output.json()) {
      JsonPrinter.print(out, StageResultJson.print(decision));
    } else {
      DecisionText.print(decision, out);
    }
    return decision.chosen().isEmpty() ? ExitCodes.FAILED : ExitCodes.SUCCEEDED;
  }

  private void checkReplay() {
    if (file != null || stageId != null || offline) {
      throw CommandException.badInput(
          "--replay", "reads past stages; it goes with none of STAGE, --stage and --offline");
    }
    if (strategy == null) {
      throw CommandException.badInput("--replay", "by which strategy? Give --strategy");
    }
  }

  private RoutingDecision explain(CommandContext context, String stage, PrintWriter err) {
    FederationFile found =
        FederationOptions.loader(context).discover(federation.file(), stage).orElse(null);
    FederationConfig config = found == null ? null : found.config();
    StageRequest request = request(context, stage, config, err);
    Optional<ServerSession> there =
        offline ? Optional.empty() : ServerSession.ifThere(context, err);
    if (there.isEmpty()) {
      FederationFile needed = federation.needed(found, context, stage);
      err.println(
          "explained from %s alone; health, load and latency are not known%s"
              .formatted(
                  needed.path().getFileName(), offline ? "" : ", since no server is configured"));
      err.flush();
      return new DataRouter(needed.config()).explain(request.federation());
    }
    try (ServerSession session = there.get()) {
      return ask(session, request, context.patience().forWorker());
    }
  }

  private static RoutingDecision ask(
      ServerSession session, StageRequest request, Duration patience) {
    try {
      return new FederationCoordinator(session.client()).explain(request, patience);
    } catch (WorkflowFailedException e) {
      if (!(e.getCause() instanceof TimeoutFailure)) {
        throw e;
      }
      throw CommandException.noWorker(
          "no control worker of this version answered within %d s; start one with: federate worker --control, or explain with --offline"
              .formatted(patience.toSeconds()));
    }
  }

  private StageRequest request(
      CommandContext context, String name, @Nullable FederationConfig config, PrintWriter err) {
    JsonNode document = Documents.file(name, context);
    if (stageId == null && !document.has("stages")) {
      ParsedStage parsed = PipelineParser.parseStage(document, name, config);
      parsed.warnings().forEach(warning -> err.println("warning: " + warning));
      JsonNode data = input.input(context).orElse(JsonNodeFactory.instance.objectNode());
      return StageCommand.request(parsed, data, input.from(), name);
    }
    ParsedPipeline parsed = PipelineParser.parse(document, name, config);
    parsed.warnings().forEach(warning -> err.println("warning: " + warning));
    StageDefinition stage = oneOf(parsed.pipeline().stages(), name);
    // What the stage would be given is not known before those that it depends on have run.
    return new StageRequest(
        stage.id(), stage.type(), stage.config(), NullNode.instance, block(stage));
  }

  private StageDefinition oneOf(List<StageDefinition> stages, String name) {
    List<StageDefinition> federated =
        stages.stream().filter(stage -> stage.federation() != null).toList();
    List<StageDefinition> meant =
        federated.stream().filter(stage -> stageId == null || stage.id().equals(stageId)).toList();
    if (meant.size() == 1) {
      return meant.get(0);
    }
    String ids = String.join(", ", federated.stream().map(StageDefinition::id).toList());
    throw CommandException.badInput(
        "--stage",
        federated.isEmpty()
            ? "%s has no federated stage".formatted(name)
            : stageId == null
                ? "which stage of %s? One of %s".formatted(name, ids)
                : "%s has no federated stage '%s', only %s".formatted(name, stageId, ids));
  }

  private FederatedStageConfig block(StageDefinition stage) {
    FederatedStageConfig block = Objects.requireNonNull(stage.federation());
    return input.from() == null ? block : StageCommand.from(block, input.from());
  }
}
