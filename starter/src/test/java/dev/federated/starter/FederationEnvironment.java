package dev.federated.starter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.model.FederationConfig;
import dev.federated.stage.FederatedQueues;
import dev.federated.worker.FederationPlugin;
import io.temporal.client.WorkflowClient;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerFactoryOptions;
import java.nio.file.Path;
import java.util.Map;

/** The in-JVM server with a control worker and the worker of every region of a federation. */
public final class FederationEnvironment implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FederationPlugin plugin;
  private final TestWorkflowEnvironment environment;

  private FederationEnvironment(FederationPlugin plugin, TestWorkflowEnvironment environment) {
    this.plugin = plugin;
    this.environment = environment;
  }

  /**
   * Starts it.
   *
   * @param directory where the embedded database is
   */
  public static FederationEnvironment start(FederationConfig federation, Path directory) {
    return start(
        FederationPlugin.newBuilder(federation)
            .databaseFile(directory.resolve("data.db"))
            .environment(Map.of())
            .serveControl()
            .serveRegions(federation.regionNames())
            .build());
  }

  /** Starts it with that plugin's workers. */
  public static FederationEnvironment start(FederationPlugin plugin) {
    TestWorkflowEnvironment environment =
        TestWorkflowEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder()
                .setWorkerFactoryOptions(
                    WorkerFactoryOptions.newBuilder().setPlugins(plugin).build())
                .build());
    environment.start();
    return new FederationEnvironment(plugin, environment);
  }

  public WorkflowClient client() {
    return environment.getWorkflowClient();
  }

  public FederationCoordinator coordinator() {
    return new FederationCoordinator(client());
  }

  /**
   * Replays a history with this environment's control worker.
   *
   * @throws Exception if the worker would decide otherwise than the history says
   */
  public void replay(WorkflowExecutionHistory history) throws Exception {
    environment
        .getWorkerFactory()
        .getWorker(FederatedQueues.CONTROL)
        .replayWorkflowExecution(history);
  }

  /** JSON as Java text. */
  public static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  @Override
  public void close() {
    environment.close();
    plugin.close();
  }
}
