package dev.federated.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.activities.health.RegionView;
import dev.federated.activities.remote.CircuitBreakers;
import dev.federated.aggregation.Aggregator;
import dev.federated.ledger.LatencyPercentiles;
import dev.federated.ledger.LedgerCopy;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.FederatedStageWorkflowImpl;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteRequest;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What hedging does to a stage that waits for the slowest of 20 regions, in the test server's time:
 * one call in a hundred takes 20 times as long.
 */
@Timeout(240)
class HedgingScenarioTest {
  private static final int REGIONS = 20;
  private static final int STAGES = 100;

  /** Stages before those that count: a worker that has just started has no budget. */
  private static final int WARM_UP = 15;

  private static final int SLOW_ONE_IN = 100;
  private static final int TIMES_SLOWER = 20;

  /** Much longer than what a busy machine adds to it. */
  private static final long LATENCY_MS = 600;

  private static final long SPREAD_MS = 60;

  private static final WorkerOptions REGION_WORKER =
      WorkerOptions.newBuilder().setMaxConcurrentActivityTaskPollers(1).build();

  private final TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance();
  private final ServerTime time = new ServerTime(environment.getWorkflowServiceStubs());
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger hedges = new AtomicInteger();
  private volatile int stage;
  private final FederationConfig federation = federation();
  private final RegionView view = new RegionView(federation, time, () -> false);

  /**
   * Latencies of stages.
   *
   * @param sortedMs of each stage, the shortest first
   * @param calls how often a region was called
   */
  private record Figures(List<Long> sortedMs, int calls) {
    long percentile(double percent) {
      return sortedMs.get((int) Math.ceil(percent / 100 * sortedMs.size()) - 1);
    }

    double extraCallsPercent() {
      return 100.0 * (calls - STAGES * REGIONS) / (STAGES * REGIONS);
    }

    void print(String what) {
      System.out.printf(
          Locale.ROOT,
          "%-15s p50 %6d ms, p99 %6d ms, p99.9 %6d ms, extra calls %.1f %%%n",
          what,
          percentile(50),
          percentile(99),
          percentile(99.9),
          extraCallsPercent());
    }
  }

  private static FederationConfig federation() {
    List<RegionConfig> regions = new ArrayList<>();
    for (int i = 0; i < REGIONS; i++) {
      regions.add(RegionConfig.builder("region-" + i).build());
    }
    return FederationConfig.of(regions);
  }

  @BeforeEach
  void start() {
    Worker control = environment.newWorker(FederatedQueues.CONTROL);
    control.registerWorkflowImplementationFactory(
        FederatedStageWorkflow.class,
        () -> new FederatedStageWorkflowImpl(view, Aggregator.BUILT_IN));
    CircuitBreakers breakers = new CircuitBreakers(time);
    for (int i = 0; i < REGIONS; i++) {
      RegionConfig region = federation.regions().get(i);
      int place = i;
      environment
          .newWorker(FederatedQueues.ofRegion(region.name()), REGION_WORKER)
          .registerActivitiesImplementations(
              (RemoteExecuteActivity)
                  request ->
                      new ScriptedExecution(
                              region,
                              () -> next(request, place),
                              breakers,
                              environment.getWorkflowClient(),
                              time,
                              call -> {})
                          .execute(request));
    }
    environment.start();
  }

  @AfterEach
  void stop() {
    environment.close();
  }

  /** One in a hundred is slow: of the stages' own calls by the place of the region, of hedges. */
  private RegionScript next(RemoteRequest request, int region) {
    calls.incrementAndGet();
    boolean hedge = !request.region().equals(request.share());
    SplittableRandom random = new SplittableRandom((long) stage * REGIONS + region);
    boolean slow =
        hedge ? hedges.incrementAndGet() % SLOW_ONE_IN == 0 : random.nextInt(SLOW_ONE_IN) == 0;
    long ms = (LATENCY_MS + random.nextLong(SPREAD_MS)) * (slow ? TIMES_SLOWER : 1);
    return RegionScript.answers("1").slowBy(Duration.ofMillis(ms));
  }

  @Test
  void hedgingMakesTheTailAtLeastFiveTimesShorterForAtMostFivePercentMoreCalls() {
    Figures without = run(null);
    learn();
    Figures with = run(Hedge.afterPercentile(95));
    without.print("without hedging");
    with.print("with hedging");

    assertThat(without.extraCallsPercent()).isZero();
    assertThat(without.percentile(99)).isGreaterThanOrEqualTo(LATENCY_MS * TIMES_SLOWER);
    assertThat(with.percentile(99)).isLessThanOrEqualTo(without.percentile(99) / 5);
    assertThat(with.extraCallsPercent()).isBetween(0.1, 5.0);
  }

  /** What a worker learns from the ledger, which has counted the executions until now. */
  private void learn() {
    Map<String, LatencyPercentiles> latencies = new LinkedHashMap<>();
    view.takeReport()
        .forEach((region, report) -> latencies.put(region, report.ended().percentiles()));
    assertThat(latencies).hasSize(REGIONS);
    view.learn(
        new LedgerCopy.Known(Map.of(), Map.of(), Map.of(), Map.of(), 1, Map.of(), latencies), "me");
  }

  private Figures run(Hedge hedge) {
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .aggregation(AggregationStrategy.ALL)
            .hedge(hedge)
            .build();
    List<Long> ms = new ArrayList<>();
    for (int i = -WARM_UP; i < STAGES; i++) {
      stage = i;
      if (i == 0) {
        calls.set(0);
        ms.clear();
      }
      WorkflowStub stub =
          environment
              .getWorkflowClient()
              .newUntypedWorkflowStub(
                  FederatedStageWorkflow.TYPE,
                  WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
      stub.start(
          new StageRequest(
              "process", "transformer", RegionScript.parse("{}"), RegionScript.parse("{}"), block));
      FederatedStageResult result = stub.getResult(FederatedStageResult.class);
      assertThat(result.successfulRegions()).hasSize(REGIONS);
      ms.add(result.latencyMs());
    }
    Collections.sort(ms);
    return new Figures(ms, calls.get());
  }
}
