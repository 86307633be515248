package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a stage records beside a workflow that somebody writes by hand with the same activities. How
 * many completions share a workflow task is a race, so that minima over some runs are compared.
 */
@Timeout(120)
@RealServer.Needed
class HistoryCostTest {
  private static final String BY_HAND = "by-hand";
  private static final int RUNS = 12;

  /** Answers that come together share a workflow task, which is a matter of luck for both. */
  private static final int MOST_RUNS = 60;

  @TempDir private Path directory;

  /** What somebody writes who calls three regions by hand. */
  @WorkflowInterface
  public interface ByHandWorkflow {
    @WorkflowMethod
    JsonNode execute(List<String> regions, JsonNode inputs);
  }

  /** Starts all, waits for all, returns all. */
  public static final class ByHandWorkflowImpl implements ByHandWorkflow {
    @Override
    public JsonNode execute(List<String> regions, JsonNode inputs) {
      List<Promise<RemoteResponse>> answers = new ArrayList<>();
      for (String region : regions) {
        RemoteRequest request =
            new RemoteRequest(
                region,
                "process",
                "transformer",
                JsonNodeFactory.instance.objectNode(),
                inputs,
                Workflow.getInfo().getWorkflowId() + "/" + region,
                FederationConfig.DEFAULT_MAX_OUTPUT_BYTES,
                CircuitBreakerConfig.DEFAULT,
                region);
        answers.add(
            Workflow.newUntypedActivityStub(
                    ActivityOptions.newBuilder()
                        .setTaskQueue(FederatedQueues.ofRegion(region))
                        .setStartToCloseTimeout(Duration.ofSeconds(30))
                        .setHeartbeatTimeout(Duration.ofSeconds(10))
                        .build())
                .executeAsync(RemoteExecuteActivity.REMOTE_EXECUTE, RemoteResponse.class, request));
      }
      Promise.allOf(answers).get();
      var outputs = JsonNodeFactory.instance.arrayNode();
      answers.forEach(answer -> outputs.add(answer.get().output()));
      return outputs;
    }
  }

  /**
   * What a history holds.
   *
   * @param others events that belong to no workflow task
   * @param workflowTasks workflow tasks, each of which has three events
   */
  private record Cost(long others, long workflowTasks) {
    static Cost of(WorkflowClient client, String workflowId) {
      List<HistoryEvent> events = client.fetchHistory(workflowId).getEvents();
      long tasks =
          events.stream()
              .filter(event -> event.getEventType() == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
              .count();
      return new Cost(events.size() - 3 * tasks, tasks);
    }

    Cost least(Cost other) {
      return new Cost(Math.min(others, other.others), Math.min(workflowTasks, other.workflowTasks));
    }
  }

  @Test
  void aStageRecordsOneEventMoreThanAWorkflowByHandAndNoMoreWorkflowTasks(RealServer server) {
    WorkflowClient client = server.client(server.newNamespace("history"));
    List<String> regions = List.of("one", "two", "three");
    FederationConfig federation =
        FederationConfig.of(
            regions.stream().map(name -> RegionConfig.builder(name).build()).toList());
    try (InProcessWorkers workers =
        InProcessWorkers.start(client, federation, regions, directory, HistoryCostTest::byHand)) {
      assertCost(workers.client(), regions, 1);
    }
  }

  @Test
  void searchAttributesAreOneEventMore(RealServer server, Deployment deployment) {
    WorkflowClient client = server.client(RealServer.DEFAULT_NAMESPACE);
    assertThat(deployment.node("us")).isNotNull();
    WorkerFactory factory =
        WorkerFactory.newInstance(client, WorkerFactoryOptions.getDefaultInstance());
    byHand(factory);
    factory.start();
    try {
      assertCost(client, List.of("us", "eu", "ap"), 2);
    } finally {
      factory.shutdownNow();
      factory.awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static void byHand(WorkerFactory factory) {
    factory.newWorker(BY_HAND).registerWorkflowImplementationTypes(ByHandWorkflowImpl.class);
  }

  private static void assertCost(WorkflowClient client, List<String> regions, int moreEvents) {
    JsonNode inputs = Json.of("{total: 42}");
    Cost byHand = new Cost(Long.MAX_VALUE, Long.MAX_VALUE);
    Cost stage = byHand;
    FederationCoordinator coordinator = new FederationCoordinator(client);
    for (int run = 0;
        run < RUNS || (run < MOST_RUNS && stage.workflowTasks() > byHand.workflowTasks());
        run++) {
      String id = "by-hand-" + UUID.randomUUID();
      ByHandWorkflow workflow =
          client.newWorkflowStub(
              ByHandWorkflow.class,
              WorkflowOptions.newBuilder().setTaskQueue(BY_HAND).setWorkflowId(id).build());
      assertThat(workflow.execute(regions, inputs)).hasSize(3);
      byHand = byHand.least(Cost.of(client, id));

      Execution<FederatedStageResult> execution =
          coordinator.startFederated(
              new StageRequest(
                  "process",
                  "transformer",
                  Json.of("{}"),
                  inputs,
                  FederatedStageConfig.builder()
                      .regions(regions)
                      .aggregation(AggregationStrategy.ALL)
                      .build()));
      FederatedStageResult result = execution.result();
      assertThat(result.outcome())
          .as("%s", result.regionResults())
          .isEqualTo(StageOutcome.SUCCEEDED);
      stage = stage.least(Cost.of(client, execution.workflowId()));
    }
    System.out.printf("history: by hand %s, as a stage %s%n", byHand, stage);
    assertThat(stage.others()).isLessThanOrEqualTo(byHand.others() + moreEvents);
    assertThat(stage.workflowTasks()).isLessThanOrEqualTo(byHand.workflowTasks());
  }
}
