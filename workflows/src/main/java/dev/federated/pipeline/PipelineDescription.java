package dev.federated.pipeline;

import dev.federated.model.FederatedStageConfig;
import dev.federated.stage.Markdown;
import dev.federated.stage.StageDescription;

/** What Temporal's UI says of a pipeline before it has run: its summary and its details. */
public final class PipelineDescription {
  /** Characters of the table, below the 20,000 bytes that the server takes encoded. */
  private static final int MOST_CHARACTERS = 5_000;

  private PipelineDescription() {}

  /** One line for lists of workflows. */
  public static String summary(PipelineRequest request) {
    PipelineDefinition pipeline = request.pipeline();
    String name = pipeline.name() == null ? pipeline.id() : pipeline.name();
    return Markdown.summary(
        (request.redrive() == null ? "pipeline " : "redrive of pipeline ") + name);
  }

  /** Its stages, as Markdown. Nothing of their configs, which may be confidential. */
  public static String details(PipelineRequest request) {
    PipelineDefinition pipeline = request.pipeline();
    StringBuilder text = new StringBuilder("**");
    text.append(Markdown.escaped(pipeline.id(), 100)).append("**");
    if (pipeline.name() != null) {
      text.append(" ").append(Markdown.escaped(pipeline.name(), 200));
    }
    PipelineRedrive redrive = request.redrive();
    if (redrive != null) {
      text.append("\n\nredrives workflow ").append(Markdown.escaped(redrive.workflowId(), 300));
    }
    text.append("\n\n| stage | component | after | strategy | regions |\n|---|---|---|---|---|\n");
    int rows = 0;
    for (StageDefinition stage : pipeline.stages()) {
      String row = row(stage);
      if (text.length() + row.length() > MOST_CHARACTERS) {
        break;
      }
      text.append(row);
      rows++;
    }
    if (rows < pipeline.stages().size()) {
      text.append("\nand ").append(pipeline.stages().size() - rows).append(" more stages");
    }
    return text.toString();
  }

  private static String row(StageDefinition stage) {
    FederatedStageConfig federation = stage.federation();
    return "| %s | %s | %s | %s | %s |\n"
        .formatted(
            Markdown.escaped(stage.id(), 100),
            Markdown.escaped(stage.type(), 150),
            Markdown.names(stage.dependsOn()),
            federation == null ? "" : StageDescription.strategy(federation),
            federation == null ? "local" : StageDescription.regions(federation));
  }
}
