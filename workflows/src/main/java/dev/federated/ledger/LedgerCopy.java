package dev.federated.ledger;

import dev.federated.model.WireRecord;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a worker reads of the ledger.
 *
 * @param version grows with every change
 * @param known what is known; null if the caller's copy is up to date
 */
@WireRecord
public record LedgerCopy(long version, @Nullable Known known) {
  /**
   * What is known of the regions of which anything is.
   *
   * @param health how the last probe ended that came to another result than the one before
   * @param circuits breakers that changed
   * @param settings what operators said
   * @param inFlight executions that run, by worker and region
   * @param controlWorkers workers that select regions
   * @param meanTokens tokens of an average execution
   * @param latencies percentiles of the regions whose latencies are known; null in copies of
   *     earlier versions
   */
  @WireRecord
  public record Known(
      Map<String, LedgerState.Health> health,
      Map<String, LedgerState.Circuit> circuits,
      Map<String, LedgerSettings> settings,
      Map<String, Map<String, Integer>> inFlight,
      int controlWorkers,
      Map<String, Double> meanTokens,
      @Nullable Map<String, LatencyPercentiles> latencies) {}
}
