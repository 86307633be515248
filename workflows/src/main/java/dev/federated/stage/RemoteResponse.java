package dev.federated.stage;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * What a region answered: the result of {@code RemoteExecute}.
 *
 * @param output the output; JSON null is an output
 * @param tokensUsed tokens that the region reported, 0 if it reported none
 * @param cost the cost that the region reported; null if it is to be computed from its prices
 * @param attempts executions that were started in the region for this activity
 * @param latencyMs time of the last execution in milliseconds
 */
@WireRecord
public record RemoteResponse(
    @JsonInclude JsonNode output,
    long tokensUsed,
    @Nullable Double cost,
    int attempts,
    long latencyMs) {}
