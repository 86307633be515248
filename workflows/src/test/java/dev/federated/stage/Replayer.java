package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.PipelineWorkflowImpl;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.common.interceptors.WorkerInterceptorBase;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptorBase;
import io.temporal.common.interceptors.WorkflowOutboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowOutboundCallsInterceptorBase;
import io.temporal.testing.WorkflowReplayer;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Replays histories with the workflows of this module, in a world that must not be asked anything.
 * Temporal compares the kinds and ids of commands only; what decides here is also in which order
 * the regions' queues and the child workflows come.
 */
final class Replayer implements AutoCloseable {
  /** Loading the classes of a workflow may take longer than Temporal's second on a busy machine. */
  private static final Duration LONGEST_STEP = Duration.ofSeconds(30);

  private final WorkerFactory factory;
  private final Worker worker;
  private final List<String> scheduled = new CopyOnWriteArrayList<>();

  /** A replayer whose worker belongs to the client and is never started. */
  Replayer(WorkflowClient client) {
    factory =
        WorkerFactory.newInstance(
            client,
            WorkerFactoryOptions.newBuilder().setWorkerInterceptors(new Scheduled()).build());
    worker =
        factory.newWorker(
            "replay",
            WorkerOptions.newBuilder()
                .setDefaultDeadlockDetectionTimeout(LONGEST_STEP.toMillis())
                .build());
    World world = new UnaskedWorld();
    worker.registerWorkflowImplementationFactory(
        FederatedStageWorkflow.class,
        () -> new FederatedStageWorkflowImpl(world, Aggregator.BUILT_IN));
    worker.registerWorkflowImplementationFactory(
        PipelineWorkflow.class, () -> new PipelineWorkflowImpl(world, Aggregator.BUILT_IN));
  }

  /**
   * Replays a history.
   *
   * @throws AssertionError if the workflow does now anything else than it did then
   */
  void replay(WorkflowExecutionHistory history) {
    scheduled.clear();
    try {
      WorkflowReplayer.replayWorkflowExecution(history, worker);
    } catch (Exception e) {
      throw new AssertionError("a replay went another way than " + history.toJson(true), e);
    }
    // What is scheduled and cancelled in one workflow task is in no history.
    assertThat(scheduled).containsSubsequence(recorded(history));
  }

  private static List<String> recorded(WorkflowExecutionHistory history) {
    List<String> recorded = new ArrayList<>();
    for (HistoryEvent event : history.getEvents()) {
      if (event.hasActivityTaskScheduledEventAttributes()) {
        var activity = event.getActivityTaskScheduledEventAttributes();
        recorded.add(
            activity.getActivityType().getName() + " " + activity.getTaskQueue().getName());
      } else if (event.hasNexusOperationScheduledEventAttributes()) {
        var operation = event.getNexusOperationScheduledEventAttributes();
        recorded.add(operation.getOperation() + " " + operation.getEndpoint());
      } else if (event.hasStartChildWorkflowExecutionInitiatedEventAttributes()) {
        var child = event.getStartChildWorkflowExecutionInitiatedEventAttributes();
        recorded.add(child.getWorkflowType().getName() + " " + child.getWorkflowId());
      }
    }
    return recorded;
  }

  @Override
  public void close() {
    factory.shutdownNow();
  }

  /** Notes what a workflow schedules. */
  private final class Scheduled extends WorkerInterceptorBase {
    @Override
    public WorkflowInboundCallsInterceptor interceptWorkflow(WorkflowInboundCallsInterceptor next) {
      return new WorkflowInboundCallsInterceptorBase(next) {
        @Override
        public void init(WorkflowOutboundCallsInterceptor outbound) {
          super.init(new Outbound(outbound));
        }
      };
    }
  }

  private final class Outbound extends WorkflowOutboundCallsInterceptorBase {
    Outbound(WorkflowOutboundCallsInterceptor next) {
      super(next);
    }

    @Override
    public <R> ActivityOutput<R> executeActivity(ActivityInput<R> input) {
      scheduled.add(input.getActivityName() + " " + input.getOptions().getTaskQueue());
      return super.executeActivity(input);
    }

    @Override
    public <R> ExecuteNexusOperationOutput<R> executeNexusOperation(
        ExecuteNexusOperationInput<R> input) {
      scheduled.add(input.getOperation() + " " + input.getEndpoint());
      return super.executeNexusOperation(input);
    }

    @Override
    public <R> ChildWorkflowOutput<R> executeChildWorkflow(ChildWorkflowInput<R> input) {
      scheduled.add(input.getWorkflowType() + " " + input.getWorkflowId());
      return super.executeChildWorkflow(input);
    }
  }

  /** What a replay reads from it is not in the history, and what it tells was told before. */
  private static final class UnaskedWorld implements World {
    @Override
    public WorldSnapshot snapshot(StageRequest request, String runKey) {
      throw new AssertionError("a replay took a snapshot");
    }

    @Override
    public RoutingDecision explain(FederatedStageConfig stage) {
      throw new AssertionError("a replay asked for an explanation");
    }

    @Override
    public List<RegionSnapshot> everyRegion() {
      throw new AssertionError("a replay asked for regions");
    }

    @Override
    public void started(String executionKey, String region) {
      throw new AssertionError("a replay told that an execution was started");
    }

    @Override
    public void ended(String executionKey, String region, ExecutionEnd end) {
      throw new AssertionError("a replay told that an execution ended");
    }

    @Override
    public void hedgeEnded(String executionKey, String region, HedgeOutcome outcome) {
      throw new AssertionError("a replay told that a hedge ended");
    }

    @Override
    public void hedgesStarted(String runKey, int started) {
      throw new AssertionError("a replay gave hedges back");
    }

    @Override
    public void stageEnded(
        String runKey,
        FederationStrategy strategy,
        StageOutcome outcome,
        long latencyMs,
        List<String> left) {
      throw new AssertionError("a replay told that a stage ended");
    }

    @Override
    public @Nullable Boolean polled(String region) {
      throw new AssertionError("a replay asked for pollers");
    }
  }
}
