package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Federation;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import io.temporal.api.enums.v1.EventType;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@RealServer.Needed
class ApplicationTest {
  private static final String QUEUE = "orders";
  private static final int MANY = 500;

  @TempDir private Path directory;

  /** A workflow of a user's application. */
  @WorkflowInterface
  public interface OrderWorkflow {
    @WorkflowMethod
    String total(String region);
  }

  /** Calls a federated stage in the middle of its own work. */
  public static final class OrderWorkflowImpl implements OrderWorkflow {
    @Override
    public String total(String region) {
      StageRequest request =
          new StageRequest(
              "price",
              "transformer",
              Json.of("{jmespath_expression: 'amount'}"),
              Json.of("{amount: 20}"),
              FederatedStageConfig.builder()
                  .regions(List.of("near", region))
                  .aggregation(AggregationStrategy.REDUCE)
                  .minRegions(2)
                  .maxRetries(0)
                  .queueTimeoutSeconds(1.0)
                  .build());
      try {
        FederatedStageResult result = Federation.executeStage(request);
        return result.aggregated() + " by " + result.workflowId();
      } catch (FederatedStageException e) {
        return e.result().outcome() + " in " + e.result().failedRegions();
      }
    }
  }

  @Test
  void workflowOfAUsersApplicationRunsStagesThroughThePlugin(RealServer server) {
    WorkflowClient client = server.client(server.newNamespace("application"));
    FederationConfig federation =
        FederationConfig.of(
            List.of(
                RegionConfig.builder("near").build(),
                RegionConfig.builder("far").build(),
                RegionConfig.builder("gone").build()));
    try (InProcessWorkers workers =
        InProcessWorkers.start(
            client,
            federation,
            List.of("near", "far"),
            directory,
            factory ->
                factory
                    .newWorker(QUEUE)
                    .registerWorkflowImplementationTypes(OrderWorkflowImpl.class))) {
      assertThat(order(workers.client(), "order-1").total("gone")).isEqualTo("FAILED in [gone]");
      assertThat(order(workers.client(), "order-2").total("far")).isEqualTo("40 by order-2:price");
    }
  }

  private static OrderWorkflow order(WorkflowClient client, String id) {
    return client.newWorkflowStub(
        OrderWorkflow.class,
        WorkflowOptions.newBuilder().setTaskQueue(QUEUE).setWorkflowId(id).build());
  }

  @Test
  void oneStageRunsIn500Regions(RealServer server) {
    WorkflowClient client = server.client(server.newNamespace("many-regions"));
    List<RegionConfig> regions =
        IntStream.range(0, MANY)
            .mapToObj(
                i -> RegionConfig.builder("region-%03d".formatted(i)).maxConcurrent(1).build())
            .toList();
    FederationConfig federation = FederationConfig.of(regions);
    try (InProcessWorkers workers =
        InProcessWorkers.start(
            client, federation, federation.regionNames(), directory, factory -> {})) {
      Execution<FederatedStageResult> execution =
          new FederationCoordinator(workers.client())
              .startFederated(
                  new StageRequest(
                      "everywhere",
                      "transformer",
                      Json.of("{}"),
                      Json.of("1"),
                      FederatedStageConfig.builder()
                          .aggregation(AggregationStrategy.REDUCE)
                          .build()));
      FederatedStageResult result = execution.result();

      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.successfulRegions()).hasSize(MANY);
      assertThat(result.aggregated()).isEqualTo(Json.of("500"));
      assertThat(result.latencyMs()).isLessThan(60_000);
      long failed =
          client.fetchHistory(execution.workflowId()).getEvents().stream()
              .filter(event -> event.getEventType() == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED)
              .count();
      System.out.printf(
          "500 regions: %d ms, %d workflow tasks failed on the way%n", result.latencyMs(), failed);
      assertThat(failed).as("workflow tasks that failed and were repeated").isLessThan(10);
    }
  }
}
