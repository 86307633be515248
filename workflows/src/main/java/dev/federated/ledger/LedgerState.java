package dev.federated.ledger;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.model.WireRecord;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
 * @param slots who holds how much of a region's {@code max_concurrent}, by region and worker, in
 *     the order in which they came; null from earlier versions
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
    LedgerTotals totals,
    @Nullable Map<String, Map<String, SlotLease>> slots) {
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
          LedgerTotals.EMPTY,
          Map.of());

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

  /**
   * What a worker holds of a region's {@code max_concurrent}.
   *
   * @param sequence of its last claim
   * @param until when it has to have renewed it, in milliseconds since 1970
   * @param limit the region's {@code max_concurrent} as it knows it; 0 if it takes nothing more
   * @param held executions that it may run or still runs at once
   */
  @WireRecord
  public record SlotLease(long sequence, long until, int limit, int held) {
    SlotLease holding(int slots) {
      return new SlotLease(sequence, until, limit, slots);
    }
  }
}
