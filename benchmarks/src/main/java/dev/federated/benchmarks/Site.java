package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedQueues;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.WorkflowIdPolicy;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.worker.FederationPlugin;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A client and workers in this process, by which stages and their hand-written equivalents run: the
 * workflows of both in one worker, with one set of settings, and their activities too.
 */
final class Site implements AutoCloseable {
  /** Executions that a region takes at once: no contestant waits for a slot. */
  private static final int SLOTS = 100;

  private static final long DRAIN_SECONDS = 20;

  /** A small output whatever the input, so that a payload travels one way. */
  private static final JsonNode CONFIG =
      JsonNodeFactory.instance.objectNode().put("jmespath_expression", "{n: n}");

  private final List<RegionNode> nodes;
  private final ComponentExecutor executor;
  private final WorkflowServiceStubs stubs;
  private final WorkflowClient client;
  private final FederationPlugin plugin;
  private final WorkerFactory factory;
  private final List<String> regions;

  private Site(
      String address,
      List<RegionConfig> regions,
      List<RegionNode> nodes,
      ComponentExecutor executor,
      Tuning tuning) {
    this.nodes = nodes;
    this.executor = executor;
    this.regions = regions.stream().map(RegionConfig::name).toList();
    TemporalConnection connection = TemporalConnection.plaintext(address);
    this.stubs = connection.connect();
    this.client = WorkflowClient.newInstance(stubs, connection.clientOptions());
    this.plugin =
        FederationPlugin.newBuilder(FederationConfig.builder().regions(regions).build())
            .serveRegions(this.regions)
            .build();
    this.factory =
        WorkerFactory.newInstance(
            client, tuning.factory(WorkerFactoryOptions.newBuilder().setPlugins(plugin)).build());
    Worker control =
        factory.newWorker(
            FederatedQueues.CONTROL, tuning.control(WorkerOptions.newBuilder()).build());
    control.registerWorkflowImplementationTypes(
        HandWrittenFanOutImpl.class, HandWrittenPipelineImpl.class);
    factory.start();
  }

  /** Regions whose workers execute the component themselves, without HTTP. */
  static Site local(String address, int regions) {
    return local(address, regions, Tuning.DEFAULT);
  }

  /** As {@link #local(String, int)} with other settings of the workers. */
  static Site local(String address, int regions, Tuning tuning) {
    List<RegionConfig> configs =
        IntStream.rangeClosed(1, regions)
            .mapToObj(i -> region(i).maxConcurrent(regions > 3 ? 1 : SLOTS).build())
            .toList();
    return new Site(address, configs, List.of(), ComponentExecutor.builder().build(), tuning);
  }

  /** Three regions that are reached over HTTP on this machine. */
  static Site overHttp(String address) throws IOException {
    ComponentExecutor executor = ComponentExecutor.builder().build();
    List<RegionNode> nodes = new ArrayList<>();
    List<RegionConfig> configs = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      RegionNode node =
          RegionNode.start(
              RegionNodeOptions.builder("region-" + i)
                  .executor(executor)
                  .capacity(2 * SLOTS)
                  .maxRecordedAnswers(1_000)
                  .build());
      nodes.add(node);
      configs.add(region(i).endpoint(node.endpoint()).maxConcurrent(SLOTS).build());
    }
    return new Site(address, configs, nodes, executor, Tuning.DEFAULT);
  }

  private static RegionConfig.Builder region(int number) {
    return RegionConfig.builder("region-" + number);
  }

  WorkflowClient client() {
    return client;
  }

  /** Where its region nodes are. */
  List<URI> endpoints() {
    return nodes.stream().map(RegionNode::endpoint).toList();
  }

  FederationCoordinator coordinator() {
    return new FederationCoordinator(client);
  }

  /** A stage over the first regions with an input of about that many bytes. */
  StageRequest stage(int regionCount, int bytes) {
    return new StageRequest("stage", "transformer", CONFIG, input(bytes), federation(regionCount));
  }

  /** Where such a stage runs. */
  FederatedStageConfig federation(int regionCount) {
    return FederatedStageConfig.builder()
        .regions(regions.subList(0, regionCount))
        .aggregation(AggregationStrategy.MERGE)
        .build();
  }

  /** An object with that many bytes of text that compresses badly. */
  static JsonNode input(int bytes) {
    StringBuilder text = new StringBuilder(bytes);
    long state = 42;
    while (text.length() < bytes) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      text.append(Long.toString(state >>> 1, Character.MAX_RADIX));
    }
    text.setLength(bytes);
    return JsonNodeFactory.instance.objectNode().put("n", 1).put("payload", text.toString());
  }

  /** Starts a stage as users do and waits for it. */
  Contestant federated(String name, StageRequest request) {
    FederationCoordinator coordinator = coordinator();
    return new Contestant(
        name,
        () -> {
          String id = FederationCoordinator.newWorkflowId("stage");
          var unused =
              coordinator
                  .startFederated(request, id, WorkflowIdPolicy.SAME_REQUEST_ATTACHES)
                  .result();
          return id;
        });
  }

  /** Starts the hand-written fan-out and waits for it. */
  Contestant handWritten(String name, StageRequest request) {
    return untyped(name, "HandWrittenFanOut", request);
  }

  /** As {@link #handWritten}, with the first workflow task in the answer to the start. */
  Contestant handWrittenEager(String name, StageRequest request) {
    return start(name, "HandWrittenFanOut", true, request);
  }

  /** Starts a workflow of that type and waits for it. */
  Contestant untyped(String name, String type, Object... arguments) {
    return start(name, type, false, arguments);
  }

  private Contestant start(String name, String type, boolean eager, Object... arguments) {
    return new Contestant(
        name,
        () -> {
          String id = FederationCoordinator.newWorkflowId("hand");
          WorkflowStub stub =
              client.newUntypedWorkflowStub(
                  type,
                  WorkflowOptions.newBuilder()
                      .setWorkflowId(id)
                      .setTaskQueue(FederatedQueues.CONTROL)
                      .setDisableEagerExecution(!eager)
                      .build());
          stub.start(arguments);
          var unused = stub.getResult(JsonNode.class);
          return id;
        });
  }

  /** Ends the workers first: a long poll that is cut off would swallow tasks. */
  @Override
  public void close() {
    factory.shutdown();
    factory.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS);
    plugin.close();
    nodes.forEach(RegionNode::close);
    executor.close();
    stubs.shutdownNow();
  }
}
