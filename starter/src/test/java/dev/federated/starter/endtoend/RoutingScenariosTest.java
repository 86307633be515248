package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.Hop;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.FederationStats;
import dev.federated.starter.OperationRefusedException;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the workers of a federation know together, on the real server: several control workers and a
 * worker for the regions, each with a view of its own, in one JVM. Each test prints its figures.
 */
@Timeout(240)
@RealServer.Needed
class RoutingScenariosTest {
  @TempDir private Path directory;
  private final List<AutoCloseable> open = new ArrayList<>();
  private String namespace = "";

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
    open.clear();
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.add(resource);
    return resource;
  }

  private static RegionConfig region(SwitchableNode node, int maxConcurrent, int priority) {
    return RegionConfig.builder(node.name())
        .endpoint(node.endpoint())
        .maxConcurrent(maxConcurrent)
        .priority(priority)
        .latitude(0.0)
        .longitude((double) priority)
        .build();
  }

  private static FederationConfig.Builder federation(List<RegionConfig> regions) {
    return FederationConfig.builder().regions(regions);
  }

  /** A new namespace with one worker for all regions and so many control workers. */
  private FederationCoordinator start(
      RealServer server, String name, FederationConfig federation, int controlWorkers) {
    namespace = server.newNamespace(name);
    opened(worker(server, federation, false, federation.regionNames()));
    server.awaitWorkers(namespace, federation.regionNames());
    for (int i = 0; i < controlWorkers; i++) {
      opened(worker(server, federation, true, List.of()));
    }
    FederationCoordinator coordinator = new FederationCoordinator(server.client(namespace));
    if (controlWorkers == 0) {
      return coordinator;
    }
    FederatedStageConfig everywhere = FederatedStageConfig.builder().maxRetries(0).build();
    // Every control worker has to see the regions' pollers and health first.
    await("the regions are seen")
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> run(coordinator, everywhere).outcome() == StageOutcome.SUCCEEDED);
    return coordinator;
  }

  private FederationWorker worker(
      RealServer server, FederationConfig federation, boolean control, List<String> regions) {
    return FederationWorker.start(
        server.client(namespace),
        new FederationFile("federation", directory.resolve("federation"), federation),
        new WorkerRoles(control, regions),
        Map.of(),
        directory.resolve("data.db"),
        new MetricRegistry(),
        Duration.ofSeconds(1));
  }

  private static FederatedStageResult run(
      FederationCoordinator coordinator, FederatedStageConfig stage) {
    return coordinator.executeFederated("scenario", stage, Json.of("{}"));
  }

  private static String executedIn(FederationCoordinator coordinator, FederatedStageConfig stage) {
    return run(coordinator, stage).regionResults().values().iterator().next().executedIn();
  }

  /** Runs tasks in threads of their own, one after each pause. */
  private List<Future<FederatedStageResult>> evenly(
      int n, Duration pause, Callable<FederatedStageResult> task) {
    ScheduledExecutorService threads = Executors.newScheduledThreadPool(n);
    open.add(threads::shutdownNow);
    List<Future<FederatedStageResult>> results = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      results.add(threads.schedule(task, i * pause.toMillis(), TimeUnit.MILLISECONDS));
    }
    return results;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  /**
   * A fifth of the times of a deployment with defaults: there the region is down for 60 s and a
   * stage arrives every 3 s.
   */
  @Test
  void aRegionThatIsDownIsCalledByTheFirstStageOnlyAndComesBackWithoutAStampede(RealServer server)
      throws Exception {
    SwitchableNode primary = opened(SwitchableNode.start("primary", 10));
    SwitchableNode backup = opened(SwitchableNode.start("backup", 10));
    FederationConfig federation =
        federation(List.of(region(primary, 10, 1), region(backup, 10, 2)))
            .healthCheckIntervalSeconds(6)
            .circuitBreaker(new CircuitBreakerConfig(5, 12))
            .build();
    FederationCoordinator coordinator = start(server, "breaker", federation, 2);
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.NEAREST)
            .sourceLocation(new GeoPoint(0, 1))
            .retryDelaySeconds(0.2)
            .build();
    assertThat(executedIn(coordinator, stage)).as("while all is well").isEqualTo("primary");

    primary.stop();
    long downAt = System.nanoTime();
    List<Future<FederatedStageResult>> results =
        evenly(20, Duration.ofMillis(600), () -> run(coordinator, stage));
    await().atMost(Duration.ofSeconds(20)).until(() -> seconds(downAt) >= 12);
    int reachedTheDead = 0;
    for (Future<FederatedStageResult> result : results) {
      assertThat(result.get().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      RegionResult share = result.get().regionResults().values().iterator().next();
      assertThat(share.executedIn()).isEqualTo("backup");
      reachedTheDead += share.hops().stream().mapToInt(Hop::attempts).sum();
    }

    primary.restart();
    long upAt = System.nanoTime();
    await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(200))
        .until(() -> executedIn(coordinator, stage).equals("primary"));
    double backAfter = seconds(upAt);
    primary.resetPeak();
    for (Future<FederatedStageResult> result :
        evenly(12, Duration.ZERO, () -> run(coordinator, stage))) {
      assertThat(result.get().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    }
    System.out.printf(
        "breaker: 20 stages in 12 s, attempts at the dead region %d, back after %.1f s,"
            + " at most %d of the next 12 at once%n",
        reachedTheDead, backAfter, primary.peak());

    assertThat(reachedTheDead).isLessThanOrEqualTo(4);
    assertThat(backAfter).isLessThan(6);
    assertThat(primary.peak()).as("of 12 that came at once").isLessThan(12);
  }

  @Test
  void fifteenStagesAtOnceFillTenAndFiveFreePlacesFromOneAndFromThreeControlWorkers(
      RealServer server) throws Exception {
    for (int workers : new int[] {1, 3}) {
      SwitchableNode ten = opened(SwitchableNode.start("ten", 10));
      SwitchableNode five = opened(SwitchableNode.start("five", 5));
      FederationConfig federation =
          federation(List.of(region(ten, 10, 100), region(five, 5, 100)))
              .healthCheckIntervalSeconds(5)
              .build();
      FederationCoordinator coordinator = start(server, "load-" + workers, federation, workers);
      FederatedStageConfig stage =
          FederatedStageConfig.builder().strategy(FederationStrategy.LEAST_LOADED).build();
      int warmUp = ten.asked() + five.asked();
      ten.hold();
      five.hold();

      List<Future<FederatedStageResult>> results =
          evenly(15, Duration.ZERO, () -> run(coordinator, stage));
      // All are held until all have chosen; one too many for a region waits in its queue.
      await().atMost(Duration.ofSeconds(60)).until(() -> ten.asked() + five.asked() >= warmUp + 14);
      ten.release();
      five.release();
      int inTen = 0;
      for (Future<FederatedStageResult> result : results) {
        assertThat(result.get().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
        inTen += result.get().regionResults().containsKey("ten") ? 1 : 0;
      }
      System.out.printf(
          "least loaded, %d control workers: %d in 10 places, %d in 5%n",
          workers, inTen, 15 - inTen);

      assertThat(inTen).isBetween(9, 11);
    }
  }

  @Test
  void everyExecutionIsCountedOnceAlsoWhenAControlWorkerIsKilled(RealServer server)
      throws Exception {
    SwitchableNode node = opened(SwitchableNode.start("us", 10));
    FederationConfig federation = federation(List.of(region(node, 10, 1))).build();
    Files.writeString(
        directory.resolve("federation.json"),
        "{\"regions\": [{\"name\": \"us\", \"endpoint\": \"%s\"}]}".formatted(node.endpoint()));
    FederationCoordinator coordinator = start(server, "totals", federation, 1);
    FederateProcess victim =
        opened(
            FederateProcess.start(
                "victim",
                directory,
                server.environment(namespace),
                "worker",
                "--control",
                "--metrics-port",
                "0"));
    victim.awaitReady();
    FederatedStageConfig stage = FederatedStageConfig.builder().build();

    List<Future<FederatedStageResult>> results =
        evenly(
            30,
            Duration.ofMillis(100),
            () -> {
              if (node.asked() >= 10) {
                victim.kill();
              }
              return run(coordinator, stage);
            });
    for (Future<FederatedStageResult> result : results) {
      assertThat(result.get().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    }
    await("the server lists the last stage as well")
        .atMost(Duration.ofSeconds(20))
        .until(() -> coordinator.stats().total().totalExecutions() >= node.asked());
    FederationStats stats = coordinator.stats();
    System.out.printf(
        "totals: %d executions counted, %d executed, p95 %d ms%n",
        stats.total().totalExecutions(), node.asked(), stats.total().p95LatencyMs());

    assertThat(stats.approximate()).isFalse();
    assertThat(stats.total().totalExecutions()).isEqualTo(node.asked());
    assertThat(stats.total().successRate()).isEqualTo(100);
    assertThat(stats.byStage().get("scenario").totalExecutions()).isEqualTo(node.asked());
  }

  @Test
  void aRegionIsDrainedAddedAndRemovedWithoutARestartAndANewControlWorkerKnowsFromItsFirstStage(
      RealServer server) throws Exception {
    SwitchableNode us = opened(SwitchableNode.start("us", 10));
    SwitchableNode eu = opened(SwitchableNode.start("eu", 10));
    FederationConfig file = federation(List.of(region(us, 10, 1))).build();
    FederationCoordinator coordinator = start(server, "operated", file, 0);
    List<FederationWorker> controls =
        List.of(
            opened(worker(server, file, true, List.of())),
            opened(worker(server, file, true, List.of())));
    FederatedStageConfig anywhere =
        FederatedStageConfig.builder().strategy(FederationStrategy.COST_OPTIMIZED).build();

    coordinator.addRegion(region(eu, 10, 2), "more room");
    opened(worker(server, federation(List.of(region(eu, 10, 2))).build(), false, List.of("eu")));
    await("a control worker has told the names of its regions")
        .atMost(Duration.ofSeconds(10))
        .ignoreException(OperationRefusedException.class)
        .until(() -> coordinator.drainRegion("us", "maintenance").drained());
    long saidAt = System.nanoTime();
    await("both control workers know")
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                IntStream.range(0, 4)
                    .allMatch(i -> executedIn(coordinator, anywhere).equals("eu")));
    System.out.printf("operator: known to two control workers after %.1f s%n", seconds(saidAt));
    controls.forEach(FederationWorker::close);

    opened(worker(server, file, true, List.of()));

    assertThat(executedIn(coordinator, anywhere)).isEqualTo("eu");
    assertThat(coordinator.regions(file))
        .extracting(standing -> standing.region() + " " + standing.state())
        .containsExactly("us drained", "eu active");
  }
}
