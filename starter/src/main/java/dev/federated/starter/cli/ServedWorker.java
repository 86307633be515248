package dev.federated.starter.cli;

import com.codahale.metrics.MetricRegistry;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.operations.Check;
import dev.federated.worker.operations.OperationsServer;
import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Workers with their metrics and probes. */
final class ServedWorker implements AutoCloseable {
  /** What running executions get to finish when the process is asked to stop. */
  private static final Duration DRAIN = Duration.ofSeconds(8);

  private static final long READY_SECONDS = 2;

  private final FederationWorker worker;
  private final @Nullable OperationsServer operations;

  private ServedWorker(FederationWorker worker, @Nullable OperationsServer operations) {
    this.worker = worker;
    this.operations = operations;
  }

  /**
   * Starts them.
   *
   * @param metrics the options of the command
   * @param defaultPort the port of metrics without the option; null for none
   */
  static ServedWorker start(
      CommandContext context,
      WorkflowClient client,
      FederationFile file,
      WorkerRoles roles,
      MetricsOptions metrics,
      @Nullable Integer defaultPort) {
    Integer port = metrics.port(defaultPort);
    MetricRegistry registry = new MetricRegistry();
    FederationWorker worker =
        FederationWorker.start(
            client,
            file,
            roles,
            context.environment(),
            ServerSession.databaseFile(context),
            registry,
            DRAIN);
    if (port == null) {
      return new ServedWorker(worker, null);
    }
    try {
      Check ready = () -> notReady(worker, client);
      return new ServedWorker(
          worker, OperationsServer.start(metrics.host(), port, registry, Check.PASSING, ready));
    } catch (IOException e) {
      worker.close();
      throw CommandException.badInput(
          "--metrics-port",
          "cannot bind %s:%d: %s".formatted(metrics.host(), port, e.getMessage()));
    }
  }

  private static Optional<String> notReady(FederationWorker worker, WorkflowClient client) {
    if (!worker.polling()) {
      return Optional.of("the workers do not poll");
    }
    try {
      var unused =
          client
              .getWorkflowServiceStubs()
              .blockingStub()
              .withDeadlineAfter(READY_SECONDS, TimeUnit.SECONDS)
              .describeNamespace(
                  DescribeNamespaceRequest.newBuilder()
                      .setNamespace(client.getOptions().getNamespace())
                      .build());
      return Optional.empty();
    } catch (StatusRuntimeException e) {
      return Optional.of("the Temporal server does not answer: " + e.getStatus().getCode());
    }
  }

  /** Where metrics and probes are served, if they are. */
  Optional<URI> operations() {
    return Optional.ofNullable(operations).map(OperationsServer::uri);
  }

  @Override
  public void close() {
    worker.close();
    if (operations != null) {
      operations.close();
    }
  }
}
