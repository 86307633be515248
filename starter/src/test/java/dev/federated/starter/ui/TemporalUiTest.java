package dev.federated.starter.ui;

import static dev.federated.starter.FederationEnvironment.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineResult;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.StageDecision;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.WorkflowIdPolicy;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import dev.federated.worker.FederationPlugin;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What operators see of stages and pipelines in Temporal's own UI, read from its pages. With {@code
 * -Dui.screenshots=<directory>} each page is also written there as a PNG file.
 */
@Timeout(60)
@Browser.Needed
class TemporalUiTest {
  private static final String WORKS = "us-east-1";
  private static final String ALSO_WORKS = "ap-south-1";
  private static final String REFUSES = "eu-west-1";
  private static final String REASON = "RegionRejected: region " + REFUSES;

  @TempDir static Path directory;
  private static EmbeddedServer server;
  private static WorkflowServiceStubs stubs;
  private static MockWebServer refusing;
  private static FederationPlugin plugin;
  private static WorkerFactory workers;
  private static FederationCoordinator coordinator;
  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    refusing = new MockWebServer();
    refusing.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return new MockResponse.Builder().code(401).body("{}").build();
          }
        });
    refusing.start();
    server = EmbeddedServer.cli(EmbeddedServerOptions.builder(directory, System.getenv()).build());
    stubs = TemporalConnection.plaintext(server.address()).connect();
    WorkflowClient client =
        WorkflowClient.newInstance(
            stubs, WorkflowClientOptions.newBuilder().setIdentity("worker").build());
    plugin =
        FederationPlugin.newBuilder(
                FederationConfig.of(
                    List.of(
                        RegionConfig.builder(WORKS).costPerExecution(0.01).build(),
                        RegionConfig.builder(REFUSES)
                            .endpoint(URI.create("http://127.0.0.1:" + refusing.getPort()))
                            .build(),
                        RegionConfig.builder(ALSO_WORKS).costPerExecution(0.02).build())))
            .serveControl()
            .serveRegions(List.of(WORKS, REFUSES, ALSO_WORKS))
            .environment(Map.of())
            .databaseFile(directory.resolve("data.db"))
            .metrics(new MetricRegistry())
            .build();
    workers =
        WorkerFactory.newInstance(
            client, WorkerFactoryOptions.newBuilder().setPlugins(plugin).build());
    workers.start();
    coordinator = new FederationCoordinator(workers.getWorkflowClient());
    browser = Browser.start(directory.resolve("profile"));
  }

  @AfterAll
  static void stop() throws IOException {
    if (browser != null) {
      browser.close();
    }
    if (workers != null) {
      workers.shutdownNow();
      workers.awaitTermination(5, TimeUnit.SECONDS);
      plugin.close();
    }
    if (stubs != null) {
      stubs.shutdownNow();
    }
    if (server != null) {
      server.close();
    }
    if (refusing != null) {
      refusing.close();
    }
  }

  private static Execution<FederatedStageResult> stage(
      String workflowId, PartialFailurePolicy policy) {
    return coordinator.startFederated(
        new StageRequest(
            "process",
            "transformer",
            json("{}"),
            json("{\"total\": 42}"),
            FederatedStageConfig.builder()
                .regions(List.of(WORKS, REFUSES, ALSO_WORKS))
                .maxRetries(0)
                .onPartialFailure(policy)
                .build()),
        workflowId,
        WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
  }

  private static void openList(String query) {
    browser.open(
        "%s/namespaces/default/workflows?query=%s"
            .formatted(
                server.ui().orElseThrow(), URLEncoder.encode(query, StandardCharsets.UTF_8)));
  }

  private static void openWorkflow(String id, String page) {
    String run =
        workers.getWorkflowClient().newUntypedWorkflowStub(id).describe().getExecution().getRunId();
    browser.open(
        "%s/namespaces/default/workflows/%s/%s/%s"
            .formatted(server.ui().orElseThrow(), id, run, page));
  }

  private static void awaitListed(String query, String id) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                workers
                    .getWorkflowClient()
                    .listExecutions(query)
                    .anyMatch(execution -> execution.getExecution().getWorkflowId().equals(id)));
  }

  /** Of the page from that text on; an empty one is the top. */
  private static void screenshot(String name, String from) {
    String target = System.getProperty("ui.screenshots", "");
    if (!target.isEmpty()) {
      if (!from.isEmpty()) {
        browser.scrollTo(from);
      }
      browser.screenshot(Path.of(target).resolve(name + ".png"));
    }
  }

  @Test
  void aPartialStageIsListedByItsOutcome() {
    stage("listed", PartialFailurePolicy.PROCEED).result();
    String query = "FederationOutcome=\"partial\" AND FederationFailedRegions=\"eu-west-1\"";
    awaitListed(query, "listed");

    openList(query);

    browser.awaitTexts("listed", "FederatedStageWorkflow", "Completed");
    screenshot("partial-stages", "");
  }

  @Test
  void theHistoryOfAStageNamesTheRegionOfEachActivity() {
    stage("history", PartialFailurePolicy.PROCEED).result();

    openWorkflow("history", "history");

    browser.awaitTexts(
        "federated stage process",
        WORKS + ": process",
        REFUSES + ": process",
        ALSO_WORKS + ": process");
    screenshot("stage-history", "Event History");
  }

  @Test
  void theDetailsOfAStageSayWhatEachRegionDid() {
    Execution<FederatedStageResult> execution = stage("details", PartialFailurePolicy.PROCEED);
    assertThat(execution.result().outcome()).isEqualTo(StageOutcome.PARTIAL);

    openWorkflow("details", "user-metadata");

    browser.awaitTexts("strategy: ", "regions: us-east-1, eu-west-1, ap-south-1");
    browser.awaitTexts(
        "partial", "region", "attempts", "reason", WORKS, REFUSES, REASON, "succeeded", "failed");
    screenshot("stage-details", "User Metadata");
  }

  @Test
  void aParkedStageSaysHowToDecideAndIsListedAsParked() {
    Execution<FederatedStageResult> execution = stage("waits", PartialFailurePolicy.WAIT);
    String query = "FederationOutcome=\"parked\"";
    awaitListed(query, "waits");

    openList(query);
    browser.awaitTexts("waits", "Running");
    openWorkflow("waits", "user-metadata");
    browser.awaitTexts("waiting for a decision", "federate resume waits", REASON);
    screenshot("parked-stage", "User Metadata");

    var unused = coordinator.decide(coordinator.parked("waits").get(0), StageDecision.accept());
    assertThat(execution.result().outcome()).isEqualTo(StageOutcome.PARTIAL);
    awaitListed("FederationOutcome=\"partial\"", "waits");
  }

  @Test
  void theDetailsOfAPipelineSayWhatEachStageDid() {
    Execution<PipelineResult> execution =
        coordinator.startPipeline(
            PipelineParser.parse(
                    json(
                        """
                        {"id": "orders", "name": "Nightly orders", "stages": [
                          {"id": "collect"},
                          {"id": "spread", "depends_on": ["collect"],
                           "federation": {"strategy": "parallel", "max_retries": 0}},
                          {"id": "report", "depends_on": ["spread"]}]}
                        """),
                    "pipeline.json",
                    null)
                .pipeline(),
            json("{\"total\": 42}"),
            "pipeline",
            WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
    assertThat(execution.result().outcome()).isEqualTo(StageOutcome.PARTIAL);

    openWorkflow("pipeline", "user-metadata");

    browser.awaitTexts("Nightly orders", "collect", "every enabled region of the federation");
    browser.awaitTexts("partial", "stage", "failed: " + REFUSES, "RegionRejected", "local");
    screenshot("pipeline-details", "User Metadata");
  }
}
