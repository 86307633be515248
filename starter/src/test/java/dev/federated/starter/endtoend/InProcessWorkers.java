package dev.federated.starter.endtoend;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FederationConfig;
import dev.federated.worker.FederationPlugin;
import io.temporal.client.WorkflowClient;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One worker factory in the test's JVM: a user's own workers with the plugin beside them. */
final class InProcessWorkers implements AutoCloseable {
  private final FederationPlugin plugin;
  private final WorkerFactory factory;

  private InProcessWorkers(FederationPlugin plugin, WorkerFactory factory) {
    this.plugin = plugin;
    this.factory = factory;
  }

  /**
   * Starts a control worker, workers of those regions, and the user's.
   *
   * @param own registers the user's workers
   */
  static InProcessWorkers start(
      WorkflowClient client,
      FederationConfig federation,
      List<String> regions,
      Path directory,
      Consumer<WorkerFactory> own) {
    FederationPlugin plugin =
        FederationPlugin.newBuilder(federation)
            .serveControl()
            .serveRegions(regions)
            .environment(Map.of())
            .databaseFile(directory.resolve("data.db"))
            .metrics(new MetricRegistry())
            .build();
    WorkerFactory factory =
        WorkerFactory.newInstance(
            client, WorkerFactoryOptions.newBuilder().setPlugins(plugin).build());
    own.accept(factory);
    factory.start();
    return new InProcessWorkers(plugin, factory);
  }

  /** The client that the workers use. */
  WorkflowClient client() {
    return factory.getWorkflowClient();
  }

  @Override
  public void close() {
    factory.shutdownNow();
    factory.awaitTermination(5, TimeUnit.SECONDS);
    plugin.close();
  }
}
