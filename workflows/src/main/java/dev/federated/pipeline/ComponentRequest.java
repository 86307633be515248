package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireRecord;

/**
 * One execution of a component: the input of {@code ExecuteComponent}.
 *
 * @param stageId the stage
 * @param type the component type
 * @param config the component's configuration; secrets stand in it by name only
 * @param inputs the stage's inputs
 * @param idempotencyKey the same for every attempt
 */
@WireRecord
public record ComponentRequest(
    String stageId, String type, JsonNode config, JsonNode inputs, String idempotencyKey) {}
