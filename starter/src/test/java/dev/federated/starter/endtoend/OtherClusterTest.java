package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.RegionExecutionWorkflow;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.node.NodeAnswer;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two servers: the stage is in one, and the region's worker in the other. */
@Timeout(120)
@RealServer.Needed
class OtherClusterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private static Path directory;

  private static KillableServer there;
  private static String home;

  @BeforeAll
  static void startTheOtherCluster(RealServer server) throws IOException {
    home = server.newNamespace("home-of-clusters");
    there = KillableServer.start(Files.createDirectory(directory.resolve("there")));
    Files.writeString(
        directory.resolve("temporal.toml"),
        """
        [profile.there]
        address = "127.0.0.1:%d"
        namespace = "default"
        [profile.nobody]
        address = "127.0.0.1:1"
        [profile.elsewhere]
        address = "127.0.0.1:%d"
        namespace = "no-such-namespace"
        [profile.unset]
        namespace = "default"
        """
            .formatted(there.port(), there.port()));
  }

  @AfterAll
  static void endTheOtherCluster() {
    there.close();
  }

  private static FederationFile federation(RegionConfig.Builder... regions) {
    FederationConfig config =
        FederationConfig.of(Stream.of(regions).map(RegionConfig.Builder::build).toList());
    return new FederationFile("federation.yaml", directory.resolve("federation.yaml"), config);
  }

  private static FederationWorker worker(
      WorkflowClient client, FederationFile file, boolean control, String... regions) {
    return FederationWorker.start(
        client,
        file,
        new WorkerRoles(control, List.of(regions)),
        environment(),
        directory.resolve("data.db"),
        new MetricRegistry(),
        Duration.ofSeconds(1));
  }

  private static Map<String, String> environment() {
    return Map.of(
        "TEMPORAL_CONFIG_FILE",
        directory.resolve("temporal.toml").toString(),
        // The connection of the process is not that of the profile.
        "TEMPORAL_ADDRESS",
        "127.0.0.1:2");
  }

  private static FederatedStageConfig.Builder block(String region) {
    return FederatedStageConfig.builder().regions(List.of(region)).timeoutSeconds(20.0);
  }

  private static FederationCoordinator coordinator(RealServer server) {
    return new FederationCoordinator(server.client(home));
  }

  private static StageRequest stage(String id, FederatedStageConfig block, String inputs) {
    return new StageRequest(
        id, "transformer", JsonNodeFactory.instance.objectNode(), Json.of(inputs), block);
  }

  private static FederatedStageResult run(RealServer server, StageRequest stage) {
    try {
      return coordinator(server).executeFederated(stage);
    } catch (FederatedStageException e) {
      return e.result();
    }
  }

  @Test
  void aWorkerWhoseProfileIsMissingOrHasNoAddressIsRefused() {
    FederationFile file =
        federation(
            RegionConfig.builder("a").inCluster("missing"),
            RegionConfig.builder("b").inCluster("unset"),
            RegionConfig.builder("c").inCluster("there"));

    assertThatThrownBy(
            () ->
                FederationWorker.checkSecrets(
                    file, new WorkerRoles(true, List.of()), environment()))
        .isInstanceOfSatisfying(
            InvalidDocumentException.class,
            refused ->
                assertThat(refused.problems())
                    .extracting(problem -> problem.message())
                    .satisfiesExactly(
                        first -> assertThat(first).contains("region a", "no profile 'missing'"),
                        second -> assertThat(second).contains("region b", "needs an address")));
  }

  @Test
  void aClusterThatIsAwayOrHasNoSuchNamespaceFailsTheRegionAndTakesTheFallback(RealServer server) {
    FederationFile file =
        federation(
            RegionConfig.builder("nobody").inCluster("nobody"),
            RegionConfig.builder("elsewhere").inCluster("elsewhere"),
            RegionConfig.builder("spare"));
    try (FederationWorker worker = worker(server.client(home), file, true, "spare")) {
      for (String region : List.of("nobody", "elsewhere")) {
        FederatedStageResult result =
            run(
                server,
                stage("s", block(region).maxRetries(0).fallbackRegion("spare").build(), "1"));

        RegionResult share = result.regionResults().get(region);
        assertThat(share.executedIn()).isEqualTo("spare");
        assertThat(share.hops().get(0).error().message())
            .contains("cluster of profile '" + region + "'");
        assertThat(share.hops().get(0).error().type())
            .isEqualTo(
                region.equals("nobody")
                    ? FailureType.REGION_UNAVAILABLE
                    : FailureType.REGION_REJECTED);
      }
      assertThat(worker.polling()).isTrue();
    }
  }

  @Test
  void aRegionWithoutAWorkerThereSaysSo(RealServer server) {
    FederationFile file = federation(RegionConfig.builder("empty").inCluster("there"));
    try (FederationWorker worker = worker(server.client(home), file, true)) {
      FederatedStageResult result =
          run(server, stage("s", block("empty").timeoutSeconds(8.0).maxRetries(0).build(), "1"));

      assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
      assertThat(result.regionResults().get("empty").error().type())
          .isEqualTo(FailureType.NO_WORKER_IN_REGION);
      assertThat(worker.polling()).isTrue();
    }
  }

  @Test
  void failuresComeBackWithTheirTypeAndAreRetriedByTheStage(RealServer server) {
    AtomicInteger calls = new AtomicInteger();
    try (TestNode node =
        TestNode.faulty(
            "far",
            (request, next) ->
                switch (calls.incrementAndGet()) {
                  case 1, 2 -> new NodeAnswer(503, Map.of(), "{}");
                  case 3 -> next.handle(request);
                  default -> new NodeAnswer(422, Map.of(), "{}");
                })) {
      FederationFile file = federation(far(node));
      try (FederationWorker far = worker(there.client(), file, false, "far");
          FederationWorker control = worker(server.client(home), file, true)) {
        RegionResult retried =
            run(server, stage("retried", block("far").retryDelaySeconds(0.1).build(), "{far: 1}"))
                .regionResults()
                .get("far");
        RegionResult rejected =
            run(server, stage("rejected", block("far").build(), "{far: 1}"))
                .regionResults()
                .get("far");

        assertThat(retried.status()).isEqualTo(RegionStatus.SUCCEEDED);
        assertThat(retried.attempts()).isEqualTo(3);
        assertThat(rejected.error().type()).isEqualTo(FailureType.REGION_REJECTED);
        assertThat(rejected.error().httpStatus()).isEqualTo(422);
        assertThat(rejected.attempts()).isEqualTo(1);
        assertThat(far.polling() && control.polling()).isTrue();
      }
    }
  }

  @Test
  void anExecutionSurvivesTheLossOfTheControlWorkerAndOfTheOtherServer(RealServer server)
      throws Exception {
    try (TestNode node = TestNode.start("far", null)) {
      FederationFile file = federation(far(node));
      try (FederationWorker far = worker(there.client(), file, false, "far")) {
        Execution<FederatedStageResult> execution;
        try (FederationWorker lost = worker(server.client(home), file, true)) {
          execution =
              coordinator(server)
                  .startFederated(
                      stage(
                          "held",
                          block("far").timeoutSeconds(60.0).build(),
                          "{far: 7, hold: ['far']}"));
          await().atMost(PATIENCE).until(() -> node.holds("held"));
          assertThat(lost.polling()).isTrue();
        }
        there.kill();
        there.restart();
        try (FederationWorker next = worker(server.client(home), file, true)) {
          node.release("held");
          RegionResult result = execution.result().regionResults().get("far");

          assertThat(result.status()).isEqualTo(RegionStatus.SUCCEEDED);
          assertThat(result.output()).isEqualTo(Json.of("7"));
          assertThat(node.executions().values()).containsOnly(1);
          assertThat(next.polling() && far.polling()).isTrue();
        }
      }
    }
  }

  @Test
  void aCancelledStageEndsItsExecutionThere(RealServer server) {
    try (TestNode node = TestNode.start("far", null)) {
      FederationFile file = federation(far(node));
      try (FederationWorker far = worker(there.client(), file, false, "far");
          FederationWorker control = worker(server.client(home), file, true)) {
        Execution<FederatedStageResult> execution =
            coordinator(server)
                .startFederated(
                    stage("cancelled", block("far").build(), "{far: 7, hold: ['far']}"));
        await().atMost(PATIENCE).until(() -> node.holds("cancelled"));

        execution.cancel();

        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    there
                        .client()
                        .listExecutions(
                            "WorkflowType = '%s'".formatted(RegionExecutionWorkflow.TYPE))
                        .anyMatch(
                            workflow ->
                                workflow.getStatus()
                                    == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED));
        assertThat(far.polling() && control.polling()).isTrue();
      }
    }
  }

  private static RegionConfig.Builder far(TestNode node) {
    return RegionConfig.builder("far").inCluster("there").endpoint(node.endpoint());
  }
}
