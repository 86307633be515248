package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedRegion;
import dev.federated.stage.FederatedRegionImpl;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.RegionExecution;
import dev.federated.stage.RegionExecutionWorkflow;
import dev.federated.stage.RegionExecutionWorkflowImpl;
import dev.federated.stage.RegionHealth;
import dev.federated.stage.RemoteResponse;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.node.NodeAnswer;
import io.nexusrpc.OperationException;
import io.nexusrpc.handler.OperationCancelDetails;
import io.nexusrpc.handler.OperationContext;
import io.nexusrpc.handler.OperationHandler;
import io.nexusrpc.handler.OperationImpl;
import io.nexusrpc.handler.OperationStartDetails;
import io.nexusrpc.handler.OperationStartResult;
import io.nexusrpc.handler.ServiceImpl;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.nexus.v1.EndpointSpec;
import io.temporal.api.nexus.v1.EndpointTarget;
import io.temporal.api.operatorservice.v1.CreateNexusEndpointRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionMetadata;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One server, two namespaces: the stage is in one, and the region's worker in the other. */
@Timeout(120)
@RealServer.Needed
class NexusRegionTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private static Path directory;

  private static String home;
  private static String there;

  @BeforeAll
  static void makeTheNamespacesAndTheEndpoints(RealServer server) {
    home = server.newNamespace("home-of-nexus");
    there = server.newNamespace("there-by-nexus");
    endpoint(server, "to-far", "far");
    endpoint(server, "to-empty", "empty");
  }

  private static void endpoint(RealServer server, String name, String region) {
    OperatorServiceStubs operator =
        OperatorServiceStubs.newServiceStubs(
            OperatorServiceStubsOptions.newBuilder()
                .setChannel(server.stubs().getRawChannel())
                .validateAndBuildWithDefaults());
    var unused =
        operator
            .blockingStub()
            .createNexusEndpoint(
                CreateNexusEndpointRequest.newBuilder()
                    .setSpec(
                        EndpointSpec.newBuilder()
                            .setName(name)
                            .setTarget(
                                EndpointTarget.newBuilder()
                                    .setWorker(
                                        EndpointTarget.Worker.newBuilder()
                                            .setNamespace(there)
                                            .setTaskQueue(FederatedQueues.ofRegion(region)))))
                    .build());
  }

  private static FederationFile federation(RegionConfig.Builder... regions) {
    FederationConfig config =
        FederationConfig.of(Stream.of(regions).map(RegionConfig.Builder::build).toList());
    return new FederationFile("federation.yaml", directory.resolve("federation.yaml"), config);
  }

  private static RegionConfig.Builder far(TestNode node) {
    return RegionConfig.builder("far")
        .byNexus("to-far")
        .endpoint(node.endpoint())
        .costPerExecution(0.5);
  }

  private static FederationWorker worker(
      WorkflowClient client, FederationFile file, boolean control, String... regions) {
    return FederationWorker.start(
        client,
        file,
        new WorkerRoles(control, List.of(regions)),
        Map.of(),
        directory.resolve("data.db"),
        new MetricRegistry(),
        Duration.ofSeconds(1));
  }

  private static FederatedStageConfig.Builder block(String... regions) {
    return FederatedStageConfig.builder().regions(List.of(regions)).timeoutSeconds(20.0);
  }

  private static StageRequest stage(String id, FederatedStageConfig block, String inputs) {
    return new StageRequest(
        id, "transformer", JsonNodeFactory.instance.objectNode(), Json.of(inputs), block);
  }

  private static FederationCoordinator coordinator(RealServer server) {
    return new FederationCoordinator(server.client(home));
  }

  private static FederatedStageResult run(RealServer server, StageRequest stage) {
    try {
      return coordinator(server).executeFederated(stage);
    } catch (FederatedStageException e) {
      return e.result();
    }
  }

  private static Stream<WorkflowExecutionMetadata> executionsThere(RealServer server) {
    return server
        .client(there)
        .listExecutions("WorkflowType = '%s'".formatted(RegionExecutionWorkflow.TYPE));
  }

  private static void awaitCancelledThere(RealServer server, int executions) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                executionsThere(server)
                        .filter(
                            workflow ->
                                workflow.getStatus()
                                    == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED)
                        .count()
                    >= executions);
  }

  @Test
  void aRegionThatNobodyServesIsLeftForTheFallbackWhenTheQueueTimeoutIsOver(RealServer server) {
    FederationFile file =
        federation(
            RegionConfig.builder("empty").byNexus("to-empty"), RegionConfig.builder("spare"));
    try (FederationWorker control = worker(server.client(home), file, true, "spare")) {
      FederatedStageResult result =
          run(
              server,
              stage(
                  "s",
                  block("empty").queueTimeoutSeconds(1.0).fallbackRegion("spare").build(),
                  "1"));

      RegionResult share = result.regionResults().get("empty");
      assertThat(share.executedIn()).isEqualTo("spare");
      assertThat(share.hops().get(0).error().type()).isEqualTo(FailureType.NO_WORKER_IN_REGION);
      assertThat(share.hops().get(0).error().message()).contains("Nexus endpoint 'to-empty'");
      RegionHealth health = coordinator(server).checkHealth().get("empty");
      assertThat(health.status()).as(health.reason()).isEqualTo("no_worker");
      assertThat(control.polling()).isTrue();
    }
  }

  @Test
  void failuresComeBackWithTheirTypeAndAreRetriedInTheRegion(RealServer server) {
    AtomicInteger calls = new AtomicInteger();
    try (TestNode node =
        TestNode.faulty(
            "far",
            (request, next) ->
                switch (calls.incrementAndGet()) {
                  case 1, 2 -> new NodeAnswer(503, Map.of(), "{}");
                  case 3 -> next.handle(request);
                  case 4 -> new NodeAnswer(422, Map.of(), "{}");
                  default -> new NodeAnswer(503, Map.of(), "{}");
                })) {
      FederationFile file = federation(far(node));
      try (FederationWorker far = worker(server.client(there), file, false, "far");
          FederationWorker control = worker(server.client(home), file, true)) {
        RegionResult retried =
            run(server, stage("retried", block("far").retryDelaySeconds(0.1).build(), "{far: 7}"))
                .regionResults()
                .get("far");
        RegionResult rejected =
            run(server, stage("rejected", block("far").build(), "{far: 1}"))
                .regionResults()
                .get("far");
        RegionResult exhausted =
            run(
                    server,
                    stage(
                        "exhausted",
                        block("far").maxRetries(1).retryDelaySeconds(0.1).build(),
                        "{far: 1}"))
                .regionResults()
                .get("far");

        assertThat(retried.status()).isEqualTo(RegionStatus.SUCCEEDED);
        assertThat(retried.output()).isEqualTo(Json.of("{far: 7}"));
        assertThat(retried.attempts()).isEqualTo(3);
        assertThat(retried.cost()).isEqualTo(0.5);
        assertThat(rejected.error().type()).isEqualTo(FailureType.REGION_REJECTED);
        assertThat(rejected.error().httpStatus()).isEqualTo(422);
        assertThat(rejected.attempts()).isEqualTo(1);
        assertThat(exhausted.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
        assertThat(exhausted.error().httpStatus()).isEqualTo(503);
        assertThat(exhausted.attempts()).isEqualTo(2);
        assertThat(coordinator(server).checkHealth().get("far").healthy()).isTrue();
        assertThat(far.polling() && control.polling()).isTrue();
      }
    }
  }

  @Test
  void aCancelledStageEndsItsExecutionThere(RealServer server) {
    try (TestNode node = TestNode.start("far", null)) {
      FederationFile file = federation(far(node));
      try (FederationWorker far = worker(server.client(there), file, false, "far");
          FederationWorker control = worker(server.client(home), file, true)) {
        Execution<FederatedStageResult> execution =
            coordinator(server)
                .startFederated(
                    stage("cancelled", block("far").build(), "{far: 7, hold: ['far']}"));
        await().atMost(PATIENCE).until(() -> node.holds("cancelled"));
        execution.cancel();
        awaitCancelledThere(server, 1);
        assertThat(far.polling() && control.polling()).isTrue();
      }
    }
  }

  @Test
  void aRegionThatIsNotTheFirstIsStoppedThereBeforeTheStageEnds(RealServer server) {
    try (TestNode node = TestNode.start("far", null);
        TestNode nearNode = TestNode.start("near", null)) {
      FederationFile file =
          federation(far(node), RegionConfig.builder("near").endpoint(nearNode.endpoint()));
      try (FederationWorker far = worker(server.client(there), file, false, "far");
          FederationWorker control = worker(server.client(home), file, true, "near")) {
        Execution<FederatedStageResult> execution =
            coordinator(server)
                .startFederated(
                    stage(
                        "first",
                        block("far", "near").aggregation(AggregationStrategy.FIRST).build(),
                        "{far: 7, hold: ['far', 'near']}"));
        await().atMost(PATIENCE).until(() -> node.holds("first") && nearNode.holds("first"));
        nearNode.release("first");

        assertThat(execution.result().regionResults().get("near").status())
            .isEqualTo(RegionStatus.SUCCEEDED);
        assertThat(server.client(home).fetchHistory(execution.workflowId()).getEvents())
            .anyMatch(HistoryEvent::hasNexusOperationCanceledEventAttributes);
        assertThat(far.polling() && control.polling()).isTrue();
      }
    }
  }

  /** The execution began there, and went on although the stage had ended. */
  @Test
  void aRegionWhoseAnswerToTheStartComesAfterTheEndIsStoppedThereNevertheless(RealServer server) {
    try (TestNode nearNode = TestNode.start("near", null)) {
      FederationFile file =
          federation(
              RegionConfig.builder("far").byNexus("to-far"),
              RegionConfig.builder("near").endpoint(nearNode.endpoint()));
      AtomicReference<Execution<FederatedStageResult>> execution = new AtomicReference<>();
      WorkerFactory workers = WorkerFactory.newInstance(server.client(there));
      Worker far = workers.newWorker(FederatedQueues.ofRegion("far"));
      far.registerWorkflowImplementationTypes(RegionExecutionWorkflowImpl.class);
      far.registerNexusServiceImplementation(
          new SlowToAnswer(
              () -> {
                nearNode.release("early");
                await()
                    .atMost(Duration.ofSeconds(5))
                    .until(() -> cancels(server, execution.get().workflowId()));
              }));
      try (FederationWorker control = worker(server.client(home), file, true, "near")) {
        execution.set(
            coordinator(server)
                .startFederated(
                    stage(
                        "early",
                        block("far", "near").aggregation(AggregationStrategy.FIRST).build(),
                        "{near: 7, hold: ['near']}")));
        await().atMost(PATIENCE).until(() -> nearNode.holds("early"));
        workers.start();

        assertThat(execution.get().result().regionResults().get("near").status())
            .isEqualTo(RegionStatus.SUCCEEDED);
        assertThat(server.client(home).fetchHistory(execution.get().workflowId()).getEvents())
            .anyMatch(HistoryEvent::hasNexusOperationCanceledEventAttributes);
        assertThat(control.polling()).isTrue();
      } finally {
        workers.shutdownNow();
      }
    }
  }

  private static boolean cancels(RealServer server, String workflowId) {
    return server.client(home).fetchHistory(workflowId).getEvents().stream()
        .anyMatch(HistoryEvent::hasNexusOperationCancelRequestedEventAttributes);
  }

  /** Begins executions, and says so only after something else has happened. */
  @ServiceImpl(service = FederatedRegion.class)
  public static final class SlowToAnswer {
    private final FederatedRegionImpl region = new FederatedRegionImpl();
    private final Runnable first;

    SlowToAnswer(Runnable first) {
      this.first = first;
    }

    @OperationImpl
    public OperationHandler<RegionExecution, RemoteResponse> execute() {
      OperationHandler<RegionExecution, RemoteResponse> execute = region.execute();
      return new OperationHandler<>() {
        @Override
        public OperationStartResult<RemoteResponse> start(
            OperationContext context, OperationStartDetails details, RegionExecution execution)
            throws OperationException {
          OperationStartResult<RemoteResponse> started = execute.start(context, details, execution);
          first.run();
          return started;
        }

        @Override
        public void cancel(OperationContext context, OperationCancelDetails details) {
          execute.cancel(context, details);
        }
      };
    }

    @OperationImpl
    public OperationHandler<String, RegionHealth> probe() {
      return region.probe();
    }
  }
}
