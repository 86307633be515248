package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Federation;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationPlugin;
import io.temporal.client.WorkflowClient;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.List;

/** The Java of README.md, compiled and run by {@link ReadmeTest}. */
final class ReadmeExample {
  private ReadmeExample() {}

  /** A workflow of a user's application. */
  @WorkflowInterface
  public interface OrderWorkflow {
    @WorkflowMethod
    JsonNode price(JsonNode order);
  }

  /** Asks the cheapest region. */
  public static final class OrderWorkflowImpl implements OrderWorkflow {
    private final JsonNode config = JsonNodeFactory.instance.objectNode();

    @Override
    public JsonNode price(JsonNode order) {
      FederatedStageResult result =
          Federation.executeStage(
              new StageRequest(
                  "price",
                  "transformer",
                  config,
                  order,
                  FederatedStageConfig.builder()
                      .strategy(FederationStrategy.COST_OPTIMIZED)
                      .fallbackRegion("eu-west-1")
                      .build()));
      return result.aggregated();
    }
  }

  static WorkerFactory start(WorkflowClient client, FederationConfig federation) {
    FederationPlugin plugin =
        FederationPlugin.newBuilder(federation)
            .serveControl()
            .serveRegions(List.of("us-east-1", "eu-west-1"))
            .build();
    WorkerFactory factory =
        WorkerFactory.newInstance(
            client, WorkerFactoryOptions.newBuilder().setPlugins(plugin).build());
    factory.newWorker("orders").registerWorkflowImplementationTypes(OrderWorkflowImpl.class);
    factory.start();
    return factory;
  }

  static FederatedStageResult coordinate(WorkflowClient client, JsonNode inputs) {
    FederationCoordinator coordinator = new FederationCoordinator(client);
    FederatedStageResult result =
        coordinator.executeFederated(
            "process-data",
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.PARALLEL)
                .regions(List.of("us-east-1", "eu-west-1"))
                .aggregation(AggregationStrategy.ALL)
                .build(),
            inputs);
    return result;
  }
}
