package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.pipeline.ComponentResponse;
import dev.federated.pipeline.ExecuteComponentActivity;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.PipelineWorkflowImpl;
import io.temporal.activity.Activity;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflow.v1.WorkflowExecutionInfo;
import io.temporal.api.workflowservice.v1.ListClosedWorkflowExecutionsRequest;
import io.temporal.api.workflowservice.v1.ListClosedWorkflowExecutionsResponse;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.common.SearchAttributeKey;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerOptions;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Temporal's in-JVM server with a control worker and regions that do what a test says. Closing it
 * replays every workflow that has ended in it, so that each test also proves determinism.
 */
public final class ScriptedRegions implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final WorkerOptions REGION_WORKER =
      WorkerOptions.newBuilder()
          .setMaxConcurrentActivityTaskPollers(1)
          .setMaxHeartbeatThrottleInterval(Duration.ofMillis(100))
          .build();

  /** What a region does with a request. */
  public interface Behaviour extends Function<RemoteRequest, RemoteResponse> {}

  private final TestWorkflowEnvironment environment = newEnvironment();
  private final Map<String, RegionConfig> regions = new LinkedHashMap<>();
  private final Map<String, Behaviour> behaviours = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  public final List<RemoteRequest> requests = new CopyOnWriteArrayList<>();
  public final List<ComponentRequest> components = new CopyOnWriteArrayList<>();
  private Function<ComponentRequest, JsonNode> component = ComponentRequest::inputs;
  private boolean componentsGive = true;
  private final Set<String> ill = ConcurrentHashMap.newKeySet();
  private FakeWorld world = new FakeWorld(FederationConfig.of(List.of()));

  /** A server whose histories say nothing of the machine. */
  private static TestWorkflowEnvironment newEnvironment() {
    TestEnvironmentOptions.Builder options =
        TestEnvironmentOptions.newBuilder()
            .setWorkflowClientOptions(
                WorkflowClientOptions.newBuilder().setIdentity("test").build());
    for (SearchAttributeKey<?> key : StageSearchAttributes.ALL) {
      options.registerSearchAttribute(key.getName(), key.getValueType());
    }
    return TestWorkflowEnvironment.newInstance(options.build());
  }

  /** Adds a region whose worker does that. */
  public ScriptedRegions region(String name, Behaviour behaviour) {
    return region(RegionConfig.builder(name), behaviour);
  }

  /** Adds a region with settings. */
  public ScriptedRegions region(RegionConfig.Builder settings, Behaviour behaviour) {
    RegionConfig region = settings.build();
    regions.put(region.name(), region);
    behaviours.put(region.name(), behaviour);
    return this;
  }

  /** What local components give; without it, their inputs. */
  public ScriptedRegions components(Function<ComponentRequest, JsonNode> component) {
    this.component = component;
    return this;
  }

  /** Lets local components answer nothing at all. */
  public ScriptedRegions componentsGiveNothing() {
    this.componentsGive = false;
    return this;
  }

  /** Lets health probes of that region find it ill from now on, or well again. */
  ScriptedRegions ill(String region, boolean isIll) {
    if (isIll) {
      ill.add(region);
    } else {
      ill.remove(region);
    }
    return this;
  }

  private RegionHealth health(String region) {
    return ill.contains(region)
        ? new RegionHealth(false, "degraded", 1L, 0.0, 10, "its disk is full")
        : new RegionHealth(true, "healthy", 1L, 0.0, 10, null);
  }

  /** Adds a region that has no worker. */
  ScriptedRegions withoutWorker(String name) {
    regions.put(name, RegionConfig.builder(name).build());
    return this;
  }

  /** Starts the workers. */
  public ScriptedRegions start() {
    return start(FederationConfig.builder());
  }

  /** Starts the workers with federation-wide settings. */
  public ScriptedRegions start(FederationConfig.Builder federation) {
    world = new FakeWorld(federation.regions(List.copyOf(regions.values())).build());
    Worker control = environment.newWorker(FederatedQueues.CONTROL);
    control.registerWorkflowImplementationFactory(
        FederatedStageWorkflow.class,
        () -> new FederatedStageWorkflowImpl(world, Aggregator.BUILT_IN));
    control.registerWorkflowImplementationFactory(
        PipelineWorkflow.class, () -> new PipelineWorkflowImpl(world, Aggregator.BUILT_IN));
    control.registerActivitiesImplementations(
        (ExecuteComponentActivity)
            request -> {
              components.add(request);
              return componentsGive
                  ? new ComponentResponse(component.apply(request), 1, 0, 0)
                  : null;
            });
    behaviours.forEach(
        (region, behaviour) -> {
          calls.put(region, new AtomicInteger());
          Worker worker = environment.newWorker(FederatedQueues.ofRegion(region), REGION_WORKER);
          String endpoint = regions.get(region).nexusEndpoint();
          if (endpoint != null) {
            var unused =
                environment.createNexusEndpoint(endpoint, FederatedQueues.ofRegion(region));
            worker.registerNexusServiceImplementation(new FederatedRegionImpl());
            worker.registerWorkflowImplementationTypes(
                RegionExecutionWorkflowImpl.class, RegionProbeWorkflowImpl.class);
            world.knows(region, known -> known.nexusEndpoint(endpoint));
          }
          worker.registerActivitiesImplementations(
              (RemoteExecuteActivity)
                  request -> {
                    calls.get(region).incrementAndGet();
                    requests.add(request);
                    return behaviours.get(region).apply(request);
                  },
              (ProbeRegionActivity) this::health);
        });
    environment.start();
    return this;
  }

  public TestWorkflowEnvironment environment() {
    return environment;
  }

  public FakeWorld world() {
    return world;
  }

  int callsOf(String region) {
    return calls.get(region).get();
  }

  /** Runs a stage to its end, whatever it is. */
  FederatedStageResult run(FederatedStageConfig.Builder federation) {
    return run(federation, "{}");
  }

  FederatedStageResult run(FederatedStageConfig.Builder federation, String inputs) {
    return result(startStage(federation, inputs));
  }

  WorkflowStub startStage(FederatedStageConfig.Builder federation, String inputs) {
    return startStage(null, federation, inputs);
  }

  /** Starts a stage under a workflow id; null for any. */
  WorkflowStub startStage(
      @Nullable String workflowId, FederatedStageConfig.Builder federation, String inputs) {
    WorkflowOptions.Builder options =
        WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL);
    if (workflowId != null) {
      options.setWorkflowId(workflowId);
    }
    WorkflowStub stub =
        client().newUntypedWorkflowStub(FederatedStageWorkflow.TYPE, options.build());
    stub.start(
        new StageRequest("process", "transformer", json("{}"), json(inputs), federation.build()));
    return stub;
  }

  /** A workflow on the control queue under that id, not started yet. */
  WorkflowStub control(String type, String workflowId) {
    return client()
        .newUntypedWorkflowStub(
            type,
            WorkflowOptions.newBuilder()
                .setTaskQueue(FederatedQueues.CONTROL)
                .setWorkflowId(workflowId)
                .build());
  }

  static FederatedStageResult result(WorkflowStub stub) {
    try {
      return stub.getResult(FederatedStageResult.class);
    } catch (WorkflowFailedException e) {
      FederatedStageResult result = Federation.resultOf(e.getCause());
      if (result == null) {
        throw e;
      }
      return result;
    }
  }

  public WorkflowClient client() {
    return environment.getWorkflowClient();
  }

  /** The histories of all stages and pipelines that have ended. */
  List<WorkflowExecutionHistory> histories() {
    ListClosedWorkflowExecutionsResponse closed =
        environment
            .getWorkflowServiceStubs()
            .blockingStub()
            .listClosedWorkflowExecutions(
                ListClosedWorkflowExecutionsRequest.newBuilder()
                    .setNamespace(environment.getNamespace())
                    .build());
    return closed.getExecutionsList().stream()
        .filter(
            workflow ->
                List.of(FederatedStageWorkflow.TYPE, PipelineWorkflow.TYPE)
                    .contains(workflow.getType().getName()))
        .map(WorkflowExecutionInfo::getExecution)
        .map(workflow -> client().fetchHistory(workflow.getWorkflowId(), workflow.getRunId()))
        .toList();
  }

  /** The bytes of scheduled activities, one number for each workflow task that scheduled any. */
  public List<Long> commandBytesByTask(WorkflowStub workflow) {
    Map<Long, Long> bytes = new LinkedHashMap<>();
    for (HistoryEvent event :
        client().fetchHistory(workflow.getExecution().getWorkflowId()).getEvents()) {
      if (event.hasActivityTaskScheduledEventAttributes()) {
        var scheduled = event.getActivityTaskScheduledEventAttributes();
        bytes.merge(
            scheduled.getWorkflowTaskCompletedEventId(),
            (long) scheduled.getSerializedSize(),
            Long::sum);
      }
    }
    return List.copyOf(bytes.values());
  }

  @Override
  public void close() {
    try (Replayer replayer = new Replayer(client())) {
      histories().forEach(replayer::replay);
    } finally {
      environment.close();
    }
  }

  public static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Behaviour answers(String output) {
    return request -> response(json(output));
  }

  static RemoteResponse response(JsonNode output) {
    int attempt = Activity.getExecutionContext().getInfo().getAttempt();
    return new RemoteResponse(output == null ? NullNode.instance : output, 0, null, attempt, 1);
  }

  /** Fails in a way that Temporal retries. */
  public static Behaviour unavailable() {
    return request -> {
      throw failure(FailureType.REGION_UNAVAILABLE, true, null);
    };
  }

  /** Fails for good. */
  public static Behaviour refuses(FailureType type, Integer status) {
    return request -> {
      throw failure(type, false, status);
    };
  }

  /** Fails that many times, then does something else. */
  static Behaviour failsTimes(int times, Behaviour then) {
    return request -> {
      if (Activity.getExecutionContext().getInfo().getAttempt() <= times) {
        throw failure(FailureType.REGION_UNAVAILABLE, true, 503);
      }
      return then.apply(request);
    };
  }

  /** Runs until it is cancelled. */
  public static Behaviour hangs(CountDownLatch cancelled) {
    return request -> {
      try {
        while (true) {
          Activity.getExecutionContext().heartbeat(new RemoteFailure(1, 0, null));
          // Waits without a sleep: the latch opens only when the test ends.
          if (cancelled.await(20, TimeUnit.MILLISECONDS)) {
            return response(NullNode.instance);
          }
        }
      } catch (ActivityCompletionException e) {
        cancelled.countDown();
        throw e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    };
  }

  static ApplicationFailure failure(FailureType type, boolean retryable, Integer status) {
    int attempt = Activity.getExecutionContext().getInfo().getAttempt();
    RemoteFailure detail = new RemoteFailure(attempt, 1, status);
    String message = type.wireName() + " of a test";
    return retryable
        ? ApplicationFailure.newFailure(message, type.wireName(), detail)
        : ApplicationFailure.newNonRetryableFailure(message, type.wireName(), detail);
  }

  public List<String> calledRegions() {
    List<String> names = new ArrayList<>();
    requests.forEach(request -> names.add(request.region()));
    return names;
  }
}
