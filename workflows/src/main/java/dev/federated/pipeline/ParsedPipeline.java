package dev.federated.pipeline;

import java.util.List;

/**
 * A pipeline without problems.
 *
 * @param pipeline the pipeline
 * @param warnings what its author should know, each with its place; often empty
 */
public record ParsedPipeline(PipelineDefinition pipeline, List<String> warnings) {
  public ParsedPipeline {
    warnings = List.copyOf(warnings);
  }
}
