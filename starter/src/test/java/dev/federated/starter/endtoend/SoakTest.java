package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.StageDecision;
import dev.federated.starter.DecisionRefusedException;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.ParkedExecution;
import dev.federated.starter.endtoend.SoakDeployment.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stages of every kind for a long time, while a region has faults and workers are killed: {@code
 * mvn -Psoak}. The time is system property {@value #MINUTES}, 30 by default; growth is judged from
 * 10 minutes on.
 */
@Tag("soak")
@Timeout(value = 4, unit = TimeUnit.HOURS)
@RealServer.Needed
class SoakTest {
  private static final String MINUTES = "soak.minutes";
  private static final int CLIENTS = 4;
  private static final Duration LONGEST_STAGE = Duration.ofMinutes(2);
  private static final int SAMPLES = 30;

  /** A shorter run is over before its processes have warmed up: it only tries this test. */
  private static final double SHORTEST_MEASURED_MINUTES = 10;

  /** The most that the last third may be above the second one. */
  private static final double MOST_GROWTH = 0.10;

  @TempDir private Path directory;
  private SoakDeployment deployment;
  private final Queue<String> problems = new ConcurrentLinkedQueue<>();
  private final Map<Kind, AtomicInteger> ended = new TreeMap<>();
  private final AtomicInteger number = new AtomicInteger();
  private final AtomicInteger withoutFaulty = new AtomicInteger();
  private final Map<String, List<ProcessSize>> sizes = new TreeMap<>();
  private int kills;
  private final CountDownLatch over = new CountDownLatch(1);

  /** Kinds of stages. */
  private enum Kind {
    MERGE,
    MAJORITY,
    CONCAT_IN_SEQUENCE,
    NEAREST_QUEUE,
    ROUND_ROBIN,
    CHEAPEST,
    HEDGED,
    QUORUM,
    PARKED
  }

  @BeforeEach
  void start() throws IOException {
    for (Kind kind : Kind.values()) {
      ended.put(kind, new AtomicInteger());
    }
    deployment = SoakDeployment.start(directory);
  }

  @AfterEach
  void end() {
    if (deployment != null) {
      deployment.close();
    }
  }

  @Test
  void nothingIsLostNothingHangsAndNoProcessGrows() throws Exception {
    Duration time = Duration.ofSeconds((long) (60 * minutes()));
    Instant end = Instant.now().plus(time);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS + 1);
    List<Future<?>> running = new ArrayList<>();
    try {
      for (int i = 0; i < CLIENTS; i++) {
        running.add(clients.submit(() -> runStages(end)));
      }
      running.add(clients.submit(() -> makeFaults(end)));
      measure(time, end);
      for (Future<?> each : running) {
        each.get(2 * LONGEST_STAGE.toSeconds(), TimeUnit.SECONDS);
      }
    } finally {
      over.countDown();
      clients.shutdownNow();
      String report = report(time);
      System.out.println(report);
      Files.writeString(Path.of("target", "soak.txt"), report);
    }

    assertThat(problems).as("stages that were lost, hung or gave something wrong").isEmpty();
    ended.forEach((kind, count) -> assertThat(count.get()).as("stages " + kind).isPositive());
    if (minutes() < SHORTEST_MEASURED_MINUTES) {
      return;
    }
    sizes.forEach(
        (process, measured) -> {
          assertFlat(process + ", heap in use", measured, ProcessSize::heapBytes);
          assertFlat(process + ", threads", measured, ProcessSize::threads);
          assertFlat(process + ", series of metrics", measured, ProcessSize::series);
        });
  }

  private static double minutes() {
    return Double.parseDouble(System.getProperty(MINUTES, "30"));
  }

  private void runStages(Instant end) {
    while (Instant.now().isBefore(end)) {
      int index = number.getAndIncrement();
      Kind kind = Kind.values()[index % Kind.values().length];
      try {
        runStage(kind, index);
        ended.get(kind).incrementAndGet();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (ExecutionException | TimeoutException | RuntimeException | AssertionError e) {
        problems.add("%s %d: %s".formatted(kind, index, e));
      }
    }
  }

  private void runStage(Kind kind, int index)
      throws InterruptedException, ExecutionException, TimeoutException {
    String id = (kind == Kind.PARKED ? SoakDeployment.PARKS : "soak") + index;
    JsonNode inputs = inputs(kind, index);
    FederationCoordinator coordinator = deployment.coordinator();
    Execution<FederatedStageResult> execution =
        coordinator.startFederated(
            new StageRequest(id, "transformer", Json.of("{}"), inputs, block(kind)));
    if (kind == Kind.PARKED) {
      retryWhenParked(coordinator, execution);
    }
    FederatedStageResult result =
        execution.resultAsync().get(LONGEST_STAGE.toSeconds(), TimeUnit.SECONDS);
    check(kind, inputs, result);
  }

  /** Each region has a part of its own, so that a wrong one is noticed. */
  private static JsonNode inputs(Kind kind, int index) {
    ObjectNode inputs = JsonNodeFactory.instance.objectNode();
    for (String region : List.of("a", "b", "c", "d")) {
      switch (kind) {
        case MAJORITY -> inputs.put(region, index);
        case CONCAT_IN_SEQUENCE -> inputs.putArray(region).add(region + index);
        default -> inputs.putObject(region).put(region, index);
      }
    }
    return inputs;
  }

  private static FederatedStageConfig block(Kind kind) {
    FederatedStageConfig.Builder block =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(List.of("a", "b", SoakDeployment.FAULTY))
            .aggregation(AggregationStrategy.MERGE)
            .minRegions(2)
            .onPartialFailure(PartialFailurePolicy.PROCEED)
            .timeoutSeconds(3)
            .maxRetries(1)
            .retryDelaySeconds(0.2);
    return switch (kind) {
      case MERGE -> block.build();
      case MAJORITY -> block.aggregation(AggregationStrategy.MAJORITY).build();
      case CONCAT_IN_SEQUENCE ->
          block
              .strategy(FederationStrategy.SEQUENTIAL)
              .aggregation(AggregationStrategy.CONCAT)
              .build();
      case NEAREST_QUEUE -> one(block, FederationStrategy.LEAST_LOADED);
      case ROUND_ROBIN -> one(block, FederationStrategy.ROUND_ROBIN);
      case CHEAPEST -> one(block, FederationStrategy.COST_OPTIMIZED);
      case HEDGED ->
          block
              .regions(List.of("a", SoakDeployment.FAULTY))
              .minRegions(1)
              .fallbackRegion("b")
              .idempotent(true)
              .hedge(Hedge.afterSeconds(0.5).withMaxExtraLoad(1))
              .build();
      case QUORUM -> block.graceSeconds(0.5).build();
      case PARKED ->
          block
              .regions(List.of("a", "b", SoakDeployment.PARKING))
              .minRegions(3)
              .onPartialFailure(PartialFailurePolicy.WAIT)
              .maxRetries(0)
              .build();
    };
  }

  /** One region of the three, with the sound ones to go on in. */
  private static FederatedStageConfig one(
      FederatedStageConfig.Builder block, FederationStrategy strategy) {
    return block.strategy(strategy).minRegions(1).fallbackRegion("a").build();
  }

  private static void retryWhenParked(
      FederationCoordinator coordinator, Execution<FederatedStageResult> execution)
      throws InterruptedException, ExecutionException, TimeoutException {
    Instant latest = Instant.now().plus(LONGEST_STAGE);
    while (Instant.now().isBefore(latest)) {
      for (ParkedExecution parked : coordinator.parked(execution.workflowId())) {
        try {
          var unused =
              coordinator.decide(
                  parked,
                  StageDecision.retry(List.copyOf(parked.stage().failedRegions().keySet())));
        } catch (DecisionRefusedException e) {
          // The region is not eligible yet, or the stage was retried a moment ago: again below.
        }
      }
      try {
        var unused = execution.resultAsync().get(500, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        // It parked again, or still runs.
      }
    }
    throw new TimeoutException("still parked");
  }

  private void check(Kind kind, JsonNode inputs, FederatedStageResult result) {
    assertThat(result.outcome()).isIn(StageOutcome.SUCCEEDED, StageOutcome.PARTIAL);
    for (Map.Entry<String, RegionResult> each : result.regionResults().entrySet()) {
      JsonNode output = each.getValue().output();
      if (output != null) {
        String executedIn = each.getValue().executedIn();
        assertThat(output).isEqualTo(inputs.get(executedIn == null ? each.getKey() : executedIn));
      }
    }
    switch (kind) {
      case MERGE, MAJORITY, CONCAT_IN_SEQUENCE, QUORUM -> {
        assertThat(result.successfulRegions()).containsAll(SoakDeployment.SOUND);
        if (!result.successfulRegions().contains(SoakDeployment.FAULTY)) {
          withoutFaulty.incrementAndGet();
        }
      }
      case PARKED -> assertThat(result.successfulRegions()).hasSize(3);
      default -> assertThat(result.aggregated()).isNotNull();
    }
  }

  /** One fault after the other in region c, with a kill now and then, as long as the run takes. */
  private void makeFaults(Instant end) {
    Duration step = Duration.ofMillis(Math.min(10_000, (long) (minutes() * 60_000 / 12)));
    List<Fault> faults = List.of(Fault.values());
    try {
      for (int round = 0; Instant.now().isBefore(end); round++) {
        deployment.fault(faults.get(round % faults.size()));
        switch (round % 6) {
          case 2 -> {
            deployment.replaceWorker();
            kills++;
          }
          case 5 -> {
            deployment.replaceControl();
            kills++;
          }
          default -> {}
        }
        var unused = over.await(step.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | AssertionError e) {
      problems.add("faults: " + e);
    } finally {
      deployment.fault(Fault.NONE);
    }
  }

  private void measure(Duration time, Instant end) throws Exception {
    while (Instant.now().isBefore(end)) {
      var unused = over.await(time.toMillis() / SAMPLES, TimeUnit.MILLISECONDS);
      for (Map.Entry<String, FederateProcess> each : deployment.survivors().entrySet()) {
        sizes
            .computeIfAbsent(each.getKey(), name -> new ArrayList<>())
            .add(ProcessSize.of(each.getValue()));
      }
    }
  }

  private static double mean(
      List<ProcessSize> measured, int third, ToDoubleFunction<ProcessSize> of) {
    int size = measured.size();
    return measured.subList(size * third / 3, size * (third + 1) / 3).stream()
        .mapToDouble(of)
        .average()
        .orElse(Double.NaN);
  }

  private static void assertFlat(
      String what, List<ProcessSize> measured, ToDoubleFunction<ProcessSize> of) {
    assertThat(mean(measured, 2, of))
        .as("%s in the last third, against the one before", what)
        .isLessThanOrEqualTo(mean(measured, 1, of) * (1 + MOST_GROWTH));
  }

  private String report(Duration time) {
    StringBuilder text = new StringBuilder();
    int stages = ended.values().stream().mapToInt(AtomicInteger::get).sum();
    text.append(
        "%d min, %d stages of %d kinds, %d started, %d kills, %d stages without region c, %d problems%n"
            .formatted(
                time.toMinutes(),
                stages,
                ended.size(),
                number.get(),
                kills,
                withoutFaulty.get(),
                problems.size()));
    text.append(ended).append('\n');
    text.append("| process | heap in use, MB | threads | series of metrics |\n|---|---|---|---|\n");
    sizes.forEach(
        (process, measured) ->
            text.append(
                "| %s | %s | %s | %s |\n"
                    .formatted(
                        process,
                        thirds(measured, size -> size.heapBytes() / 1e6),
                        thirds(measured, ProcessSize::threads),
                        thirds(measured, ProcessSize::series))));
    problems.stream().limit(20).forEach(problem -> text.append(problem).append('\n'));
    return text.toString();
  }

  private static String thirds(List<ProcessSize> measured, ToDoubleFunction<ProcessSize> of) {
    return "%.1f, %.1f, %.1f"
        .formatted(mean(measured, 0, of), mean(measured, 1, of), mean(measured, 2, of));
  }
}
