package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * One of several executions of a share that ran side by side: the one that took too long, or a
 * hedge.
 *
 * @param region where it was executed
 * @param outcome what became of it
 * @param startedAfterMs how long after the share's first execution it was started, in milliseconds;
 *     0 for that one
 * @param latencyMs time of the execution as measured in its region, in milliseconds; if it was
 *     stopped, how long it had run
 * @param attempts executions that were started, at least
 * @param cost what it cost; if it was stopped, one execution at the region's price is assumed; if
 *     it failed 0, because its region reported nothing
 * @param costEstimated whether the cost is assumed; null means no
 * @param error why it failed; null if it did not
 */
@WireRecord
public record HedgedExecution(
    String region,
    HedgeOutcome outcome,
    long startedAfterMs,
    long latencyMs,
    int attempts,
    double cost,
    @Nullable Boolean costEstimated,
    @Nullable RegionError error) {}
