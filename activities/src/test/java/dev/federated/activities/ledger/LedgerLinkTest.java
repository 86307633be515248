package dev.federated.activities.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.health.RegionView;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.RegionLedgerWorkflow;
import dev.federated.ledger.RegionLedgerWorkflowImpl;
import dev.federated.ledger.RegionOperation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedQueues;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowStub;
import io.temporal.testing.TestWorkflowEnvironment;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LedgerLinkTest {
  private static final FederationConfig FEDERATION =
      FederationConfig.builder()
          .regions(List.of(RegionConfig.builder("us").build(), RegionConfig.builder("eu").build()))
          .healthCheckIntervalSeconds(1)
          .build();

  private final TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance();
  private final List<LedgerLink> links = new ArrayList<>();

  @BeforeEach
  void start() {
    environment
        .newWorker(FederatedQueues.CONTROL)
        .registerWorkflowImplementationTypes(RegionLedgerWorkflowImpl.class);
    environment.start();
  }

  @AfterEach
  void close() {
    links.forEach(LedgerLink::close);
    environment.close();
  }

  @Test
  void aWorkerThatCannotReachTheLedgerGoesOnWithItsLastCopy() {
    RegionView view = linked(true);
    drain("us");
    await().until(() -> Boolean.TRUE.equals(look(view, "us").drained()));

    environment.getWorkflowServiceStubs().shutdownNow();
    view.probed(offline("eu"));

    assertThat(look(view, "us").drained()).isTrue();
    assertThat(look(view, "eu").online()).as("and with what it sees itself").isFalse();
  }

  @Test
  void whatARegionWorkerSeesReachesEveryControlWorkerInASecondOrTwo() {
    RegionView one = linked(true);
    RegionView other = linked(true);
    RegionView region = linked(false);

    region.probed(offline("eu"));

    for (RegionView control : List.of(one, other)) {
      await()
          .atMost(Duration.ofSeconds(5))
          .until(() -> Boolean.FALSE.equals(look(control, "eu").online()));
    }
  }

  @Test
  void manyStagesInAnIntervalAreOneSignal() {
    RegionView view = linked(true);
    await().until(() -> signals() == 1);
    for (int i = 0; i < 200; i++) {
      view.started("run" + i, "us");
    }
    await().atMost(Duration.ofSeconds(10)).until(() -> signals() >= 2);

    assertThat(signals()).isLessThanOrEqualTo(3);
  }

  @Test
  void aControlWorkerThatStartsKnowsWhatIsDrainedBeforeItsFirstStage() {
    linked(true);
    drain("us");
    links.forEach(LedgerLink::close);

    RegionView started = new RegionView(FEDERATION, Clock.systemUTC(), () -> false);
    LedgerLink link = new LedgerLink(client(), started, FEDERATION, true);
    links.add(link);
    link.start();

    assertThat(look(started, "us").drained()).isTrue();
  }

  private RegionView linked(boolean control) {
    RegionView view = new RegionView(FEDERATION, Clock.systemUTC(), () -> false);
    LedgerLink link = new LedgerLink(client(), view, FEDERATION, control);
    links.add(link);
    link.start();
    return view;
  }

  private WorkflowClient client() {
    return environment.getWorkflowClient();
  }

  private void drain(String region) {
    await()
        .ignoreExceptions()
        .atMost(Duration.ofSeconds(10))
        .until(
            () ->
                ledger()
                    .update(
                        RegionLedgerWorkflow.OPERATE,
                        LedgerSettings.class,
                        new RegionOperation(RegionOperation.Action.DRAIN, region, null, null))
                    .drained());
  }

  private WorkflowStub ledger() {
    return client().newUntypedWorkflowStub(RegionLedgerWorkflow.WORKFLOW_ID);
  }

  private long signals() {
    try {
      return client().fetchHistory(RegionLedgerWorkflow.WORKFLOW_ID).getEvents().stream()
          .filter(event -> event.hasWorkflowExecutionSignaledEventAttributes())
          .count();
    } catch (RuntimeException e) {
      return 0;
    }
  }

  private static RegionProbe offline(String region) {
    return new RegionProbe(region, false, "offline", null, null, null, "refused");
  }

  private static RegionSnapshot look(RegionView view, String region) {
    return view.snapshot(
            new StageRequest(
                "look",
                "transformer",
                JsonNodeFactory.instance.objectNode(),
                JsonNodeFactory.instance.objectNode(),
                FederatedStageConfig.builder().build()),
            "look")
        .region(region);
  }
}
