package dev.federated.ledger;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.WireRecord;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one worker process saw since its last report.
 *
 * @param worker the process, unique among those that run
 * @param sequence 1 for its first report, then one more for each
 * @param regions the regions of its federation file; only in the first report of a control worker
 * @param circuitBreaker the breaker settings of its federation file; with the regions
 * @param byRegion what it saw of regions of which it saw anything
 */
@WireRecord
public record WorkerReport(
    String worker,
    long sequence,
    @Nullable List<String> regions,
    @Nullable CircuitBreakerConfig circuitBreaker,
    Map<String, RegionReport> byRegion) {}
