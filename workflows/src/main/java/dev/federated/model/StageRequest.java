package dev.federated.model;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One federated stage, ready to run.
 *
 * @param stageId its id, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,99}}
 * @param type the component type that the regions execute
 * @param config the component's configuration
 * @param inputs the stage's inputs
 * @param federation where and how it runs
 */
@WireRecord
public record StageRequest(
    String stageId,
    String type,
    JsonNode config,
    JsonNode inputs,
    FederatedStageConfig federation) {}
