package dev.federated.pipeline;

import java.util.List;

/**
 * A single stage without problems.
 *
 * @param stage the stage; it has a federation block
 * @param warnings what its author should know, each with its place; often empty
 */
public record ParsedStage(StageDefinition stage, List<String> warnings) {
  public ParsedStage {
    warnings = List.copyOf(warnings);
  }
}
