package dev.federated.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.SecretSource;
import dev.federated.model.StageRequest;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Federation;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.common.converter.CodecDataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FederationPluginTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String QUEUE = "orders";

  @TempDir Path directory;

  /** A workflow of a user's application. */
  @WorkflowInterface
  public interface OrderWorkflow {
    @WorkflowMethod
    String total(String strategy, String reduceFunction);
  }

  /** Calls two federated stages and adds something of its own. */
  public static final class OrderWorkflowImpl implements OrderWorkflow {
    @Override
    public String total(String strategy, String reduceFunction) {
      FederatedStageConfig federation =
          FederatedStageConfig.builder()
              .strategy(FederationStrategy.fromWireName(strategy))
              .aggregation(AggregationStrategy.REDUCE)
              .reduceFunction(reduceFunction)
              .maxRetries(0)
              .build();
      StageRequest request =
          new StageRequest(
              "price",
              "transformer",
              json("{\"jmespath_expression\": \"amount\"}"),
              json("{\"amount\": 20}"),
              federation);
      FederatedStageResult first = Federation.executeStage(request);
      FederatedStageResult second = Federation.executeStage(request);
      return first.aggregated()
          + " from "
          + first.successfulRegions()
          + " in "
          + first.workflowId()
          + " then "
          + second.workflowId();
    }
  }

  /** A workflow that starts a stage and thinks better of it before the stage has started. */
  @WorkflowInterface
  public interface HastyWorkflow {
    @WorkflowMethod
    void run();
  }

  /** Cancels in the workflow task that starts the stage. */
  public static final class HastyWorkflowImpl implements HastyWorkflow {
    @Override
    public void run() {
      StageRequest request =
          new StageRequest(
              "price",
              "transformer",
              json("{}"),
              json("1"),
              FederatedStageConfig.builder().regions(List.of("us")).build());
      List<Promise<FederatedStageResult>> stage = new ArrayList<>();
      CancellationScope scope =
          Workflow.newCancellationScope(() -> stage.add(Federation.startStage(request)));
      scope.run();
      scope.cancel();
      stage.get(0).get();
    }
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private FederationPlugin.Builder plugin(RegionConfig... regions) {
    FederationConfig federation = FederationConfig.of(List.of(regions));
    return FederationPlugin.newBuilder(federation)
        .databaseFile(directory.resolve("data.db"))
        .environment(Map.of())
        .serveControl()
        .serveRegions(federation.regionNames());
  }

  private static TestWorkflowEnvironment environment(FederationPlugin plugin) {
    TestWorkflowEnvironment environment =
        TestWorkflowEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder()
                .setWorkerFactoryOptions(
                    WorkerFactoryOptions.newBuilder().setPlugins(plugin).build())
                .build());
    environment
        .newWorker(QUEUE)
        .registerWorkflowImplementationTypes(OrderWorkflowImpl.class, HastyWorkflowImpl.class);
    environment.start();
    return environment;
  }

  private static OrderWorkflow workflow(TestWorkflowEnvironment environment) {
    return environment
        .getWorkflowClient()
        .newWorkflowStub(
            OrderWorkflow.class,
            WorkflowOptions.newBuilder().setTaskQueue(QUEUE).setWorkflowId("order-1").build());
  }

  @Test
  void aMissingKeyOfAServedRegionStopsTheStartAndNamesTheVariable() {
    RegionConfig region =
        RegionConfig.builder("us")
            .endpoint(URI.create("https://us.example.com"))
            .apiKey(SecretSource.parse("${US_KEY}"))
            .build();
    FederationPlugin plugin = plugin(region).build();

    assertThatThrownBy(() -> environment(plugin).close())
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("US_KEY");
    plugin.close();
  }

  @Test
  void aRegionThatTheFederationDoesNotHaveIsRefused() {
    assertThatThrownBy(
            () ->
                FederationPlugin.newBuilder(FederationConfig.of(List.of()))
                    .serveRegions(List.of("mars")))
        .hasMessageContaining("mars");
  }

  @Test
  void aStageThatFailsFailsTheWorkflowThatDoesNotCatchIt() {
    FederationPlugin plugin = plugin(RegionConfig.builder("us").build()).build();
    try (TestWorkflowEnvironment environment = environment(plugin)) {
      assertThatThrownBy(() -> workflow(environment).total("parallel", "no_such_function"))
          .isInstanceOf(WorkflowFailedException.class)
          .cause()
          .isInstanceOfSatisfying(
              ApplicationFailure.class,
              failure -> {
                assertThat(failure.getType()).isEqualTo("FederatedStageFailed");
                assertThat(failure.getDetails().get(0, FederatedStageResult.class).stageId())
                    .isEqualTo("price");
              });
    } finally {
      plugin.close();
    }
  }

  @Test
  void aWorkflowOfTheUsersRunsAStageAsAChild() {
    FederationPlugin plugin =
        plugin(RegionConfig.builder("us").build(), RegionConfig.builder("eu").build()).build();
    try (TestWorkflowEnvironment environment = environment(plugin)) {
      assertThat(workflow(environment).total("parallel", "sum"))
          .isEqualTo("40 from [eu, us] in order-1:price then order-1:price:2");
    } finally {
      plugin.close();
    }
  }

  @Test
  void aStageThatIsCancelledBeforeItHasStartedIsCancelledWhenItHas() {
    FederationPlugin plugin = plugin(RegionConfig.builder("us").build()).build();
    try (TestWorkflowEnvironment environment = environment(plugin)) {
      HastyWorkflow hasty =
          environment
              .getWorkflowClient()
              .newWorkflowStub(
                  HastyWorkflow.class,
                  WorkflowOptions.newBuilder()
                      .setTaskQueue(QUEUE)
                      .setWorkflowId("hasty-1")
                      .build());

      assertThatThrownBy(hasty::run).hasRootCauseInstanceOf(CanceledFailure.class);
      assertThat(
              environment
                  .getWorkflowClient()
                  .newUntypedWorkflowStub("hasty-1:price")
                  .describe()
                  .getStatus())
          .isEqualTo(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED);
    } finally {
      plugin.close();
    }
  }

  @Test
  void aWorkerThatTheUserCreatesForOurQueueBecomesAControlWorker() {
    FederationPlugin plugin =
        FederationPlugin.newBuilder(
                FederationConfig.of(List.of(RegionConfig.builder("us").build())))
            .databaseFile(directory.resolve("data.db"))
            .build();
    try (TestWorkflowEnvironment environment =
        TestWorkflowEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder()
                .setWorkerFactoryOptions(
                    WorkerFactoryOptions.newBuilder().setPlugins(plugin).build())
                .build())) {
      environment.newWorker(FederatedQueues.CONTROL);
      environment.newWorker(FederatedQueues.ofRegion("us"));
      environment.start();
      WorkflowStub stub =
          environment
              .getWorkflowClient()
              .newUntypedWorkflowStub(
                  "FederatedStageWorkflow",
                  WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
      stub.start(
          new StageRequest(
              "s", "transformer", json("{}"), json("7"), FederatedStageConfig.builder().build()));
      assertThat(stub.getResult(FederatedStageResult.class).aggregated()).isEqualTo(json("7"));
    } finally {
      plugin.close();
    }
  }

  private static final EncryptionKeys KEYS =
      EncryptionKeys.parse("k1=" + Base64.getEncoder().encodeToString(new byte[32]));

  private static FederationPlugin.Builder plugin() {
    return FederationPlugin.newBuilder(
        FederationConfig.of(List.of(RegionConfig.builder("us").build())));
  }

  @Test
  void encryptionOfAClientWithCodecsOfItsOwnIsLeftToThem() {
    FederationPlugin plugin = plugin().encryption(KEYS).build();
    WorkflowClientOptions.Builder theirs =
        WorkflowClientOptions.newBuilder()
            .setDataConverter(
                new CodecDataConverter(DefaultDataConverter.newDefaultInstance(), List.of()));
    assertThatThrownBy(() -> plugin.configureWorkflowClient(theirs))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("EncryptingCodec");
    plugin.close();
  }

  @Test
  void encryptionWithoutKeysIsRefused() {
    assertThatThrownBy(() -> plugin().encryption(EncryptionKeys.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(EncryptionKeys.VARIABLE);
  }

  @Test
  void workersOfAClientThatDoesNotEncryptDoNotStartWhereThereAreKeys() {
    try (TestWorkflowEnvironment server = TestWorkflowEnvironment.newInstance()) {
      String keys = "k1=" + Base64.getEncoder().encodeToString(new byte[32]);
      for (FederationPlugin plugin :
          List.of(
              plugin().encryption(KEYS).build(),
              plugin().environment(Map.of(EncryptionKeys.VARIABLE, keys)).build())) {
        WorkerFactory factory =
            WorkerFactory.newInstance(
                server.getWorkflowClient(),
                WorkerFactoryOptions.newBuilder().setPlugins(plugin).build());
        assertThatThrownBy(factory::start)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("does not encrypt");
        plugin.close();
      }
    }
  }

  @Test
  void aPluginOfTheClientEncryptsWhatItsWorkersAndTheUsersWrite() {
    FederationPlugin plugin =
        plugin().serveControl().serveRegions(List.of("us")).encryption(KEYS).build();
    try (TestWorkflowEnvironment server = TestWorkflowEnvironment.newInstance()) {
      WorkflowClient client =
          WorkflowClient.newInstance(
              server.getWorkflowServiceStubs(),
              WorkflowClientOptions.newBuilder()
                  .setNamespace(server.getNamespace())
                  .setPlugins(plugin)
                  .build());
      WorkerFactory factory = WorkerFactory.newInstance(client);
      factory.newWorker(QUEUE).registerWorkflowImplementationTypes(OrderWorkflowImpl.class);
      factory.start();
      OrderWorkflow order =
          client.newWorkflowStub(
              OrderWorkflow.class,
              WorkflowOptions.newBuilder().setWorkflowId("o").setTaskQueue(QUEUE).build());
      assertThat(order.total("parallel", "sum")).startsWith("20 from [us]");
      String history =
          client
              .fetchHistory("o")
              .getHistory()
              .toByteString()
              .toString(StandardCharsets.ISO_8859_1);
      assertThat(history).contains("binary/aes-256-gcm").doesNotContain("amount");
      factory.shutdownNow();
      factory.awaitTermination(5, TimeUnit.SECONDS);
    } finally {
      plugin.close();
    }
  }
}
