package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.LateResultPolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueRequest;
import io.temporal.client.WorkflowClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stages that do not wait for the slowest region, and the order in which waiting ones are executed,
 * on the real server. Each test prints its figures.
 */
@Timeout(120)
@RealServer.Needed
class QuorumScenariosTest {
  @TempDir private Path directory;
  private final List<AutoCloseable> open = new ArrayList<>();
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

  private List<SwitchableNode> nodes(int count) throws Exception {
    List<SwitchableNode> nodes = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      nodes.add(opened(SwitchableNode.start("region-" + i, 200)));
    }
    return nodes;
  }

  private static FederationConfig federation(List<SwitchableNode> nodes, int maxConcurrent) {
    return FederationConfig.builder()
        .regions(
            nodes.stream()
                .map(
                    node ->
                        RegionConfig.builder(node.name())
                            .endpoint(node.endpoint())
                            .maxConcurrent(maxConcurrent)
                            .build())
                .toList())
        .build();
  }

  private FederationWorker worker(RealServer server, FederationConfig federation, boolean control) {
    return FederationWorker.start(
        server.client(namespace),
        new FederationFile("federation", directory.resolve("federation"), federation),
        new WorkerRoles(control, federation.regionNames()),
        Map.of(),
        directory.resolve("data.db"),
        new MetricRegistry(),
        Duration.ofSeconds(1));
  }

  /** A new namespace with one worker for everything, which has executed one stage. */
  private FederationCoordinator start(RealServer server, String name, FederationConfig federation) {
    namespace = server.newNamespace(name);
    opened(worker(server, federation, true));
    FederationCoordinator coordinator = new FederationCoordinator(server.client(namespace));
    await("the regions are seen")
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .until(
            () ->
                run(coordinator, "seen", FederatedStageConfig.builder().maxRetries(0).build())
                        .outcome()
                    == StageOutcome.SUCCEEDED);
    return coordinator;
  }

  private static FederatedStageResult run(
      FederationCoordinator coordinator, String stageId, FederatedStageConfig stage) {
    return coordinator.executeFederated(stageId, stage, Json.of("{}"));
  }

  private long backlog(WorkflowClient client, String region) {
    return client
        .getWorkflowServiceStubs()
        .blockingStub()
        .describeTaskQueue(
            DescribeTaskQueueRequest.newBuilder()
                .setNamespace(namespace)
                .setTaskQueue(TaskQueue.newBuilder().setName(FederatedQueues.ofRegion(region)))
                .setTaskQueueType(TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
                .setReportStats(true)
                .build())
        .getStats()
        .getApproximateBacklogCount();
  }

  @Test
  void aQuorumOfThreeOfFiveWithOneHangingRegionReturnsWithinTheGrace(RealServer server)
      throws Exception {
    List<SwitchableNode> nodes = nodes(5);
    FederationCoordinator coordinator = start(server, "quorum", federation(nodes, 10));
    SwitchableNode hanging = nodes.get(4);
    FederatedStageConfig.Builder stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .aggregation(AggregationStrategy.ALL)
            .minRegions(3)
            .graceSeconds(1.0);
    hanging.hold();

    long startedAt = System.nanoTime();
    FederatedStageResult ignored = run(coordinator, "quorum", stage.build());
    double ignoring = (System.nanoTime() - startedAt) / 1e9;
    FederatedStageResult appended =
        run(coordinator, "append", stage.onLateResult(LateResultPolicy.APPEND).build());
    hanging.release();
    FederatedStageResult late =
        server
            .client(namespace)
            .newUntypedWorkflowStub(String.valueOf(appended.lateWorkflowId()))
            .getResult(FederatedStageResult.class);
    System.out.printf(
        "quorum 3 of 5, one hangs, grace 1 s: the stage took %.2f s (%d ms in the workflow), %d"
            + " succeeded, missing %s; with append %d ms, and %d of 5 in %s%n",
        ignoring,
        ignored.latencyMs(),
        ignored.successfulRegions().size(),
        ignored.missingRegions(),
        appended.latencyMs(),
        late.successfulRegions().size(),
        late.workflowId());

    assertThat(ignored.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(ignored.complete()).isFalse();
    assertThat(ignored.missingRegions()).containsExactly("region-5");
    assertThat(ignored.successfulRegions()).hasSize(4);
    // The node holds its answer for 30 s; the rest is a busy machine.
    assertThat(ignored.latencyMs()).isBetween(1_000L, 10_000L);
    assertThat(appended.latencyMs()).isLessThan(10_000);
    assertThat(late.complete()).isNull();
    assertThat(late.successfulRegions()).hasSize(5);
  }

  @Test
  void ofStagesThatWaitForTheOnePlaceInARegionTheOneWithTheHighestPriorityGoesNext(
      RealServer server) throws Exception {
    List<SwitchableNode> nodes = nodes(1);
    SwitchableNode node = nodes.get(0);
    FederationCoordinator coordinator = start(server, "priority", federation(nodes, 1));
    WorkflowClient client = server.client(namespace);
    ExecutorService threads = Executors.newCachedThreadPool();
    open.add(threads::shutdownNow);
    FederatedStageConfig low = FederatedStageConfig.builder().priority(5).build();
    FederatedStageConfig high = FederatedStageConfig.builder().priority(1).build();
    List<Future<FederatedStageResult>> results = new ArrayList<>();
    int before = node.asked();
    node.hold();

    results.add(threads.submit(() -> run(coordinator, "first", low)));
    await().atMost(Duration.ofSeconds(20)).until(() -> node.asked() == before + 1);
    for (int i = 0; i < 10; i++) {
      results.add(threads.submit(() -> run(coordinator, "low", low)));
    }
    await().atMost(Duration.ofSeconds(30)).until(() -> backlog(client, node.name()) == 10);
    results.add(threads.submit(() -> run(coordinator, "high", high)));
    await().atMost(Duration.ofSeconds(30)).until(() -> backlog(client, node.name()) == 11);
    node.release();
    for (Future<FederatedStageResult> result : results) {
      assertThat(result.get().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    }
    List<String> order = node.stages().subList(before, before + 12);
    System.out.printf("priority: executed in the order %s%n", order);

    assertThat(order.subList(0, 2)).containsExactly("first", "high");
  }
}
