package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.GeoPoint;
import dev.federated.pipeline.ParsedPipeline;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineResultJson;
import dev.federated.pipeline.StageDefinition;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.PipelineFailedException;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.document.InputSchema;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs a pipeline and waits for its result. */
@Command(
    name = "run",
    description = "Runs a pipeline, waits for its result and prints it.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class RunCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private RunOptions options = new RunOptions();

  @Parameters(paramLabel = "PIPELINE", description = "The pipeline, a JSON file.")
  private String pipeline = "";

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter err = spec.commandLine().getErr();
    FederationFile file = options.check(context, pipeline).orElse(null);
    ParsedPipeline parsed =
        PipelineParser.parse(
            Documents.file(pipeline, context), pipeline, file == null ? null : file.config());
    JsonNode data = options.input().input(context).orElse(JsonNodeFactory.instance.objectNode());
    InputSchema.check(parsed.pipeline().inputSchema(), data);
    parsed.warnings().forEach(warning -> err.println("warning: " + warning));
    PipelineDefinition definition = from(parsed.pipeline(), options.input().from());
    Documents.checkPayload(pipeline, new PipelineRequest(definition, data), context);
    try (ServerSession session =
        ServerSession.open(
            context, options.server(), () -> options.toBring(file, context, pipeline), err)) {
      PipelineDefinition started =
          session.durable() ? definition : new WithoutParking(file, err).of(definition);
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      Launch launch = options.launch(context, session, spec.commandLine());
      return launch.run(
          "run " + definition.id(),
          (id, policy) -> coordinator.startPipeline(started, data, id, policy),
          () -> FederationCoordinator.newWorkflowId(definition.id()),
          KIND);
    }
  }

  /** How pipelines are shown. */
  static final Launch.Kind<PipelineResult> KIND =
      new Launch.Kind<>(
          e -> e instanceof PipelineFailedException failed ? failed.result() : null,
          PipelineResultJson::print,
          ResultText::of,
          PipelineResult::outcome,
          null);

  /** Tells the stages where the caller is, unless they say so themselves. */
  private static PipelineDefinition from(PipelineDefinition pipeline, @Nullable GeoPoint from) {
    if (from == null) {
      return pipeline;
    }
    return pipeline.withStages(pipeline.stages().stream().map(stage -> from(stage, from)).toList());
  }

  private static StageDefinition from(StageDefinition stage, GeoPoint from) {
    FederatedStageConfig block = stage.federation();
    return block == null ? stage : stage.withFederation(StageCommand.from(block, from));
  }
}
