package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * One run of a pipeline.
 *
 * @param pipeline the pipeline, as the parser accepted it
 * @param input the pipeline's input, {@code {{input}}} in templates
 * @param redrive what is taken over from an earlier execution; null for a first one
 */
@WireRecord
public record PipelineRequest(
    PipelineDefinition pipeline, JsonNode input, @Nullable PipelineRedrive redrive) {
  /** A first execution. */
  public PipelineRequest(PipelineDefinition pipeline, JsonNode input) {
    this(pipeline, input, null);
  }

  /** The same run, taking over from an earlier execution. */
  public PipelineRequest redriving(PipelineRedrive earlier) {
    return new PipelineRequest(pipeline, input, earlier);
  }
}
