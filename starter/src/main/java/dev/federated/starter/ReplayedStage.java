package dev.federated.starter;

import dev.federated.model.RoutingDecision;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * A past stage, and what another strategy would have made of what it knew.
 *
 * @param workflowId the workflow that it ran in: its own, or its pipeline's
 * @param stageId the stage
 * @param then what it decided
 * @param now what the other strategy decides by the same snapshot; nothing is chosen where that
 *     takes what was not recorded
 * @param lacks what the other strategy reads and the stage did not record; null for nothing
 * @param estimatedCostThen what one execution in each chosen region was expected to cost; null
 *     where a price is not known or nothing was chosen
 * @param estimatedCostNow the same for the other decision
 * @param actualCost what the stage cost in the end, hops and retries included; null if it has no
 *     result
 */
@WireRecord
public record ReplayedStage(
    String workflowId,
    String stageId,
    RoutingDecision then,
    RoutingDecision now,
    @Nullable String lacks,
    @Nullable Double estimatedCostThen,
    @Nullable Double estimatedCostNow,
    @Nullable Double actualCost) {}
