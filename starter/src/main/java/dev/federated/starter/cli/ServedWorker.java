package dev.federated.starter.cli;

import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.client.WorkflowClient;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Workers of a process that serves until it is stopped. */
final class ServedWorker implements AutoCloseable {
  /** What running executions get to finish when the process is asked to stop. */
  private static final Duration DRAIN = Duration.ofSeconds(8);

  private static final long READY_SECONDS = 2;

  private final FederationWorker worker;

  private ServedWorker(FederationWorker worker) {
    this.worker = worker;
  }

  /**
   * Starts them.
   *
   * @param operations shows their metrics and whether they are ready
   */
  static ServedWorker start(
      CommandContext context,
      WorkflowClient client,
      FederationFile file,
      WorkerRoles roles,
      Operations operations) {
    FederationWorker worker =
        FederationWorker.start(
            client,
            file,
            roles,
            context.environment(),
            ServerSession.databaseFile(context),
            operations.metrics(),
            context.traces(),
            DRAIN);
    operations.ready(() -> notReady(worker, client));
    return new ServedWorker(worker);
  }

  /** Serves until that is counted down. */
  void serve(CountDownLatch stopped) throws InterruptedException {
    stopped.await();
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

  @Override
  public void close() {
    worker.close();
  }
}
