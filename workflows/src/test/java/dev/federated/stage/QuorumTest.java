package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.hangs;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitState;
import dev.federated.model.Distribution;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.KeyRoot;
import dev.federated.model.LateResultPolicy;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.ToleratedFailures;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowStub;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many regions a stage needs to start, how many it is sent to, and how many are enough. */
@Timeout(60)
class QuorumTest {
  private final ScriptedRegions regions = new ScriptedRegions();
  private final CountDownLatch hanging = new CountDownLatch(1);

  @AfterEach
  void close() {
    hanging.countDown();
    regions.close();
  }

  private static FederatedStageConfig.Builder stage(String... names) {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.PARALLEL)
        .regions(List.of(names))
        .aggregation(AggregationStrategy.ALL)
        .maxRetries(0)
        .retryDelaySeconds(0);
  }

  private static FederatedStageConfig.Builder wave(String... names) {
    return stage(names).strategy(FederationStrategy.SEQUENTIAL);
  }

  private void open(String region) {
    regions.world().knows(region, known -> known.circuit(CircuitState.OPEN));
  }

  private long events(WorkflowStub stage, EventType type) {
    return regions.client().fetchHistory(stage.getExecution().getWorkflowId()).getEvents().stream()
        .map(HistoryEvent::getEventType)
        .filter(type::equals)
        .count();
  }

  private ParkedStage parked(WorkflowStub stage) {
    Awaitility.await()
        .until(() -> stage.query(FederatedStageWorkflow.STANDING, ParkedStage.class).parked());
    return stage.query(FederatedStageWorkflow.STANDING, ParkedStage.class);
  }

  private static void decide(WorkflowStub stage, StageDecision decision) {
    var unused = stage.update(FederatedStageWorkflow.DECIDE, ParkedStage.class, decision);
  }

  @Test
  void withFewerAvailableRegionsThanRequiredNothingStarts() {
    regions
        .region("us", answers("1"))
        .region("eu", answers("2"))
        .region("ap", answers("3"))
        .start();
    open("ap");

    FederatedStageResult result = regions.run(stage("us", "eu", "ap").requireAvailable(3));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.QUORUM_NOT_MET);
    assertThat(result.error().message())
        .isEqualTo("2 of 3 regions are available, require_available is 3");
    assertThat(result.regionResults().get("ap").error().type()).isEqualTo(FailureType.CIRCUIT_OPEN);
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aStageThatWaitsForRegionsGoesOnWhenAnOperatorSendsItToTheMissingOne() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();
    open("eu");
    WorkflowStub stage =
        regions.startStage(
            stage("us", "eu").requireAvailable(2).onPartialFailure(PartialFailurePolicy.WAIT),
            "{}");

    assertThat(parked(stage).failedRegions()).containsOnlyKeys("eu");
    assertThat(regions.requests).isEmpty();
    decide(stage, StageDecision.retry(List.of("eu")));
    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated().toString()).isEqualTo("[1,2]");
    assertThat(result.complete()).isNull();
  }

  @Test
  void withoutADecisionAStageThatWaitsForRegionsStartsWithThoseThatAreThereIfItSaysSo() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();
    open("eu");

    FederatedStageResult result =
        regions.run(
            stage("us", "eu")
                .requireAvailable(2)
                .onPartialFailure(PartialFailurePolicy.WAIT)
                .resumeTimeoutSeconds(60.0)
                .onResumeTimeout(PartialFailurePolicy.PROCEED));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.successfulRegions()).containsExactly("us");
    assertThat(result.missingRegions()).containsExactly("eu");
  }

  @Test
  void theFirstRegionsThatAreAvailableAreSentToAndTheOthersAreNotNamedAsResults() {
    regions
        .region("us", answers("1"))
        .region("eu", answers("2"))
        .region("ap", answers("3"))
        .region("sa", answers("4"))
        .start();
    open("us");

    FederatedStageResult result = regions.run(stage("us", "eu", "ap", "sa").maxRegions(2));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.regionResults()).containsOnlyKeys("eu", "ap");
    assertThat(result.decisions().get(0).chosen()).containsExactly("eu", "ap");
    assertThat(result.decisions().get(0).reason()).startsWith("parallel: 2 of 4 regions");
    assertThat(regions.calledRegions()).containsExactlyInAnyOrder("eu", "ap");
  }

  @Test
  void ifTooFewAreAvailableTheRestOfMaxRegionsFailsAsItWouldWithoutIt() {
    regions
        .region("us", answers("1"))
        .region("eu", answers("2"))
        .region("ap", answers("3"))
        .start();
    open("us");
    open("ap");

    FederatedStageResult result = regions.run(stage("us", "eu", "ap").maxRegions(2));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.failedRegions()).containsExactly("us");
    assertThat(result.regionResults()).containsOnlyKeys("us", "eu");
    assertThat(result.complete()).isFalse();
  }

  @Test
  void aPartitionIsCutForTheRegionsThatItIsSentTo() {
    regions
        .region("us", answers("[]"))
        .region("eu", answers("[]"))
        .region("ap", answers("[]"))
        .start();

    FederatedStageResult result =
        regions.run(
            stage("us", "eu", "ap")
                .aggregation(null)
                .distribution(Distribution.PARTITION)
                .maxRegions(2),
            "[1,2,3,4]");

    assertThat(result.regionResults().get("us").items().toString()).isEqualTo("0-1");
    assertThat(result.regionResults().get("eu").items().toString()).isEqualTo("2-3");
    assertThat(result.regionResults()).doesNotContainKey("ap");
  }

  @Test
  void onceEnoughSucceededAHangingRegionIsStoppedAtTheEndOfTheGrace() {
    regions
        .region("us", answers("1"))
        .region("eu", hangs(hanging))
        .region("ap", answers("3"))
        .start();

    FederatedStageResult result =
        regions.run(stage("us", "eu", "ap").minRegions(2).graceSeconds(1.0));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.complete()).isFalse();
    assertThat(result.missingRegions()).containsExactly("eu");
    assertThat(result.regionResults().get("eu").status()).isEqualTo(RegionStatus.CANCELLED);
    assertThat(result.regionResults().get("eu").error().message())
        .isEqualTo("min_regions 2 had succeeded and grace_seconds 1.0 were over");
    assertThat(result.latencyMs()).isBetween(1_000L, 20_000L);
    assertThat(StageResultJson.print(result).path("missing_regions").get(0).asText())
        .isEqualTo("eu");
    Awaitility.await("the region is told").until(() -> hanging.getCount() == 0);
  }

  @Test
  void whenAllAnswerWithinTheGraceItsTimerIsCancelledAndNothingIsMissing() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();
    WorkflowStub stage =
        regions.startStage(stage("us", "eu").maxParallel(1).graceSeconds(3600.0), "{}");

    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.complete()).isNull();
    assertThat(result.missingRegions()).isNull();
    assertThat(events(stage, EventType.EVENT_TYPE_TIMER_STARTED)).isEqualTo(1);
    assertThat(events(stage, EventType.EVENT_TYPE_TIMER_CANCELED)).isEqualTo(1);
  }

  @Test
  void aGraceOfZeroEndsAtTheQuorumWithoutATimerAndRegionsThatWaitAreNeverCalled() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();
    WorkflowStub stage =
        regions.startStage(stage("us", "eu").maxParallel(1).graceSeconds(0.0), "{}");

    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.successfulRegions()).containsExactly("us");
    assertThat(result.regionResults().get("eu").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(result.missingRegions()).containsExactly("eu");
    assertThat(regions.callsOf("eu")).isZero();
    assertThat(events(stage, EventType.EVENT_TYPE_TIMER_STARTED)).isZero();
  }

  @Test
  void withoutAGraceTheStageWaitsForAllAndAddsNothingToItsHistory() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();
    WorkflowStub stage = regions.startStage(stage("us", "eu").minRegions(1), "{}");

    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.successfulRegions()).containsExactly("us", "eu");
    assertThat(events(stage, EventType.EVENT_TYPE_TIMER_STARTED)).isZero();
    assertThat(new ObjectMapper().valueToTree(result).has("complete")).isFalse();
  }

  @Test
  void moreFailuresThanToleratedStopTheStage() {
    regions
        .region("us", refuses(FailureType.REGION_REJECTED, 401))
        .region("eu", refuses(FailureType.REGION_REJECTED, 401))
        .region("ap", answers("3"))
        .region("sa", answers("4"))
        .start();

    FederatedStageResult result =
        regions.run(
            stage("us", "eu", "ap", "sa")
                .maxParallel(1)
                .toleratedFailures(ToleratedFailures.ofPercent(25)));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.QUORUM_NOT_MET);
    assertThat(result.error().message())
        .startsWith("2 of 4 regions failed, tolerated_failures is 25%, 1 regions; us: ");
    assertThat(result.regionResults().get("ap").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(result.missingRegions()).containsExactly("us", "eu", "ap", "sa");
    assertThat(regions.calledRegions()).containsExactly("us", "eu");
  }

  @Test
  void regionsInFlightAreCancelledWhenTooManyFailed() {
    regions.region("us", unavailable()).region("eu", hangs(hanging)).start();

    FederatedStageResult result =
        regions.run(stage("us", "eu").toleratedFailures(ToleratedFailures.of(0)));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.regionResults().get("eu").status()).isEqualTo(RegionStatus.CANCELLED);
    Awaitility.await("the region is told").until(() -> hanging.getCount() == 0);
  }

  @Test
  void toleratedFailuresNeitherFailNorParkTheStage() {
    for (PartialFailurePolicy policy : PartialFailurePolicy.values()) {
      try (ScriptedRegions own = new ScriptedRegions()) {
        own.region("us", unavailable()).region("eu", answers("2")).start();

        FederatedStageResult result =
            own.run(
                stage("us", "eu")
                    .onPartialFailure(policy)
                    .toleratedFailures(ToleratedFailures.of(1)));

        assertThat(result.outcome()).as(policy.wireName()).isEqualTo(StageOutcome.PARTIAL);
        assertThat(result.missingRegions()).containsExactly("us");
      }
    }
  }

  @Test
  void aStageThatWaitsParksWithItsRemainingRegionsAndGoesOnWithThemAfterTheDecision() {
    regions
        .region("us", refuses(FailureType.REGION_REJECTED, 401))
        .region("eu", answers("2"))
        .region("ap", answers("3"))
        .start();
    WorkflowStub stage =
        regions.startStage(
            stage("us", "eu", "ap")
                .maxParallel(1)
                .toleratedFailures(ToleratedFailures.of(0))
                .onPartialFailure(PartialFailurePolicy.WAIT),
            "{}");

    assertThat(parked(stage).failedRegions()).containsOnlyKeys("us");
    assertThat(regions.calledRegions()).containsExactly("us");
    decide(stage, StageDecision.skip(List.of("us")));
    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.successfulRegions()).containsExactly("eu", "ap");
    assertThat(result.missingRegions()).containsExactly("us");
  }

  @Test
  void lateResultsAreCollectedByAWorkflowThatOutlivesTheStage() {
    CountDownLatch late = new CountDownLatch(1);
    regions
        .region("us", answers("1"))
        .region(
            "eu",
            request -> {
              await(late);
              return ScriptedRegions.response(ScriptedRegions.json("2"));
            })
        .region("ap", refuses(FailureType.REGION_REJECTED, 401))
        .start();

    FederatedStageResult result =
        regions.run(
            stage("us", "eu", "ap").graceSeconds(0.5).onLateResult(LateResultPolicy.APPEND));
    late.countDown();
    FederatedStageResult all =
        ScriptedRegions.result(
            regions.client().newUntypedWorkflowStub(String.valueOf(result.lateWorkflowId())));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.aggregated().toString()).isEqualTo("[1]");
    assertThat(result.missingRegions()).containsExactly("eu", "ap");
    assertThat(result.lateWorkflowId()).isEqualTo(result.workflowId() + "~late");
    assertThat(all.aggregated().toString()).isEqualTo("[1,2]");
    assertThat(all.carriedRegions()).containsExactly("us");
    assertThat(all.redriveOf()).isEqualTo(result.workflowId());
    assertThat(regions.callsOf("us")).isEqualTo(1);
    assertThat(regions.callsOf("ap")).isEqualTo(1);
    assertThat(regions.requests)
        .filteredOn(request -> request.region().equals("eu"))
        .hasSize(2)
        .extracting(RemoteRequest::idempotencyKey)
        .containsOnly(key("eu"));
  }

  @Test
  void aWaveStopsAtTheFirstFailureIfItSaysSo() {
    regions
        .region("us", answers("1"))
        .region("eu", refuses(FailureType.REGION_REJECTED, 401))
        .region("ap", answers("3"))
        .start();

    FederatedStageResult stopped = regions.run(wave("us", "eu", "ap").stopOnFailure(true));

    assertThat(stopped.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(stopped.regionResults().get("ap").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(stopped.regionResults().get("ap").error().message())
        .isEqualTo("not called: eu failed and stop_on_failure is true");
    assertThat(stopped.missingRegions()).containsExactly("eu", "ap");
    assertThat(regions.calledRegions()).containsExactly("us", "eu");
  }

  @Test
  void aWaveThatWaitsGoesOnAfterTheRetryOfTheRegionThatStoppedIt() {
    CountDownLatch repaired = new CountDownLatch(1);
    regions
        .region(
            "us",
            request -> {
              if (repaired.getCount() > 0) {
                throw ScriptedRegions.failure(FailureType.REGION_REJECTED, false, 401);
              }
              return ScriptedRegions.response(ScriptedRegions.json("1"));
            })
        .region("eu", answers("2"))
        .start();
    WorkflowStub stage =
        regions.startStage(
            wave("us", "eu").stopOnFailure(true).onPartialFailure(PartialFailurePolicy.WAIT), "{}");
    assertThat(parked(stage).error().message()).isEqualTo("us failed and stop_on_failure is true");

    repaired.countDown();
    decide(stage, StageDecision.retry(List.of("us")));
    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(regions.calledRegions()).containsExactly("us", "us", "eu");
    assertThat(result.complete()).isNull();
  }

  @Test
  void aRedriveOfAWaveThatStoppedGoesOnWithItsRegionsAndNoOther() {
    CountDownLatch repaired = new CountDownLatch(1);
    regions
        .region("us", answers("1"))
        .region(
            "eu",
            request -> {
              if (repaired.getCount() > 0) {
                throw ScriptedRegions.failure(FailureType.REGION_REJECTED, false, 401);
              }
              return ScriptedRegions.response(ScriptedRegions.json("2"));
            })
        .region("ap", answers("3"))
        .region("sa", answers("4"))
        .start();
    FederatedStageConfig.Builder block =
        wave("us", "eu", "ap", "sa").maxRegions(3).stopOnFailure(true);
    FederatedStageResult first = regions.run(block);
    repaired.countDown();
    WorkflowStub redrive = regions.control(FederatedStageWorkflow.TYPE, first.workflowId() + "~r1");
    redrive.start(
        new StageRequest(
                "process",
                "transformer",
                ScriptedRegions.json("{}"),
                ScriptedRegions.json("{}"),
                block.build())
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    null,
                    false)));

    FederatedStageResult result = ScriptedRegions.result(redrive);

    assertThat(first.missingRegions()).containsExactly("eu", "ap");
    assertThat(result.successfulRegions()).containsExactly("us", "eu", "ap");
    assertThat(result.complete()).isNull();
    assertThat(regions.calledRegions()).containsExactly("us", "eu", "eu", "ap");
  }

  @Test
  void betweenTwoRegionsOfAWaveIsADurablePause() {
    regions
        .region("us", answers("1"))
        .region("eu", answers("2"))
        .region("ap", answers("3"))
        .start();
    WorkflowStub stage = regions.startStage(wave("us", "eu", "ap").pauseSeconds(600.0), "{}");

    FederatedStageResult result = ScriptedRegions.result(stage);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(Duration.ofMillis(result.latencyMs())).isGreaterThan(Duration.ofSeconds(1199));
    assertThat(events(stage, EventType.EVENT_TYPE_TIMER_FIRED)).isEqualTo(2);
  }

  @Test
  void theNextRegionOfAWaveStartsOnlyIfTheOneBeforeIsStillHealthy() {
    regions
        .region("us", answers("1"))
        .region("eu", answers("2"))
        .region("ap", answers("3"))
        .start();
    regions.ill("eu", true);

    FederatedStageResult result = regions.run(wave("us", "eu", "ap").healthGate(true));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.failedRegions()).containsExactly("eu");
    assertThat(result.regionResults().get("eu").error().message())
        .isEqualTo(
            "eu succeeded but is not healthy after it, so that health_gate ended the wave: its"
                + " disk is full");
    assertThat(result.missingRegions()).containsExactly("eu", "ap");
    assertThat(regions.calledRegions()).containsExactly("us", "eu");
  }

  @Test
  void aWaveThatWaitsGoesOnWhenAnOperatorSkipsTheRegionThatIsIll() {
    regions.region("us", answers("1")).region("eu", answers("2")).start();
    regions.ill("us", true);
    WorkflowStub stage =
        regions.startStage(
            wave("us", "eu").healthGate(true).onPartialFailure(PartialFailurePolicy.WAIT), "{}");
    assertThat(parked(stage).failedRegions()).containsOnlyKeys("us");

    decide(stage, StageDecision.skip(List.of("us")));

    assertThat(ScriptedRegions.result(stage).successfulRegions()).containsExactly("eu");
  }

  private String key(String region) {
    return regions.requests.stream()
        .filter(request -> request.region().equals(region))
        .findFirst()
        .orElseThrow()
        .idempotencyKey();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
