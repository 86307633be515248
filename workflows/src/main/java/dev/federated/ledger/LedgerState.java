package dev.federated.ledger;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.model.WireRecord;
import java.util.List;
import java.util.Map;

/**
 * All that the ledger knows, as one run hands it to the next.
 *
 * @param version grows with every change that workers should hear of
 * @param regions names of the federation's regions, as workers told them last
 * @param circuitBreaker settings of the breakers, as workers told them last
 * @param health of regions that were probed
 * @param circuits breakers that changed, by region
 * @param failures counted failures since a region's last success
 * @param settings what operators said, by region
 * @param workers workers that reported lately
 * @param totals what was counted
 */
@WireRecord
public record LedgerState(
    long version,
    List<String> regions,
    CircuitBreakerConfig circuitBreaker,
    Map<String, Health> health,
    Map<String, Circuit> circuits,
    Map<String, Integer> failures,
    Map<String, LedgerSettings> settings,
    Map<String, Worker> workers,
    LedgerTotals totals) {
  /** Nothing is known. */
  public static final LedgerState EMPTY =
      new LedgerState(
          0,
          List.of(),
          CircuitBreakerConfig.DEFAULT,
          Map.of(),
          Map.of(),
          Map.of(),
          Map.of(),
          Map.of(),
          LedgerTotals.EMPTY);

  /**
   * Whether a region's probe succeeded.
   *
   * @param online how it ended
   * @param at when the ledger heard of it, in milliseconds since 1970
   * @param by the worker that told
   */
  @WireRecord
  public record Health(boolean online, long at, String by) {}

  /**
   * A breaker that changed.
   *
   * @param state open or closed
   * @param at when the ledger heard of it, in milliseconds since 1970
   * @param by the worker that told; it makes the trial when an open one has waited
   */
  @WireRecord
  public record Circuit(CircuitState state, long at, String by) {}

  /**
   * A worker that reports.
   *
   * @param sequence of its last report
   * @param at when that came, in milliseconds since 1970
   * @param inFlight executions that it knows to run, by region
   * @param control whether it selects regions
   */
  @WireRecord
  public record Worker(long sequence, long at, Map<String, Integer> inFlight, boolean control) {}
}
