package dev.federated.ledger;

import dev.federated.model.Hedge;
import dev.federated.model.WireRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Percentiles of a region's latencies.
 *
 * @param samples how many executions they were computed from
 * @param ms the latencies in milliseconds at {@link Hedge#PERCENTILES}, in that order
 */
@WireRecord
public record LatencyPercentiles(long samples, List<Long> ms) {
  public LatencyPercentiles {
    ms = List.copyOf(ms);
  }

  /** The latency at one of {@link Hedge#PERCENTILES} in milliseconds; null for any other. */
  public @Nullable Long at(double percentile) {
    int index = Hedge.PERCENTILES.indexOf(percentile);
    return index < 0 || index >= ms.size() ? null : ms.get(index);
  }
}
