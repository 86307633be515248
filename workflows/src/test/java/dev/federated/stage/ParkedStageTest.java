package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ParkedStageTest {
  private final ScriptedRegions regions = new ScriptedRegions();
  private final AtomicBoolean euIsDown = new AtomicBoolean(true);

  @AfterEach
  void close() {
    regions.close();
  }

  private static FederatedStageConfig.Builder waits(String... names) {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.PARALLEL)
        .regions(List.of(names))
        .aggregation(AggregationStrategy.ALL)
        .maxRetries(0)
        .onPartialFailure(PartialFailurePolicy.WAIT);
  }

  /** A stage in which eu failed and us succeeded, parked. */
  private WorkflowStub parked(FederatedStageConfig.Builder config) {
    regions
        .region("us", answers("1"))
        .region("eu", request -> (euIsDown.get() ? unavailable() : answers("2")).apply(request))
        .region("spare", answers("3"))
        .start();
    WorkflowStub stub = regions.startStage(config, "{}");
    awaitParked(stub);
    return stub;
  }

  private static void awaitParked(WorkflowStub stub) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> stub.query("standing", ParkedStage.class).parked());
  }

  private static ParkedStage decide(WorkflowStub stub, StageDecision decision) {
    return stub.update("decide", ParkedStage.class, decision);
  }

  @Test
  void aDecisionAboutARegionThatDidNotFailIsRefusedAndNothingOfItIsRecorded() {
    WorkflowStub stub = parked(waits("us", "eu"));
    long events =
        regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents().size();

    assertThatThrownBy(() -> decide(stub, StageDecision.retry(List.of("us"))))
        .isInstanceOf(WorkflowUpdateException.class)
        .cause()
        .hasMessageContaining("us has no failed share")
        .hasMessageContaining("[eu]");

    assertThat(regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents())
        .filteredOn(event -> event.getEventType().name().contains("UPDATE"))
        .isEmpty();
    assertThat(events).isPositive();
    assertThat(stub.query("standing", ParkedStage.class).parked()).isTrue();
  }

  @Test
  void aRegionThatNobodyKnowsOrThatResidencyForbidsIsRefused() {
    WorkflowStub stub = parked(waits("us", "eu").residency(List.of("us", "eu")));

    assertThatThrownBy(() -> decide(stub, StageDecision.retryIn(List.of("eu"), "spare")))
        .cause()
        .hasMessageContaining("residency");
    assertThat(stub.query("standing", ParkedStage.class).parked()).isTrue();
    assertThat(regions.callsOf("spare")).isZero();
  }

  @Test
  void aRetryInARegionThatNobodyKnowsIsRefused() {
    WorkflowStub stub = parked(waits("us", "eu"));

    assertThatThrownBy(() -> decide(stub, StageDecision.retryIn(List.of("eu"), "mars")))
        .cause()
        .hasMessageContaining("mars");
  }

  @Test
  void aStageThatRunsTakesNoDecision() {
    regions.region("us", answers("1")).start();
    WorkflowStub stub = regions.startStage(waits("us"), "{}");
    ScriptedRegions.result(stub);

    assertThatThrownBy(() -> decide(stub, StageDecision.accept())).isInstanceOf(Exception.class);
  }

  @Test
  void aRetriedRegionCompletesTheStageAndNothingElseRunsAgain() {
    WorkflowStub stub = parked(waits("us", "eu"));
    euIsDown.set(false);

    ParkedStage after = decide(stub, StageDecision.retry(List.of("eu")));
    FederatedStageResult result = ScriptedRegions.result(stub);

    assertThat(after.parked()).isFalse();
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("[1,2]"));
    assertThat(regions.callsOf("us")).isEqualTo(1);
    assertThat(result.regionResults().get("eu").attempts()).isEqualTo(2);
    assertThat(result.interventions()).hasSize(1);
    assertThat(regions.requests)
        .filteredOn(request -> "eu".equals(request.share()))
        .extracting(RemoteRequest::idempotencyKey)
        .hasSize(2)
        .containsOnly(
            regions.requests.stream()
                .filter(r -> "eu".equals(r.share()))
                .findFirst()
                .get()
                .idempotencyKey());
  }

  @Test
  void aRetryThatFailsParksAgain() {
    WorkflowStub stub = parked(waits("us", "eu"));

    ParkedStage after = decide(stub, StageDecision.retry(List.of("eu")));

    assertThat(after.parked()).isTrue();
    assertThat(after.failedRegions()).containsOnlyKeys("eu");
    decide(stub, StageDecision.abort("enough"));
    FederatedStageResult result = ScriptedRegions.result(stub);
    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().message()).contains("enough");
    assertThat(result.successfulRegions()).containsExactly("us");
  }

  @Test
  void aRetryInAnotherRegionIsRecordedUnderTheSelectedOne() {
    WorkflowStub stub = parked(waits("us", "eu"));

    decide(stub, StageDecision.retryIn(List.of("eu"), "spare"));
    FederatedStageResult result = ScriptedRegions.result(stub);

    RegionResult share = result.regionResults().get("eu");
    assertThat(share.status()).isEqualTo(RegionStatus.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("spare");
    assertThat(share.hops())
        .singleElement()
        .satisfies(hop -> assertThat(hop.region()).isEqualTo("eu"));
    assertThat(result.aggregated()).isEqualTo(json("[1,3]"));
  }

  @Test
  void aSkippedRegionDoesNotCount() {
    WorkflowStub stub = parked(waits("us", "eu"));

    decide(stub, StageDecision.skip(List.of("eu")));
    FederatedStageResult result = ScriptedRegions.result(stub);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.regionResults().get("eu").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(result.failedRegions()).isEmpty();
  }

  @Test
  void whatIsThereCanBeAccepted() {
    WorkflowStub stub = parked(waits("us", "eu"));

    decide(stub, StageDecision.accept());
    FederatedStageResult result = ScriptedRegions.result(stub);

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.aggregated()).isEqualTo(json("[1]"));
  }

  @Test
  void outputsThatCannotBeAggregatedCanBeAggregatedInAnotherWay() {
    regions.region("a", answers("\"x\"")).region("b", answers("\"y\"")).start();
    WorkflowStub stub =
        regions.startStage(waits("a", "b").aggregation(AggregationStrategy.REDUCE), "{}");
    awaitParked(stub);

    decide(stub, StageDecision.aggregate(AggregationOptions.of(AggregationStrategy.ALL)));
    FederatedStageResult result = ScriptedRegions.result(stub);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("[\"x\",\"y\"]"));
    assertThat(regions.requests).hasSize(2);
  }

  @Test
  void aStageThatNobodyDecidesAboutEndsAsItsBlockSays() {
    regions.region("us", answers("1")).region("eu", unavailable()).start();

    FederatedStageResult fails = regions.run(waits("us", "eu").resumeTimeoutSeconds(3600.0));
    FederatedStageResult proceeds =
        regions.run(
            waits("us", "eu")
                .resumeTimeoutSeconds(3600.0)
                .onResumeTimeout(PartialFailurePolicy.PROCEED));

    assertThat(fails.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(fails.error().message()).contains("nobody decided");
    assertThat(proceeds.outcome()).isEqualTo(StageOutcome.PARTIAL);
  }

  @Test
  void theFederationsDefaultParksAsWell() {
    regions.region("us", answers("1")).region("eu", unavailable());
    regions.start(FederationConfig.builder().defaultOnPartialFailure(PartialFailurePolicy.WAIT));
    WorkflowStub stub = regions.startStage(waits("us", "eu").onPartialFailure(null), "{}");

    awaitParked(stub);
    decide(stub, StageDecision.accept());
    assertThat(ScriptedRegions.result(stub).outcome()).isEqualTo(StageOutcome.PARTIAL);
  }

  @Test
  void aRedrivenStageRunsOnlyWhatFailedUnderTheSameKeyAndAggregatesAll() {
    regions
        .region("us", answers("1"))
        .region("eu", request -> (euIsDown.get() ? unavailable() : answers("2")).apply(request))
        .start();
    FederatedStageResult first =
        regions.run(waits("us", "eu").onPartialFailure(PartialFailurePolicy.FAIL));
    assertThat(first.outcome()).isEqualTo(StageOutcome.FAILED);
    String key =
        regions.requests.stream()
            .filter(r -> "eu".equals(r.share()))
            .findFirst()
            .get()
            .idempotencyKey();
    euIsDown.set(false);

    FederatedStageResult second = redrive(first, Map.of());

    assertThat(second.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(second.aggregated()).isEqualTo(json("[1,2]"));
    assertThat(second.redriveOf()).isEqualTo(first.workflowId());
    assertThat(regions.callsOf("us")).isEqualTo(1);
    assertThat(regions.callsOf("eu")).isEqualTo(2);
    assertThat(regions.requests.get(regions.requests.size() - 1).idempotencyKey()).isEqualTo(key);
  }

  @Test
  void aRedriveOfARedriveCarriesEverythingThatSucceeded() {
    regions
        .region("us", answers("1"))
        .region("eu", request -> (euIsDown.get() ? unavailable() : answers("2")).apply(request))
        .region("ap", refuses(FailureType.REGION_REJECTED, 401))
        .region("spare", answers("3"))
        .start();
    FederatedStageResult first =
        regions.run(waits("us", "eu", "ap").onPartialFailure(PartialFailurePolicy.FAIL));
    euIsDown.set(false);
    FederatedStageResult second = redrive(first, Map.of());
    assertThat(second.failedRegions()).containsExactly("ap");

    FederatedStageResult third = redrive(second, Map.of("ap", "spare"));

    assertThat(third.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(third.aggregated()).isEqualTo(json("[1,2,3]"));
    assertThat(third.regionResults().get("ap").executedIn()).isEqualTo("spare");
    assertThat(third.keyRoot().workflowId()).isEqualTo(first.workflowId());
    assertThat(regions.callsOf("us")).isEqualTo(1);
    assertThat(regions.callsOf("eu")).isEqualTo(2);
    assertThat(regions.callsOf("spare")).isEqualTo(1);
  }

  /** A stage of which eu was skipped and ap then given up. */
  private FederatedStageResult abortedAfterSkippingEu() {
    regions.region("ap", refuses(FailureType.REGION_REJECTED, 401));
    WorkflowStub stub = parked(waits("us", "eu", "ap"));
    decide(stub, StageDecision.skip(List.of("eu")));
    decide(stub, StageDecision.abort(null));
    euIsDown.set(false);
    return ScriptedRegions.result(stub);
  }

  @Test
  void aRegionThatAnOperatorSkippedStaysSkippedInARedrive() {
    FederatedStageResult first = abortedAfterSkippingEu();

    FederatedStageResult second = redrive(first, Map.of("ap", "spare"));

    assertThat(second.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(second.aggregated()).isEqualTo(json("[1,3]"));
    assertThat(second.regionResults().get("eu").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(regions.callsOf("eu")).isEqualTo(1);
  }

  @Test
  void aSkippedRegionExecutesInARedriveThatSaysWhere() {
    FederatedStageResult first = abortedAfterSkippingEu();

    FederatedStageResult second = redrive(first, Map.of("ap", "spare", "eu", "eu"));

    assertThat(second.aggregated()).isEqualTo(json("[1,2,3]"));
    assertThat(regions.callsOf("us")).isEqualTo(1);
    assertThat(regions.callsOf("eu")).isEqualTo(2);
  }

  @Test
  void theDecisionOfARedriveSaysThatItsSharesAreKeptAndWhereTheyWent() {
    regions.region("us", answers("1")).region("eu", unavailable()).region("spare", answers("3"));
    regions.start();
    FederatedStageResult first =
        regions.run(
            waits("eu")
                .strategy(FederationStrategy.NEAREST)
                .onPartialFailure(PartialFailurePolicy.FAIL));

    FederatedStageResult second = redrive(first, Map.of("eu", "spare"));

    assertThat(second.decisions())
        .singleElement()
        .satisfies(
            decision -> {
              assertThat(decision.chosen()).containsExactly("eu");
              assertThat(decision.reason())
                  .startsWith(
                      "redrive of %s, which keeps its shares, eu in spare; nearest: eu"
                          .formatted(first.workflowId()));
            });
  }

  private FederatedStageResult redrive(
      FederatedStageResult earlier, Map<String, String> relocations) {
    KeyRoot root =
        earlier.keyRoot() == null
            ? new KeyRoot(earlier.workflowId(), earlier.runId())
            : earlier.keyRoot();
    StageRequest request =
        new StageRequest(
                "process",
                "transformer",
                json("{}"),
                json("{}"),
                waits("us", "eu", "ap")
                    .strategy(earlier.strategy())
                    .regions(List.copyOf(earlier.regionResults().keySet()))
                    .onPartialFailure(PartialFailurePolicy.FAIL)
                    .build())
            .redriving(
                new Redrive(
                    earlier.workflowId(),
                    earlier.runId(),
                    root,
                    earlier.regionResults(),
                    relocations,
                    false));
    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                FederatedStageWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    stub.start(request);
    return ScriptedRegions.result(stub);
  }
}
