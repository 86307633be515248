package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What one execution of a component gave.
 *
 * @param output the output; JSON null is an output
 * @param tokensUsed tokens that the component reported, 0 if none
 * @param cost cost that the component reported, 0 if none
 * @param latencyMs how long it took in milliseconds
 */
public record ComponentOutcome(JsonNode output, long tokensUsed, double cost, long latencyMs) {}
