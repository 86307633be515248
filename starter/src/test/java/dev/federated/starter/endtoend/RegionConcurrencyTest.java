package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code max_concurrent} holds for the region, whoever works in it; on the real server. */
@Timeout(180)
@RealServer.Needed
class RegionConcurrencyTest {
  private static final int MAX_CONCURRENT = 6;
  private static final int STAGES = 200;
  private static final int STAGES_AT_ONCE = 40;
  private static final long EXECUTION_MS = 150;

  @TempDir private Path directory;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final CountDownLatch never = new CountDownLatch(1);
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger highest = new AtomicInteger();
  private String namespace = "";

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.add(resource);
    return resource;
  }

  /** Workers come, and one leaves, while stages run: the hardest case for the limit. */
  @Test
  void threeWorkersTogetherNeverRunMoreInARegionThanItTakes(RealServer server) throws Exception {
    namespace = server.newNamespace("concurrency");
    TestNode node =
        opened(
            TestNode.faulty(
                "us",
                (request, next) -> {
                  highest.accumulateAndGet(running.incrementAndGet(), Math::max);
                  var unused = never.await(EXECUTION_MS, TimeUnit.MILLISECONDS);
                  running.decrementAndGet();
                  return next.handle(request);
                }));
    FederationConfig federation =
        FederationConfig.builder()
            .regions(
                List.of(
                    RegionConfig.builder("us")
                        .endpoint(node.endpoint())
                        .maxConcurrent(MAX_CONCURRENT)
                        .build()))
            .healthCheckIntervalSeconds(1)
            .build();
    opened(worker(server, federation, true, new MetricRegistry()));
    List<MetricRegistry> metrics = new ArrayList<>();
    metrics.add(new MetricRegistry());
    opened(worker(server, federation, false, metrics.get(0)));
    FederationCoordinator coordinator = new FederationCoordinator(server.client(namespace));
    FederatedStageConfig stage = FederatedStageConfig.builder().maxRetries(0).build();
    await("the region is seen")
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .until(() -> succeeds(coordinator, stage));
    int before = node.asked();
    highest.set(0);
    long started = System.nanoTime();

    ExecutorService callers = Executors.newFixedThreadPool(STAGES_AT_ONCE);
    open.add(callers::shutdownNow);
    List<Future<Boolean>> stages = new ArrayList<>();
    for (int i = 0; i < STAGES; i++) {
      stages.add(callers.submit(() -> succeeds(coordinator, stage)));
    }
    awaitAsked(node, before + 20);
    metrics.add(new MetricRegistry());
    metrics.add(new MetricRegistry());
    FederationWorker leaving = worker(server, federation, false, metrics.get(1));
    opened(worker(server, federation, false, metrics.get(2)));
    awaitAsked(node, before + STAGES / 2);
    await("each worker has its share")
        .atMost(Duration.ofSeconds(30))
        .until(() -> metrics.stream().allMatch(of -> slots(of) == MAX_CONCURRENT / 3));
    leaving.close();
    for (Future<Boolean> one : stages) {
      assertThat(one.get()).isTrue();
    }

    await("those that stay share what it left")
        .atMost(Duration.ofSeconds(30))
        .until(
            () ->
                slots(metrics.get(0)) == MAX_CONCURRENT / 2
                    && slots(metrics.get(2)) == MAX_CONCURRENT / 2);
    System.out.printf(
        "%d stages, 3 workers, max_concurrent %d: at most %d at once in the region, %.1f s%n",
        STAGES, MAX_CONCURRENT, highest.get(), (System.nanoTime() - started) / 1e9);
    assertThat(node.asked() - before).isEqualTo(STAGES);
    assertThat(highest.get()).isLessThanOrEqualTo(MAX_CONCURRENT).isGreaterThan(1);
  }

  private void awaitAsked(TestNode node, int count) {
    await("%d executions".formatted(count))
        .atMost(Duration.ofSeconds(60))
        .until(() -> node.asked() >= count);
  }

  private static int slots(MetricRegistry metrics) {
    return metrics
        .getGauges((name, metric) -> name.startsWith("federation.region.slots"))
        .values()
        .stream()
        .mapToInt(gauge -> (int) gauge.getValue())
        .sum();
  }

  private static boolean succeeds(FederationCoordinator coordinator, FederatedStageConfig stage) {
    return coordinator.executeFederated("scenario", stage, Json.of("{}")).outcome()
        == StageOutcome.SUCCEEDED;
  }

  private FederationWorker worker(
      RealServer server, FederationConfig federation, boolean control, MetricRegistry metrics) {
    return FederationWorker.start(
        server.client(namespace),
        new FederationFile("federation", directory.resolve("federation"), federation),
        new WorkerRoles(control, control ? List.of() : federation.regionNames()),
        Map.of(),
        directory.resolve("data.db"),
        metrics,
        Duration.ofSeconds(1));
  }
}
