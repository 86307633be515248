package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireRecord;

/**
 * One run of a pipeline.
 *
 * @param pipeline the pipeline, as the parser accepted it
 * @param input the pipeline's input, {@code {{input}}} in templates
 */
@WireRecord
public record PipelineRequest(PipelineDefinition pipeline, JsonNode input) {}
