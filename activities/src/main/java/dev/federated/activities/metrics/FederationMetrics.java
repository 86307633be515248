package dev.federated.activities.metrics;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import dev.federated.claimcheck.LargeDataUse;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederationStrategy;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of stages and regions. Every name is a constant here; {@link MetricName} says how
 * labels are written.
 */
public final class FederationMetrics {
  /** Counter of ended stages; labels strategy, outcome. */
  public static final String STAGES = "federation.stages";

  /** Timer of ended stages, from start to end; label strategy. */
  public static final String STAGE_LATENCY = "federation.stage.latency";

  /** Counter of attempts made in a region; labels region, status. */
  public static final String REGION_EXECUTIONS = "federation.region.executions";

  /**
   * Counter of failures by type, calls that an open breaker refused included; labels region, type.
   */
  public static final String REGION_FAILURES = "federation.region.failures";

  /** Timer of attempts made in a region, whatever their outcome; label region. */
  public static final String REGION_LATENCY = "federation.region.latency";

  /** Counter of attempts that run now in this process; label region. */
  public static final String REGION_IN_FLIGHT = "federation.region.in_flight";

  /** Counter of shares that failed in a region and left it for another; label region. */
  public static final String REGION_FALLBACKS = "federation.region.fallbacks";

  /**
   * Gauge of a region's breaker as this process sees it: 0 closed, 1 half open, 2 open; label
   * region.
   */
  public static final String REGION_BREAKER = "federation.region.breaker";

  /**
   * Gauge of the executions that this process may run at once in a region that it serves, its share
   * of {@code max_concurrent}; label region.
   */
  public static final String REGION_SLOTS = "federation.region.slots";

  /**
   * Gauge of the seconds since the ledger of regions was last reached, at first since the start.
   */
  public static final String LEDGER_AGE = "federation.ledger.age_seconds";

  /** Counter of failures to reach the ledger of regions. */
  public static final String LEDGER_FAILURES = "federation.ledger.failures";

  /** Gauge of the HTTP connections to regions that this process has open. */
  public static final String HTTP_CONNECTIONS = "federation.http.connections";

  /** Gauge of those that no call uses. */
  public static final String HTTP_IDLE_CONNECTIONS = "federation.http.idle_connections";

  /** Counter of blobs that were written to the store of large data. */
  public static final String LARGE_DATA_WRITES = "federation.large_data.writes";

  /** Counter of the bytes that were written to it. */
  public static final String LARGE_DATA_BYTES_WRITTEN = "federation.large_data.bytes_written";

  /** Counter of large parts that were in it already. */
  public static final String LARGE_DATA_ALREADY_STORED = "federation.large_data.already_stored";

  /** Counter of blobs that were read from it. */
  public static final String LARGE_DATA_READS = "federation.large_data.reads";

  /** Counter of the bytes that were read from it. */
  public static final String LARGE_DATA_BYTES_READ = "federation.large_data.bytes_read";

  /** Counter of reads, writes and sweeps that failed. */
  public static final String LARGE_DATA_FAILURES = "federation.large_data.failures";

  /** Counter of blobs that this process has removed because they had expired. */
  public static final String LARGE_DATA_EXPIRED = "federation.large_data.expired";

  /** Gauge of a region's last probe, 1 reachable, 0 not; absent while unknown; label region. */
  public static final String REGION_ONLINE = "federation.region.online";

  /** Gauge of the load that a region reports, 0 to 1; label region. */
  public static final String REGION_LOAD = "federation.region.load";

  /** Counter of the tokens that executions used; label region. */
  public static final String REGION_TOKENS = "federation.region.tokens";

  /**
   * Sum of what executions cost, in the currency of the federation's prices; a gauge that only
   * rises, because a counter holds whole numbers only; label region.
   */
  public static final String REGION_COST = "federation.region.cost";

  /**
   * Histogram of what an execution cost minus what it was expected to cost, in billionths, see
   * {@link #COST_UNIT}, because a histogram holds whole numbers only; label region.
   */
  public static final String REGION_COST_ERROR = "federation.region.cost_error";

  /** Counter of hedges that ended in a region; labels region, outcome: won, lost, failed. */
  public static final String REGION_HEDGES = "federation.region.hedges";

  /** How many parts of {@link #REGION_COST_ERROR} make one of the currency. */
  public static final double COST_UNIT = 1e9;

  private final MetricRegistry registry;

  /** Metrics in that registry. */
  public FederationMetrics(MetricRegistry registry) {
    this.registry = registry;
  }

  /** The registry that holds them. */
  public MetricRegistry registry() {
    return registry;
  }

  /** A stage ended. */
  public void stageEnded(FederationStrategy strategy, StageOutcome outcome, long latencyMs) {
    MetricName stages = MetricName.of(STAGES, "strategy", strategy.wireName());
    registry.counter(stages.and("outcome", outcome.wireName()).toString()).inc();
    registry
        .timer(MetricName.of(STAGE_LATENCY, "strategy", strategy.wireName()).toString())
        .update(latencyMs, TimeUnit.MILLISECONDS);
  }

  /** An attempt was started in a region; {@link #executionEnded} has to follow. */
  public void executionStarted(String region) {
    registry.counter(ofRegion(REGION_IN_FLIGHT, region).toString()).inc();
  }

  /**
   * An attempt in a region ended.
   *
   * @param status succeeded, failed or cancelled
   * @param failure why it failed, or null if it did not
   */
  public void executionEnded(
      String region, RegionStatus status, @Nullable FailureType failure, long latencyMs) {
    registry.counter(ofRegion(REGION_IN_FLIGHT, region).toString()).dec();
    registry
        .counter(ofRegion(REGION_EXECUTIONS, region).and("status", status.wireName()).toString())
        .inc();
    registry
        .timer(ofRegion(REGION_LATENCY, region).toString())
        .update(latencyMs, TimeUnit.MILLISECONDS);
    if (failure != null) {
      failed(region, failure);
    }
  }

  /** A call was refused before it was made. */
  public void executionRefused(String region, FailureType failure) {
    failed(region, failure);
  }

  /**
   * An execution in a region succeeded.
   *
   * @param cost what it cost, or null if that is not known
   * @param estimate what it was expected to cost, or null if the region has no price
   */
  public void executionPaid(
      String region, long tokens, @Nullable Double cost, @Nullable Double estimate) {
    registry.counter(ofRegion(REGION_TOKENS, region).toString()).inc(tokens);
    if (cost == null) {
      return;
    }
    Total total = registry.gauge(ofRegion(REGION_COST, region).toString(), Total::new);
    total.sum.add(cost);
    if (estimate != null) {
      registry
          .histogram(ofRegion(REGION_COST_ERROR, region).toString())
          .update(Math.round((cost - estimate) * COST_UNIT));
    }
  }

  /** A hedge in a region ended. */
  public void hedgeEnded(String region, HedgeOutcome outcome) {
    registry
        .counter(ofRegion(REGION_HEDGES, region).and("outcome", outcome.wireName()).toString())
        .inc();
  }

  /** Attempts that run now in that region, as far as this process runs them. */
  public long inFlight(String region) {
    return registry.counter(ofRegion(REGION_IN_FLIGHT, region).toString()).getCount();
  }

  /** Registers a region's live gauges, unless they are there; a supplier gives null if unknown. */
  public void watch(
      String region, Supplier<@Nullable Boolean> online, Supplier<@Nullable Double> load) {
    registry.gauge(
        ofRegion(REGION_ONLINE, region).toString(),
        () ->
            (Gauge<@Nullable Integer>)
                () -> {
                  Boolean now = online.get();
                  return now == null ? null : now ? 1 : 0;
                });
    registry.gauge(ofRegion(REGION_LOAD, region).toString(), () -> load::get);
  }

  /** Registers a region's breaker, unless it is there. */
  public void watchBreaker(String region, Supplier<CircuitState> breaker) {
    registry.gauge(ofRegion(REGION_BREAKER, region).toString(), () -> () -> number(breaker.get()));
  }

  private static int number(CircuitState state) {
    return switch (state) {
      case CLOSED -> 0;
      case HALF_OPEN -> 1;
      case OPEN -> 2;
    };
  }

  /** Registers how many executions of a region this process may run at once. */
  public void watchSlots(String region, IntSupplier slots) {
    registry.gauge(ofRegion(REGION_SLOTS, region).toString(), () -> slots::getAsInt);
  }

  /** A share failed in a region and went on in another. */
  public void fellBack(String region) {
    registry.counter(ofRegion(REGION_FALLBACKS, region).toString()).inc();
  }

  /** Registers the age of what is known from the ledger; a supplier gives null if unknown. */
  public void watchLedger(Supplier<@Nullable Double> ageSeconds) {
    registry.gauge(LEDGER_AGE, () -> ageSeconds::get);
    ledgerFailures().inc(0);
  }

  /** The ledger could not be reached. */
  public void ledgerFailed() {
    ledgerFailures().inc();
  }

  private Counter ledgerFailures() {
    return registry.counter(LEDGER_FAILURES);
  }

  /** Registers the connections to regions, unless they are there. */
  public void watchHttp(IntSupplier connections, IntSupplier idle) {
    registry.gauge(HTTP_CONNECTIONS, () -> connections::getAsInt);
    registry.gauge(HTTP_IDLE_CONNECTIONS, () -> idle::getAsInt);
  }

  /** Registers what this process does with the store of large data, unless that is there. */
  public void watchLargeData(LargeDataUse use) {
    count(LARGE_DATA_WRITES, use::writes);
    count(LARGE_DATA_BYTES_WRITTEN, use::bytesWritten);
    count(LARGE_DATA_ALREADY_STORED, use::alreadyStored);
    count(LARGE_DATA_READS, use::reads);
    count(LARGE_DATA_BYTES_READ, use::bytesRead);
    count(LARGE_DATA_FAILURES, use::failures);
    count(LARGE_DATA_EXPIRED, use::expired);
  }

  /** A counter that is kept elsewhere. */
  private void count(String name, LongSupplier count) {
    registry.counter(
        name,
        () ->
            new Counter() {
              @Override
              public long getCount() {
                return count.getAsLong();
              }
            });
  }

  private void failed(String region, FailureType failure) {
    registry
        .counter(ofRegion(REGION_FAILURES, region).and("type", failure.wireName()).toString())
        .inc();
  }

  /** A sum of amounts that are no whole numbers. */
  private static final class Total implements Gauge<Double> {
    private final DoubleAdder sum = new DoubleAdder();

    @Override
    public Double getValue() {
      return sum.sum();
    }
  }

  private static MetricName ofRegion(String family, String region) {
    return MetricName.of(family, "region", region);
  }
}
