package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederationConfig;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ParsedPipeline;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.worker.config.FederationFile;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Checks a pipeline and the federation file that it would run with. Starts nothing. */
@Command(
    name = "validate",
    description = "Checks a pipeline and its federation file; reports every problem at once.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class ValidateCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(paramLabel = "PIPELINE", description = "The pipeline, a JSON file.")
  private String pipeline = "";

  @Override
  public Integer call() {
    CommandContext context = Federate.contextOf(federate);
    List<Problem> problems = new ArrayList<>();
    FederationFile file = null;
    try {
      file = FederationOptions.loader(context).discover(federation.file(), pipeline).orElse(null);
    } catch (InvalidDocumentException e) {
      problems.addAll(e.problems());
    }
    try {
      FederationConfig config = file == null ? null : file.config();
      ParsedPipeline parsed =
          PipelineParser.parse(Documents.file(pipeline, context), pipeline, config);
      if (problems.isEmpty()) {
        print(parsed, file);
      }
    } catch (InvalidDocumentException e) {
      problems.addAll(e.problems());
    }
    if (!problems.isEmpty()) {
      throw new InvalidDocumentException(problems);
    }
    return ExitCodes.SUCCEEDED;
  }

  private void print(ParsedPipeline parsed, @Nullable FederationFile file) {
    PipelineDefinition definition = parsed.pipeline();
    long federated =
        definition.stages().stream().filter(stage -> stage.federation() != null).count();
    if (output.json()) {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("valid", true)
          .put("pipeline_id", definition.id())
          .put("stages", definition.stages().size())
          .put("federated_stages", federated)
          .put("federation", file == null ? null : file.name());
      parsed.warnings().forEach(json.putArray("warnings")::add);
      JsonPrinter.print(spec.commandLine().getOut(), json);
      return;
    }
    parsed.warnings().forEach(line -> spec.commandLine().getErr().println("warning: " + line));
    if (file == null) {
      spec.commandLine()
          .getErr()
          .println("warning: no federation file found; names of regions were not checked");
    }
    spec.commandLine()
        .getOut()
        .printf(
            "%s: pipeline %s is valid: %d stages, %d of them federated%n",
            pipeline, definition.id(), definition.stages().size(), federated);
  }
}
