package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.GeoPoint;
import dev.federated.model.StageRequest;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ParsedStage;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.TemplateException;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.StageResultJson;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.config.FederationFile;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs one federated stage and waits for its result. */
@Command(
    name = "stage",
    description = "Runs one federated stage, waits for its result and prints it.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class StageCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private RunOptions options = new RunOptions();

  @Parameters(
      paramLabel = "STAGE",
      description = "A JSON file with one stage, as in a pipeline's stages.")
  private String stage = "";

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter err = spec.commandLine().getErr();
    FederationFile file = options.check(context, stage).orElse(null);
    ParsedStage parsed =
        PipelineParser.parseStage(
            Documents.file(stage, context), stage, file == null ? null : file.config());
    parsed.warnings().forEach(warning -> err.println("warning: " + warning));
    JsonNode data = options.input().input(context).orElse(JsonNodeFactory.instance.objectNode());
    StageRequest request = request(parsed, data, options.input().from(), stage);
    Documents.checkPayload(stage, request, context);
    try (ServerSession session =
        ServerSession.open(
            context, options.server(), () -> options.toBring(file, context, stage), err)) {
      StageRequest started =
          session.durable() ? request : new WithoutParking(file, err).of(request);
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      Launch launch = options.launch(context, session, spec.commandLine());
      return launch.run(
          "stage " + request.stageId(),
          (id, policy) -> coordinator.startFederated(started, id, policy),
          () -> FederationCoordinator.newWorkflowId(request.stageId()),
          kind(request.stageId()));
    }
  }

  /** How stages are shown. */
  static Launch.Kind<FederatedStageResult> kind(String stageId) {
    return new Launch.Kind<>(
        e -> e instanceof FederatedStageException failed ? failed.result() : null,
        StageResultJson::print,
        ResultText::of,
        FederatedStageResult::outcome,
        stageId);
  }

  /**
   * What is started: the stage with its templates filled in.
   *
   * @param file the stage's file, for messages
   * @param from the caller's place, or null
   * @throws InvalidDocumentException if a template points nowhere
   */
  static StageRequest request(
      ParsedStage parsed, JsonNode data, @Nullable GeoPoint from, String file) {
    try {
      StageRequest request = parsed.request(data);
      return from == null ? request : request.withFederation(from(request.federation(), from));
    } catch (TemplateException e) {
      throw new InvalidDocumentException(
          List.of(new Problem(file, "", null, String.valueOf(e.getMessage()), List.of())));
    }
  }

  /** The block with the caller's place, unless it says so itself. */
  static FederatedStageConfig from(FederatedStageConfig block, GeoPoint from) {
    return block.sourceLocation() != null ? block : block.toBuilder().sourceLocation(from).build();
  }
}
