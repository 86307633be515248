package dev.federated.pipeline;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireRecord;

/**
 * What a component gave: the result of {@code ExecuteComponent}.
 *
 * @param output the output; JSON null is an output
 * @param attempts how often it was executed
 * @param tokensUsed tokens that it used, 0 if none
 * @param cost what it cost, 0 if nothing
 */
@WireRecord
public record ComponentResponse(
    @JsonInclude JsonNode output, int attempts, long tokensUsed, double cost) {}
