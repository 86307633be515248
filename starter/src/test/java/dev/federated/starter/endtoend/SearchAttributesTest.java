package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.StageDecision;
import dev.federated.stage.StageSearchAttributes;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.common.converter.GlobalDataConverter;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
@RealServer.Needed
class SearchAttributesTest {
  @TempDir private Path directory;

  private static StageRequest request(String works, String fails) {
    return new StageRequest(
        "found",
        "transformer",
        Json.of("{}"),
        Json.of("{total: 42}"),
        FederatedStageConfig.builder().regions(List.of(works, fails)).maxRetries(0).build());
  }

  @Test
  void partialStageIsFoundByItsOutcomeAndItsFailedRegion(RealServer server, Deployment deployment) {
    WorkflowClient client = server.client(RealServer.DEFAULT_NAMESPACE);
    Execution<FederatedStageResult> execution =
        deployment.coordinator().startFederated(request("us", "missing"));
    assertThat(execution.result().outcome()).isEqualTo(StageOutcome.PARTIAL);

    for (String found :
        List.of(
            "FederationOutcome = \"partial\"",
            "FederationFailedRegions = \"missing\"",
            "FederationStage = \"found\"",
            "FederationStrategy = \"parallel\"")) {
      await(found)
          .atMost(Duration.ofSeconds(20))
          .until(() -> listed(client, found).contains(execution.workflowId()));
    }
    assertThat(listed(client, "FederationOutcome = \"failed\""))
        .doesNotContain(execution.workflowId());
  }

  @Test
  void parkedStageIsListedAsParkedOnlyUntilItsRegionsExecuteAgain(
      RealServer server, Deployment deployment) {
    WorkflowClient client = server.client(RealServer.DEFAULT_NAMESPACE);
    StageRequest request = request("us", "missing");
    Execution<FederatedStageResult> execution =
        deployment
            .coordinator()
            .startFederated(
                request.withFederation(
                    request.federation().toBuilder()
                        .onPartialFailure(PartialFailurePolicy.WAIT)
                        .build()));
    String parked = "FederationOutcome = \"parked\"";
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> listed(client, parked).contains(execution.workflowId()));

    var unused =
        deployment
            .coordinator()
            .decide(
                deployment.coordinator().parked(execution.workflowId()).get(0),
                StageDecision.retryIn(List.of("missing"), "us"));

    assertThat(execution.result().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(outcomes(client, execution.workflowId()))
        .containsExactly("parked", null, "succeeded");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> !listed(client, parked).contains(execution.workflowId()));
  }

  /** What the list of workflows was told, in order; null where it was taken away. */
  private static List<@Nullable String> outcomes(WorkflowClient client, String workflowId) {
    return client.fetchHistory(workflowId).getEvents().stream()
        .filter(HistoryEvent::hasUpsertWorkflowSearchAttributesEventAttributes)
        .map(
            event ->
                event
                    .getUpsertWorkflowSearchAttributesEventAttributes()
                    .getSearchAttributes()
                    .getIndexedFieldsOrThrow(StageSearchAttributes.OUTCOME.getName()))
        .map(outcome -> GlobalDataConverter.get().fromPayload(outcome, String.class, String.class))
        .toList();
  }

  @Test
  void sameStageRunsInANamespaceWithoutThem(RealServer server) {
    WorkflowClient client = server.client(server.newNamespace("without-attributes"));
    FederationConfig federation =
        FederationConfig.of(
            List.of(RegionConfig.builder("works").build(), RegionConfig.builder("gone").build()));
    try (InProcessWorkers workers =
        InProcessWorkers.start(client, federation, List.of("works"), directory, factory -> {})) {
      FederationCoordinator coordinator = new FederationCoordinator(workers.client());
      Execution<FederatedStageResult> execution =
          coordinator.startFederated(
              new StageRequest(
                  "found",
                  "transformer",
                  Json.of("{}"),
                  Json.of("{total: 42}"),
                  request("works", "gone").federation().toBuilder()
                      .queueTimeoutSeconds(1.0)
                      .build()));
      FederatedStageResult result = execution.result();

      assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
      assertThat(result.failedRegions()).containsExactly("gone");
      assertThat(client.fetchHistory(execution.workflowId()).getEvents())
          .noneMatch(
              event ->
                  event.getEventType() == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
    }
  }

  @Test
  void stagesCarryThemFromTheirRegistrationOnWithoutARestart(RealServer server) {
    String namespace = server.newNamespace("attributes-later");
    WorkflowClient client = server.client(namespace);
    FederationConfig federation =
        FederationConfig.builder()
            .regions(List.of(RegionConfig.builder("works").build()))
            .healthCheckIntervalSeconds(0.2)
            .build();
    try (InProcessWorkers workers =
        InProcessWorkers.start(client, federation, List.of("works"), directory, factory -> {})) {
      FederationCoordinator coordinator = new FederationCoordinator(workers.client());
      assertThat(upserts(client, stage(coordinator))).isZero();

      AddSearchAttributesRequest.Builder add =
          AddSearchAttributesRequest.newBuilder().setNamespace(namespace);
      StageSearchAttributes.ALL.forEach(
          key -> add.putSearchAttributes(key.getName(), key.getValueType()));
      var unused =
          OperatorServiceStubs.newServiceStubs(
                  OperatorServiceStubsOptions.newBuilder()
                      .setChannel(server.stubs().getRawChannel())
                      .validateAndBuildWithDefaults())
              .blockingStub()
              .addSearchAttributes(add.build());

      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(upserts(client, stage(coordinator))).isEqualTo(1));
    }
  }

  private static String stage(FederationCoordinator coordinator) {
    Execution<FederatedStageResult> execution =
        coordinator.startFederated(
            new StageRequest(
                "found",
                "transformer",
                Json.of("{}"),
                Json.of("{total: 42}"),
                FederatedStageConfig.builder().build()));
    assertThat(execution.result().outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    return execution.workflowId();
  }

  private static long upserts(WorkflowClient client, String workflowId) {
    return client.fetchHistory(workflowId).getEvents().stream()
        .filter(
            event -> event.getEventType() == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
        .count();
  }

  private static List<String> listed(WorkflowClient client, String query) {
    return client
        .listExecutions(query)
        .map(execution -> execution.getExecution().getWorkflowId())
        .toList();
  }
}
