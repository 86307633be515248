package dev.federated.starter.cli;

import com.codahale.metrics.MetricRegistry;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.config.FederationFile;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A Temporal server inside this JVM, as {@code dev} serves it, for the commands of a test. */
final class LocalServer implements AutoCloseable {
  private final EmbeddedServer server;
  private final WorkflowServiceStubs stubs;
  private final WorkflowClient client;
  private final MetricRegistry metrics = new MetricRegistry();
  private final List<FederationWorker> workers = new ArrayList<>();

  private LocalServer(Path directory) {
    server = EmbeddedServer.jvm(EmbeddedServerOptions.builder(directory, Map.of()).build());
    stubs = TemporalConnection.plaintext(server.address()).connect();
    client = client(Map.of());
  }

  /** A server without workers. */
  static LocalServer start(Path directory) {
    return new LocalServer(directory);
  }

  /** Adds workers for the federation file of that name. */
  LocalServer with(Path directory, String file, Map<String, String> environment) {
    FederationFile federation = new FederationConfigLoader(environment, directory).load(file);
    return with(federation, WorkerRoles.all(federation.config()), environment);
  }

  /** Adds workers; what they write is encrypted if the environment has keys. */
  LocalServer with(FederationFile file, WorkerRoles roles, Map<String, String> environment) {
    Path database = file.path().resolveSibling("data.db");
    workers.add(
        FederationWorker.start(
            client(environment),
            file,
            roles,
            environment,
            database,
            metrics,
            Duration.ofSeconds(1)));
    return this;
  }

  /** Stops the workers that were added. */
  void stopWorkers() {
    Collections.reverse(workers);
    workers.forEach(FederationWorker::close);
    workers.clear();
  }

  /** A client without encryption keys. */
  WorkflowClient client() {
    return client;
  }

  /** A client with the encryption keys of that environment. */
  WorkflowClient client(Map<String, String> environment) {
    return WorkflowClient.newInstance(
        stubs, TemporalConnection.plaintext(address(), environment).clientOptions());
  }

  /** What all workers count in. */
  MetricRegistry metrics() {
    return metrics;
  }

  String address() {
    return server.address();
  }

  /** What a command needs to find the server. */
  Map<String, String> environment() {
    return Map.of("TEMPORAL_ADDRESS", address());
  }

  /** The same and more. */
  Map<String, String> environment(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.putAll(environment());
    return all;
  }

  @Override
  public void close() {
    stopWorkers();
    stubs.shutdownNow();
    server.close();
  }
}
