package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.worker.node.NodeProcess;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kill a region, see the stage parked, bring the region back, resume: as an operator does it. */
@Timeout(120)
class ResumeCommandTest {
  @TempDir Path directory;
  private LocalServer server;
  private int port;

  @BeforeEach
  void start() throws Exception {
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - name: us
          - name: eu
            endpoint: http://127.0.0.1:%d
          - name: spare
        health_check_interval_seconds: 0.2
        """
            .formatted(port));
    Files.writeString(
        directory.resolve("stage.json"),
        """
        {"id": "spread", "federation": {"regions": ["us", "eu"], "aggregation": "all",
         "max_retries": 0, "on_partial_failure": "wait"}}
        """);
    Files.writeString(
        directory.resolve("pipeline.json"),
        """
        {"id": "p", "stages": [
          {"id": "spread", "federation": {"regions": ["us", "eu"], "aggregation": "all",
           "max_retries": 0, "on_partial_failure": "wait"}},
          {"id": "after", "depends_on": ["spread"]}]}
        """);
    server = LocalServer.start(directory).with(directory, "federation.yaml", Map.of());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private CommandRun federate(String... arguments) {
    return CommandRun.of(directory, server.environment(), arguments);
  }

  private NodeProcess eu() throws Exception {
    return NodeProcess.start(
        new NodeProcess.Address("eu", "127.0.0.1", port), null, null, Map.of(), problem -> {});
  }

  @Test
  void aStageThatWaitsIsExit4WithTheCommandsThatResumeIt() throws Exception {
    CommandRun run = federate("stage", "stage.json", "--input", "7", "-o", "json");

    assertThat(run.exitCode()).isEqualTo(4);
    String id = run.json().path("workflow_id").asText();
    assertThat(run.json().path("outcome").asText()).isEqualTo("waiting");
    assertThat(run.json().at("/parked/0/failed_regions").has("eu")).isTrue();
    assertThat(run.json().path("resume").get(0).asText())
        .isEqualTo("federate resume " + id + " --retry eu");

    CommandRun wrong = federate("resume", id, "--retry", "us");
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("us has no failed share");

    CommandRun again = federate("resume", id, "--retry", "eu");
    assertThat(again.exitCode()).isEqualTo(4);

    try (NodeProcess eu = eu()) {
      CommandRun resumed = federate("resume", id, "--retry", "eu", "-o", "json");
      assertThat(resumed.exitCode()).as(resumed.err()).isZero();
      assertThat(resumed.json().path("outcome").asText()).isEqualTo("succeeded");
      assertThat(resumed.json().path("aggregated").toString()).isEqualTo("[7,7]");
      assertThat(resumed.json().at("/region_results/us/attempts").asInt()).isEqualTo(1);
      assertThat(eu.endpoint()).isNotNull();
    }
  }

  @Test
  void aPipelineWaitsWithItsStageAndIsResumedByItsOwnId() {
    CommandRun run = federate("run", "pipeline.json", "--input", "7", "-o", "json");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(4);
    String id = run.json().path("workflow_id").asText();

    CommandRun resumed = federate("resume", id, "--retry", "eu", "--in", "spare", "-o", "json");

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    JsonNode stages = resumed.json().path("stages");
    assertThat(stages.at("/spread/result/region_results/eu/executed_in").asText())
        .isEqualTo("spare");
    assertThat(stages.at("/after/output").toString()).isEqualTo("[7,7]");
  }

  @Test
  void whatIsThereCanBeAcceptedOrGivenUp() {
    String accepted =
        federate("stage", "stage.json", "--input", "7", "-o", "json")
            .json()
            .path("workflow_id")
            .asText();
    assertThat(federate("resume", accepted, "--accept").exitCode()).isEqualTo(3);
    assertThat(federate("resume", accepted, "--accept").exitCode()).isEqualTo(2);

    String aborted =
        federate("stage", "stage.json", "--input", "7", "-o", "json")
            .json()
            .path("workflow_id")
            .asText();
    assertThat(federate("resume", aborted, "--abort").exitCode()).isEqualTo(1);
  }

  @Test
  void aClosedStageIsRedrivenElsewhereAndWhatSucceededIsNotExecutedAgain() {
    String id =
        federate("stage", "stage.json", "--input", "7", "-o", "json")
            .json()
            .path("workflow_id")
            .asText();
    assertThat(federate("redrive", id).exitCode()).isEqualTo(2);
    federate("resume", id, "--abort");

    CommandRun redriven = federate("redrive", id, "--in", "eu=spare", "-o", "json");

    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    JsonNode result = redriven.json();
    assertThat(result.path("workflow_id").asText()).isEqualTo(id + "~r1");
    assertThat(result.path("redrive_of").asText()).isEqualTo(id);
    assertThat(result.path("aggregated").toString()).isEqualTo("[7,7]");
    assertThat(result.at("/region_results/eu/executed_in").asText()).isEqualTo("spare");
    assertThat(
            client()
                .getWorkflowServiceStubs()
                .blockingStub()
                .getWorkflowExecutionHistory(
                    io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest
                        .newBuilder()
                        .setNamespace("default")
                        .setExecution(
                            io.temporal.api.common.v1.WorkflowExecution.newBuilder()
                                .setWorkflowId(id + "~r1"))
                        .build())
                .getHistory()
                .getEventsList())
        .filteredOn(event -> event.hasActivityTaskScheduledEventAttributes())
        .singleElement()
        .satisfies(
            event ->
                assertThat(event.getActivityTaskScheduledEventAttributes().getTaskQueue().getName())
                    .isEqualTo("federation.spare"));
  }

  @Test
  void aFailedPipelineIsRedrivenFromItsFailedStage() throws Exception {
    CommandRun run = federate("run", "pipeline.json", "--input", "7", "-o", "json");
    String id = run.json().path("workflow_id").asText();
    assertThat(federate("resume", id, "--abort").exitCode()).isEqualTo(1);

    CommandRun redriven = federate("redrive", id, "--in", "eu=spare", "-o", "json");

    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    assertThat(redriven.json().at("/stages/after/output").toString()).isEqualTo("[7,7]");
    assertThat(redriven.json().path("redrive_of").asText()).isEqualTo(id);
  }

  @Test
  void aCancelledStageTellsWhatItsRegionsHadDoneAndIsRedriven() {
    String id =
        federate("stage", "stage.json", "--input", "7", "-o", "json")
            .json()
            .path("workflow_id")
            .asText();
    client().newUntypedWorkflowStub(id).cancel();
    Awaitility.await()
        .until(
            () ->
                client().newUntypedWorkflowStub(id).describe().getStatus()
                    == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED);

    CommandRun shown = federate("show", id, "-o", "json");
    assertThat(shown.json().at("/region_results/us/status").asText()).isEqualTo("succeeded");
    assertThat(shown.json().at("/region_results/eu/status").asText()).isEqualTo("failed");
    assertThat(shown.json().at("/error/type").asText()).isEqualTo("Cancelled");

    CommandRun redriven = federate("redrive", id, "--in", "eu=spare", "-o", "json");
    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    assertThat(redriven.json().path("aggregated").toString()).isEqualTo("[7,7]");
    assertThat(redriven.json().at("/region_results/us/attempts").asInt()).isEqualTo(1);
  }

  @Test
  void aTerminatedStageIsRedrivenFromItsHistory() {
    String id =
        federate("stage", "stage.json", "--input", "7", "-o", "json")
            .json()
            .path("workflow_id")
            .asText();
    client().newUntypedWorkflowStub(id).terminate("of a test");

    CommandRun redriven = federate("redrive", id, "--in", "eu=spare", "-o", "json");

    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    assertThat(redriven.json().path("aggregated").toString()).isEqualTo("[7,7]");
    assertThat(redriven.json().at("/region_results/us/attempts").asInt()).isEqualTo(1);
  }

  /**
   * Runs a pipeline with a stage that is done and one of which eu failed, and waits for a person.
   */
  private String waitingPipeline(String execution) throws Exception {
    Files.writeString(
        directory.resolve("halfway.json"),
        """
        {"id": "h", "federation": {"execution": "%s"}, "stages": [
          {"id": "done", "federation": {"regions": ["us"]}},
          {"id": "spread", "depends_on": ["done"],
           "federation": {"regions": ["us", "eu"], "aggregation": "all",
           "max_retries": 0, "on_partial_failure": "wait"}},
          {"id": "after", "depends_on": ["spread"]}]}
        """
            .formatted(execution));
    CommandRun run = federate("run", "halfway.json", "--input", "7", "-o", "json");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(4);
    return run.json().path("workflow_id").asText();
  }

  /** Redrives a stopped pipeline, and shows from its history that only eu's share was executed. */
  private void redriveRunsOnlyWhatHadNotSucceeded(String id, String execution) {
    CommandRun redriven = federate("redrive", id, "--in", "eu=spare", "-o", "json");

    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    assertThat(redriven.json().at("/stages/after/output").toString()).isEqualTo("[7,7]");
    assertThat(redriven.json().at("/stages/spread/result/region_results/us/attempts").asInt())
        .isEqualTo(1);
    String next = id + "~r1";
    assertThat(remoteQueues(execution.equals("child") ? next + ":spread" : next))
        .containsExactly("federation.spare");
    assertThat(client().fetchHistory(next).getEvents())
        .filteredOn(event -> event.hasStartChildWorkflowExecutionInitiatedEventAttributes())
        .hasSize(execution.equals("child") ? 1 : 0);
  }

  private List<String> remoteQueues(String workflowId) {
    return client().fetchHistory(workflowId).getEvents().stream()
        .filter(HistoryEvent::hasActivityTaskScheduledEventAttributes)
        .map(event -> event.getActivityTaskScheduledEventAttributes().getTaskQueue().getName())
        .filter(queue -> queue.startsWith("federation."))
        .toList();
  }

  private void awaitClosed(String id) {
    Awaitility.await()
        .until(
            () ->
                client().newUntypedWorkflowStub(id).describe().getStatus()
                    != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING);
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aCancelledPipelineTellsWhatItsStagesHadDoneAndIsRedriven(String execution) throws Exception {
    String id = waitingPipeline(execution);
    client().newUntypedWorkflowStub(id).cancel();
    awaitClosed(id);

    CommandRun shown = federate("show", id, "-o", "json");
    assertThat(shown.json().at("/error/type").asText()).isEqualTo("Cancelled");
    assertThat(shown.json().at("/stages/done/status").asText()).isEqualTo("succeeded");
    assertThat(shown.json().at("/stages/spread/status").asText()).isEqualTo("cancelled");
    assertThat(shown.json().at("/stages/after/status").asText()).isEqualTo("skipped");
    JsonNode spread = shown.json().at("/stages/spread/result/region_results");
    assertThat(spread.at("/us/status").asText()).isEqualTo("succeeded");
    assertThat(spread.at("/eu/status").asText()).isEqualTo("failed");

    redriveRunsOnlyWhatHadNotSucceeded(id, execution);
  }

  @Test
  void aTerminatedPipelineIsRedrivenFromItsHistoryOnceItsStagesHaveEnded() throws Exception {
    String id = waitingPipeline("child");
    client().newUntypedWorkflowStub(id).terminate("of a test");

    CommandRun early = federate("redrive", id);
    assertThat(early.exitCode()).isEqualTo(2);
    assertThat(early.err()).contains("stage spread still runs as workflow " + id + ":spread");

    // A real server does that when it terminates the parent.
    client().newUntypedWorkflowStub(id + ":spread").cancel();
    awaitClosed(id + ":spread");
    redriveRunsOnlyWhatHadNotSucceeded(id, "child");
  }

  /**
   * A partition that was terminated left no record. Its split is computed from the snapshot in its
   * history; a corrected block does not change it.
   */
  @Test
  void aTerminatedPartitionIsRedrivenWithThePartsThatItHad() throws IOException {
    Files.writeString(
        directory.resolve("partition.json"),
        """
        {"id": "spread", "config": {"jmespath_expression": "sum(@)"},
         "federation": {"regions": ["us", "spare"], "distribution": "partition",
          "retry_on_failure": false, "on_partial_failure": "wait"}}
        """);
    Files.writeString(
        directory.resolve("corrected.json"),
        """
        {"id": "spread", "federation": {"regions": ["spare", "us"], "retry_on_failure": false}}
        """);
    String id =
        federate("stage", "partition.json", "--input", "[1, 2, 4, \"x\", 8]", "-o", "json")
            .json()
            .path("workflow_id")
            .asText();
    client().newUntypedWorkflowStub(id).terminate("of a test");

    CommandRun redriven = federate("redrive", id, "--with", "corrected.json", "-o", "json");

    assertThat(redriven.exitCode()).as(redriven.err()).isEqualTo(3);
    assertThat(redriven.json().path("aggregated").toString()).isEqualTo("[7.0]");
    assertThat(redriven.json().at("/region_results/us/items").asText()).isEqualTo("0-2");
    assertThat(redriven.json().at("/region_results/us/attempts").asInt()).isEqualTo(1);
    assertThat(redriven.json().at("/region_results/spare/items").asText()).isEqualTo("3-4");
  }

  private WorkflowClient client() {
    return server.client();
  }

  @Test
  void onTheServerInsideTheCommandAStageThatWouldWaitFails() {
    CommandRun run =
        CommandRun.of(
            directory, Map.of(), "stage", "stage.json", "--input", "7", "--embedded", "jvm");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("would wait for a decision");
  }
}
