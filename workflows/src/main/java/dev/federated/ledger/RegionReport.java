package dev.federated.ledger;

import dev.federated.model.CircuitState;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * What one worker saw of one region since its last report.
 *
 * @param online how its last probe ended; null if that did not change
 * @param circuit the new state of its breaker, open or closed; null if that did not change
 * @param failures failures that the breaker counts, since the last success or the last report
 * @param succeeded whether an execution succeeded since the last report
 * @param inFlight executions that it knows to run there; null if that did not change
 * @param ended executions that ended since the last report; null for none
 */
@WireRecord
public record RegionReport(
    @Nullable Boolean online,
    @Nullable CircuitState circuit,
    int failures,
    boolean succeeded,
    @Nullable Integer inFlight,
    @Nullable ExecutionTotals ended) {}
