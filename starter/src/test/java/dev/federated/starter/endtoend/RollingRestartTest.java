package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationConfigLoader;
import io.temporal.client.WorkflowClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One region with two worker processes, which are replaced or killed while stages run. */
@Timeout(120)
@RealServer.Needed
class RollingRestartTest {
  private static final int STAGES = 30;
  private static final long PAUSE_MS = 330;

  /** Long enough that some executions run whenever a worker is asked to stop. */
  private static final Duration EXECUTION = Duration.ofMillis(600);

  @TempDir private static Path directory;
  private static RealServer server;
  private static String namespace;
  private static TestNode node;
  private static FederationWorker control;
  private static FederationCoordinator coordinator;

  /** The region's worker processes, the oldest first. */
  private static final Deque<FederateProcess> WORKERS = new ArrayDeque<>();

  @BeforeAll
  static void start(RealServer shared) throws Exception {
    server = shared;
    namespace = server.newNamespace("rolling");
    node = TestNode.slow("busy", EXECUTION);
    Files.writeString(
        directory.resolve("federation.json"),
        "{\"regions\": [{\"name\": \"busy\", \"endpoint\": \"%s\"}]}".formatted(node.endpoint()));
    WORKERS.add(startWorker());
    WORKERS.add(startWorker());
    WORKERS.forEach(FederateProcess::awaitReady);
    WorkflowClient client = server.client(namespace);
    coordinator = new FederationCoordinator(client);
    control =
        FederationWorker.start(
            client,
            new FederationConfigLoader(Map.of(), directory).load("federation.json"),
            new WorkerRoles(true, List.of()),
            Map.of(),
            directory.resolve("data.db"),
            new MetricRegistry(),
            Duration.ofSeconds(1));
  }

  @AfterAll
  static void end() {
    WORKERS.forEach(FederateProcess::close);
    if (control != null) {
      control.close();
    }
    if (node != null) {
      node.close();
    }
  }

  private static FederateProcess startWorker() {
    return FederateProcess.start(
        "rolling",
        directory,
        server.environment(namespace),
        "worker",
        "--region",
        "busy",
        "--metrics-port",
        "0");
  }

  private static Execution<FederatedStageResult> startStage(String id) {
    return coordinator.startFederated(
        new StageRequest(
            id,
            "transformer",
            Json.of("{}"),
            Json.of("{total: 1}"),
            FederatedStageConfig.builder().timeoutSeconds(20).retryDelaySeconds(0.1).build()));
  }

  private static void assertSucceeded(List<Execution<FederatedStageResult>> stages) {
    for (Execution<FederatedStageResult> stage : stages) {
      FederatedStageResult result = stage.result();
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.latencyMs()).isLessThan(40_000);
    }
  }

  @Test
  void noStageIsLostWhileTheWorkersOfARegionAreReplaced() throws Exception {
    int before = node.executions().size();
    List<Execution<FederatedStageResult>> stages = new CopyOnWriteArrayList<>();
    ScheduledExecutorService load = Executors.newSingleThreadScheduledExecutor();
    try {
      var starting =
          load.scheduleAtFixedRate(
              () -> {
                if (stages.size() < STAGES) {
                  stages.add(startStage("rolling-" + stages.size()));
                }
              },
              0,
              PAUSE_MS,
              TimeUnit.MILLISECONDS);
      for (int replaced = 0; replaced < 2; replaced++) {
        WORKERS.add(startWorker().awaitReady());
        FederateProcess oldest = WORKERS.remove();
        oldest.terminate();
        assertThat(oldest.awaitExit(Duration.ofSeconds(20))).as("interrupted").isEqualTo(130);
        oldest.close();
      }
      await()
          .atMost(Duration.ofSeconds(40))
          .until(() -> stages.size() == STAGES || starting.isDone());
    } finally {
      load.shutdownNow();
    }
    assertThat(stages).hasSize(STAGES);
    assertSucceeded(stages);
    assertThat(node.executions()).hasSize(before + STAGES);
    assertThat(node.executions().values()).as("executions of each key").containsOnly(1);
  }

  @Test
  void executionsOfKilledWorkersAreRepeatedAndAnsweredFromTheRecord() throws Exception {
    int before = node.executions().size();
    int asked = node.asked();
    List<Execution<FederatedStageResult>> stages = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      stages.add(startStage("killed-" + i));
    }
    await()
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(20))
        .until(() -> node.asked() - asked >= 6);
    WORKERS.forEach(FederateProcess::close);
    WORKERS.clear();
    WORKERS.add(startWorker());
    WORKERS.add(startWorker());

    assertSucceeded(stages);
    assertThat(node.executions()).hasSize(before + stages.size());
    assertThat(node.executions().values()).as("executions of each key").containsOnly(1);
    assertThat(node.asked() - asked).as("requests").isGreaterThan(stages.size());
    WORKERS.forEach(FederateProcess::awaitReady);
  }
}
