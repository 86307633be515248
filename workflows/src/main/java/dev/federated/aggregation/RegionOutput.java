package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * The output of one region that succeeded.
 *
 * @param region the selected region
 * @param output its output; JSON null is an output
 */
public record RegionOutput(String region, JsonNode output) {}
