package dev.federated.ledger;

import dev.federated.model.WireRecord;
import java.util.List;
import java.util.Map;

/**
 * Stages that closed and were not counted before.
 *
 * @param byRegion their executions by region
 * @param byStage their executions by stage id
 * @param until stages that closed before that are counted now, in milliseconds since 1970
 * @param seen runs that closed shortly before that and are counted; a server may list them late
 * @param more whether there are more, to be collected at once
 */
@WireRecord
public record CollectedStages(
    Map<String, ExecutionTotals> byRegion,
    Map<String, ExecutionTotals> byStage,
    long until,
    List<String> seen,
    boolean more) {}
