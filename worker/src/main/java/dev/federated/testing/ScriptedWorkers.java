package dev.federated.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.ExecuteComponentActivityImpl;
import dev.federated.activities.health.RegionView;
import dev.federated.activities.remote.CircuitBreakers;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.parsing.NearestNames;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.pipeline.ComponentResponse;
import dev.federated.pipeline.ExecuteComponentActivity;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.PipelineWorkflowImpl;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.FederatedStageWorkflowImpl;
import dev.federated.stage.ProbeRegionActivity;
import dev.federated.stage.RegionHealth;
import dev.federated.worker.LoadedAggregator;
import dev.federated.worker.StageFailureInterceptor;
import io.temporal.activity.Activity;
import io.temporal.client.WorkflowClient;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The control worker and every region's worker of a federation, on Temporal's in-JVM server. The
 * regions do what their scripts say; routing, retries, hops, breakers and aggregation are the real
 * ones. No secret is resolved and no endpoint is called.
 */
public final class ScriptedWorkers implements AutoCloseable {
  private static final long SHUTDOWN_SECONDS = 5;

  private final FederationConfig federation;
  private final Map<String, RegionScript> scripts = new ConcurrentHashMap<>();
  private final List<RegionCall> calls = new CopyOnWriteArrayList<>();
  private final ServerTime time;
  private final RegionView view;
  private final ComponentExecutor components;
  private final ExecuteComponentActivityImpl builtIn;
  private final WorkerFactory factory;

  private ScriptedWorkers(Builder builder, WorkflowClient client) {
    this.federation = builder.federation;
    this.time = new ServerTime(client.getWorkflowServiceStubs());
    this.view = new RegionView(federation, time, () -> false);
    this.components =
        ComponentExecutor.builder()
            .maxOutputBytes(federation.maxOutputBytes())
            .outboundAllow(federation.outboundAllow())
            .databaseFile(builder.databaseFile)
            .build();
    this.builtIn = new ExecuteComponentActivityImpl(components, federation.maxOutputBytes());
    this.factory =
        WorkerFactory.newInstance(
            client,
            WorkerFactoryOptions.newBuilder()
                .setWorkerInterceptors(new StageFailureInterceptor())
                .build());
    view.localWorkers(federation.regionNames());
    view.probeWith(this::probe);
    registerControl(Map.copyOf(builder.components));
    CircuitBreakers breakers = new CircuitBreakers(time);
    for (RegionConfig region : federation.regions()) {
      script(
          region.name(),
          Objects.requireNonNullElseGet(
              builder.scripts.get(region.name()), () -> RegionScript.up()));
      registerRegion(region, breakers, client);
    }
    builder.workflows.forEach(
        (queue, types) ->
            factory
                .newWorker(queue)
                .registerWorkflowImplementationTypes(types.toArray(Class<?>[]::new)));
  }

  /**
   * Workers of that federation.
   *
   * @param federation as a control worker reads it
   */
  public static Builder newBuilder(FederationConfig federation) {
    return new Builder(federation);
  }

  private void registerControl(Map<String, Function<ComponentRequest, JsonNode>> fakes) {
    Aggregator aggregator = LoadedAggregator.load();
    Worker control = factory.newWorker(FederatedQueues.CONTROL);
    control.registerWorkflowImplementationFactory(
        FederatedStageWorkflow.class, () -> new FederatedStageWorkflowImpl(view, aggregator));
    control.registerWorkflowImplementationFactory(
        PipelineWorkflow.class, () -> new PipelineWorkflowImpl(view, aggregator));
    control.registerActivitiesImplementations(
        (ExecuteComponentActivity)
            request -> {
              Function<ComponentRequest, JsonNode> fake = fakes.get(request.type());
              if (fake == null) {
                return builtIn.execute(request);
              }
              JsonNode output = fake.apply(request);
              int attempt = Activity.getExecutionContext().getInfo().getAttempt();
              return new ComponentResponse(
                  output == null ? NullNode.instance : output, attempt, 0, 0);
            });
  }

  private void registerRegion(
      RegionConfig region, CircuitBreakers breakers, WorkflowClient client) {
    factory
        .newWorker(
            FederatedQueues.ofRegion(region.name()),
            WorkerOptions.newBuilder()
                .setMaxConcurrentActivityExecutionSize(region.maxConcurrent())
                .setMaxConcurrentActivityTaskPollers(1)
                .build())
        .registerActivitiesImplementations(
            new ScriptedExecution(
                region, () -> scriptOf(region.name()), breakers, client, time, calls::add),
            (ProbeRegionActivity) this::health);
  }

  private RegionScript scriptOf(String region) {
    return Objects.requireNonNull(scripts.get(region), region);
  }

  /** What a wave finds that looks at a region before it goes on. */
  private RegionHealth health(String region) {
    boolean offline = scriptOf(region).offline();
    int places = federation.region(region).map(RegionConfig::maxConcurrent).orElse(0);
    return new RegionHealth(
        !offline,
        offline ? RegionProbe.OFFLINE : RegionProbe.HEALTHY,
        null,
        null,
        places,
        offline ? "does not answer, as scripted" : null);
  }

  /** What a probe of a region finds, when a call of it has failed. */
  private void probe(String region) {
    boolean offline = scriptOf(region).offline();
    view.probed(
        new RegionProbe(
            region,
            !offline,
            offline ? RegionProbe.OFFLINE : RegionProbe.HEALTHY,
            null,
            null,
            null,
            offline ? "does not answer, as scripted" : null));
  }

  /**
   * Lets a region do something else from its next call on.
   *
   * @throws IllegalArgumentException if the federation has no region of that name
   */
  public void script(String region, RegionScript script) {
    requireRegion(federation, region);
    RegionScript before = scripts.put(region, script);
    if (script.known() || (before != null && !script.offline())) {
      probe(region);
    }
  }

  /** Every call of every region, in the order in which they ended. */
  public List<RegionCall> calls() {
    return List.copyOf(calls);
  }

  /** How often each idempotency key was executed, over all regions; keys that never were, not. */
  public Map<String, Integer> executionsByKey() {
    Map<String, Integer> executions = new LinkedHashMap<>();
    for (RegionCall call : calls) {
      if (call.executed()) {
        executions.merge(call.idempotencyKey(), 1, Integer::sum);
      }
    }
    return executions;
  }

  /**
   * Lets the server skip time whenever nobody works, for a server that was started with its time
   * held, as an embedded one is.
   */
  public void skipTime() {
    time.release();
  }

  private ScriptedWorkers start() {
    factory.start();
    return this;
  }

  /** Stops the workers; the client stays open. */
  @Override
  public void close() {
    factory.shutdownNow();
    factory.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    builtIn.close();
    components.close();
  }

  static void requireRegion(FederationConfig federation, String region) {
    if (federation.region(region).isEmpty()) {
      List<String> nearest = NearestNames.of(region, federation.regionNames());
      throw new IllegalArgumentException(
          "the federation has no region '%s'%s; it has %s"
              .formatted(
                  region,
                  nearest.isEmpty() ? "" : ", did you mean " + String.join(" or ", nearest) + "?",
                  federation.regionNames()));
    }
  }

  /** Builds the workers. */
  public static final class Builder {
    private final FederationConfig federation;
    private final Map<String, RegionScript> scripts = new LinkedHashMap<>();
    private final Map<String, Function<ComponentRequest, JsonNode>> components =
        new LinkedHashMap<>();
    private final Map<String, List<Class<?>>> workflows = new LinkedHashMap<>();
    private Path databaseFile = Path.of(".federate", "drill.db");

    private Builder(FederationConfig federation) {
      this.federation = federation;
    }

    /**
     * What a region does; default {@link RegionScript#up}.
     *
     * @throws IllegalArgumentException if the federation has no region of that name
     */
    public Builder region(String name, RegionScript script) {
      requireRegion(federation, name);
      scripts.put(name, script);
      return this;
    }

    /** What local components of a type give, instead of executing the real one. */
    public Builder component(String type, Function<ComponentRequest, JsonNode> fake) {
      components.put(type, fake);
      return this;
    }

    /** Workflows of the user's own, on a queue of their own. */
    public Builder workflows(String taskQueue, Class<?>... types) {
      workflows.put(taskQueue, List.of(types));
      return this;
    }

    /** The file of {@code database_write} without url; default {@code .federate/drill.db}. */
    public Builder databaseFile(Path databaseFile) {
      this.databaseFile = databaseFile;
      return this;
    }

    /**
     * Starts the workers.
     *
     * @param client of a Temporal server inside this JVM; stays the caller's to close
     */
    public ScriptedWorkers start(WorkflowClient client) {
      return new ScriptedWorkers(this, client).start();
    }
  }
}
