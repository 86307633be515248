package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.activities.component.ComponentContext;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.StageComponent;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.HedgedExecution;
import dev.federated.model.LateResultPolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A region that does not answer is hedged, and what it was asked ends soon after. */
@Timeout(60)
@RealServer.Needed
class HedgedRegionTest {
  /** A heartbeat goes out every second; the rest is for a busy machine. */
  private static final Duration SOON = Duration.ofSeconds(4);

  /** A component of the nodes of this test. */
  private static final String WORK = "work";

  @TempDir private Path directory;

  /** Requests to execute that the node {@code slow} has got. */
  private final AtomicInteger timesAsked = new AtomicInteger();

  @Test
  void theCallThatWasOvertakenEndsAtTheRegionsNode(Deployment deployment) throws Exception {
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(List.of("silent"))
            .fallbackRegion("eu")
            .idempotent(true)
            .hedge(Hedge.afterSeconds(0.3).withMaxExtraLoad(1))
            .build();

    FederatedStageResult result =
        deployment.coordinator().executeFederated("hedged", block, Json.of("{eu: 5}"));
    long answeredAt = System.nanoTime();

    RegionResult share = result.regionResults().get("silent");
    assertThat(share.executedIn()).isEqualTo("eu");
    assertThat(share.hedges())
        .extracting(HedgedExecution::outcome)
        .containsExactly(HedgeOutcome.LOST, HedgeOutcome.WON);
    long givenUpAt = deployment.silent().givenUp().get(30, TimeUnit.SECONDS);
    Duration after = Duration.ofNanos(givenUpAt - answeredAt);
    System.out.printf("the overtaken call ended %d ms after the stage%n", after.toMillis());
    assertThat(after).isLessThan(SOON);
    assertThat(deployment.silent().asked()).isEqualTo(1);
  }

  /** A server rarely sees that its caller hung up; a node that says so in its health is told. */
  @Test
  void theExecutionThatWasOvertakenStopsAtTheRegionsNode(RealServer server) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Long> interruptedAt = new CompletableFuture<>();
    try (RegionNode slow = node("slow", until(new CountDownLatch(1), begun, interruptedAt));
        RegionNode fast = node("fast", after(begun))) {
      WorkflowClient client = server.client(server.newNamespace("overtaken"));
      try (FederationWorker worker = worker(client, slow, fast)) {
        // Its workflow ends in the step that cancels, so that no activity is left to be told.
        FederatedStageConfig block =
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.PARALLEL)
                .aggregation(AggregationStrategy.FIRST)
                .build();

        FederatedStageResult result = run(client, block);
        long answeredAt = System.nanoTime();

        assertThat(result.regionResults().get("fast").status()).isEqualTo(RegionStatus.SUCCEEDED);
        Duration after = Duration.ofNanos(interruptedAt.get(30, TimeUnit.SECONDS) - answeredAt);
        System.out.printf(
            "the overtaken execution stopped %d ms after the stage%n", after.toMillis());
        assertThat(after).isLessThan(SOON);
        await().until(() -> slow.running() == 0);
      }
    }
  }

  @Test
  void theExecutionWhoseResultIsCollectedLateGoesOnAtTheRegionsNode(RealServer server)
      throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    CompletableFuture<Long> interruptedAt = new CompletableFuture<>();
    try (RegionNode slow = node("slow", until(done, begun, interruptedAt));
        RegionNode fast = node("fast", after(begun))) {
      WorkflowClient client = server.client(server.newNamespace("late"));
      try (FederationWorker worker = worker(client, slow, fast)) {
        FederatedStageConfig block =
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.PARALLEL)
                .minRegions(1)
                .graceSeconds(0.2)
                .onLateResult(LateResultPolicy.APPEND)
                .build();

        FederatedStageResult result = run(client, block);
        // By its second request the node has been asked for the work again.
        await().atMost(Duration.ofSeconds(30)).until(() -> timesAsked.get() == 2);
        done.countDown();
        FederatedStageResult late =
            client
                .newUntypedWorkflowStub(String.valueOf(result.lateWorkflowId()))
                .getResult(FederatedStageResult.class);

        assertThat(result.successfulRegions()).containsExactly("fast");
        assertThat(late.successfulRegions()).containsExactly("fast", "slow");
        assertThat(interruptedAt).isNotDone();
      }
    }
  }

  private FederationWorker worker(WorkflowClient client, RegionNode slow, RegionNode fast) {
    FederationConfig federation =
        FederationConfig.builder()
            .regions(List.of(region("slow", slow), region("fast", fast)))
            .build();
    return FederationWorker.start(
        client,
        new FederationFile("federation", directory.resolve("federation"), federation),
        new WorkerRoles(true, federation.regionNames()),
        Map.of(),
        directory.resolve("data.db"),
        new MetricRegistry(),
        Duration.ofSeconds(1));
  }

  private static FederatedStageResult run(WorkflowClient client, FederatedStageConfig block) {
    return new FederationCoordinator(client)
        .executeFederated(
            new StageRequest("overtaken", WORK, Json.of("{}"), Json.of("{total: 7}"), block));
  }

  private static RegionConfig region(String name, RegionNode node) {
    return RegionConfig.builder(name).endpoint(node.endpoint()).build();
  }

  private RegionNode node(String name, Body body) throws IOException {
    StageComponent component =
        new StageComponent() {
          @Override
          public String type() {
            return WORK;
          }

          @Override
          public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
              throws InterruptedException {
            return body.execute(inputs);
          }
        };
    return RegionNode.start(
        RegionNodeOptions.builder(name)
            .filter(
                (request, next) -> {
                  if (name.equals("slow") && request.method().equals("POST")) {
                    timesAsked.incrementAndGet();
                  }
                  return next.handle(request);
                })
            .executor(ComponentExecutor.builder().components(List.of(component)).build())
            .build());
  }

  private static Body after(CountDownLatch begun) {
    return inputs -> {
      begun.await();
      return inputs;
    };
  }

  private static Body until(
      CountDownLatch done, CountDownLatch begun, CompletableFuture<Long> interruptedAt) {
    return inputs -> {
      begun.countDown();
      try {
        done.await();
        return inputs;
      } catch (InterruptedException e) {
        interruptedAt.complete(System.nanoTime());
        throw e;
      }
    };
  }

  private interface Body {
    JsonNode execute(JsonNode inputs) throws InterruptedException;
  }
}
