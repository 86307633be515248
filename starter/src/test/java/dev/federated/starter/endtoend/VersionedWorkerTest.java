package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.SetWorkerDeploymentCurrentVersionRequest;
import io.temporal.client.WorkflowClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A control worker as a version of a Temporal worker deployment. */
@RealServer.Needed
@Timeout(90)
class VersionedWorkerTest {
  @TempDir Path directory;

  @Test
  void aStageRunsInTheVersionThatIsCurrent(RealServer server) {
    String namespace = server.newNamespace("versioned");
    WorkflowClient client = server.client(namespace);
    FederationConfig federation = FederationConfig.of(List.of(RegionConfig.builder("us").build()));
    WorkerRoles roles = new WorkerRoles(true, List.of("us")).inDeployment("federation", "1.0");
    FederationWorker worker =
        FederationWorker.start(
            client,
            new FederationFile("federation", directory.resolve("federation.yaml"), federation),
            roles,
            Map.of(),
            directory.resolve("data.db"),
            new MetricRegistry(),
            Duration.ofSeconds(1));
    try {
      await("the version is known to the server")
          .atMost(Duration.ofSeconds(40))
          .until(() -> makeCurrent(client, namespace));
      Execution<FederatedStageResult> execution =
          new FederationCoordinator(client)
              .startFederated(
                  new StageRequest(
                      "s",
                      "transformer",
                      Json.of("{}"),
                      Json.of("7"),
                      FederatedStageConfig.builder().build()));

      assertThat(execution.result().aggregated()).isEqualTo(Json.of("7"));
      assertThat(client.fetchHistory(execution.workflowId()).getEvents())
          .filteredOn(event -> event.hasWorkflowTaskCompletedEventAttributes())
          .isNotEmpty()
          .allSatisfy(
              event ->
                  assertThat(
                          event
                              .getWorkflowTaskCompletedEventAttributes()
                              .getDeploymentVersion()
                              .getBuildId())
                      .isEqualTo("1.0"));
    } finally {
      worker.close();
    }
  }

  private static boolean makeCurrent(WorkflowClient client, String namespace) {
    try {
      var unused =
          client
              .getWorkflowServiceStubs()
              .blockingStub()
              .setWorkerDeploymentCurrentVersion(
                  SetWorkerDeploymentCurrentVersionRequest.newBuilder()
                      .setNamespace(namespace)
                      .setDeploymentName("federation")
                      .setBuildId("1.0")
                      .setIgnoreMissingTaskQueues(true)
                      .build());
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }
}
