package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.failsTimes;
import static dev.federated.stage.ScriptedRegions.hangs;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.response;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FederatedStageWorkflowTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static FederatedStageConfig.Builder stage(
      FederationStrategy strategy, String... regions) {
    return FederatedStageConfig.builder().strategy(strategy).regions(List.of(regions));
  }

  private static FederatedStageConfig.Builder parallel(String... regions) {
    return stage(FederationStrategy.PARALLEL, regions);
  }

  @Test
  void aStageWhoseRegionsAllFailClosesAsFailedAndItsDetailIsTheResult() {
    regions.region("us", unavailable()).region("eu", unavailable()).start();
    WorkflowStub stub = regions.startStage(parallel("us", "eu").maxRetries(1), "{}");

    assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
        .isInstanceOf(WorkflowFailedException.class)
        .cause()
        .isInstanceOfSatisfying(
            ApplicationFailure.class,
            failure -> {
              assertThat(failure.getType()).isEqualTo("FederatedStageFailed");
              assertThat(failure.isNonRetryable()).isTrue();
            });
    FederatedStageResult result = ScriptedRegions.result(stub);
    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.QUORUM_NOT_MET);
    assertThat(result.failedRegions()).containsExactly("us", "eu");
    assertThat(result.regionResults().get("us").attempts()).isEqualTo(2);
    assertThat(result.aggregated().isNull()).isTrue();
  }

  @Test
  void maxRetriesIsTheNumberOfAttemptsAfterTheFirst() {
    regions.region("us", unavailable()).start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "us").maxRetries(3));

    assertThat(regions.callsOf("us")).isEqualTo(4);
    assertThat(result.regionResults().get("us").attempts()).isEqualTo(4);
    assertThat(result.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
  }

  @Test
  void withoutRetryOnFailureThereIsOneAttemptAndNoHopButToAnExplicitFallback() {
    regions.region("a", unavailable()).region("b", answers("1")).start();

    FederatedStageResult alone =
        regions.run(stage(FederationStrategy.NEAREST, "a", "b").retryOnFailure(false));
    FederatedStageResult withFallback =
        regions.run(
            stage(FederationStrategy.NEAREST, "a").retryOnFailure(false).fallbackRegion("b"));

    assertThat(alone.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(alone.regionResults().values())
        .singleElement()
        .satisfies(r -> assertThat(r.attempts()).isEqualTo(1));
    assertThat(withFallback.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
  }

  /** Bug 5 of the Python code: when the chosen region failed no second one was tried. */
  @Test
  void aFailedRegionHopsToTheNextRankedCandidateAndTheResultSaysSo() {
    regions.region("eu", unavailable()).region("us", answers("{\"a\":1}")).start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "eu", "us").maxRetries(1));

    RegionResult share = result.regionResults().get("eu");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("us");
    assertThat(share.attempts()).isEqualTo(3);
    assertThat(share.hops())
        .singleElement()
        .satisfies(
            hop -> {
              assertThat(hop.region()).isEqualTo("eu");
              assertThat(hop.attempts()).isEqualTo(2);
              assertThat(hop.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
            });
    assertThat(result.aggregated()).isEqualTo(json("{\"a\":1}"));
  }

  @Test
  void thereIsOneHopOnly() {
    regions.region("a", unavailable()).region("b", unavailable()).region("c", answers("1")).start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "a", "b", "c").maxRetries(0));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(regions.callsOf("c")).isZero();
  }

  @Test
  void aRequestThatEveryRegionWouldRefuseDoesNotHop() {
    for (int status : List.of(400, 413, 422)) {
      try (ScriptedRegions two = new ScriptedRegions()) {
        two.region("a", refuses(FailureType.REGION_REJECTED, status))
            .region("b", answers("1"))
            .start();
        FederatedStageResult result =
            two.run(stage(FederationStrategy.NEAREST, "a", "b").fallbackRegion("b"));
        assertThat(result.error().type()).isEqualTo(FailureType.REGION_REJECTED);
        assertThat(two.callsOf("a")).isEqualTo(1);
        assertThat(two.callsOf("b")).isZero();
      }
    }
  }

  @Test
  void aRegionThatRefusesTheKeyHops() {
    regions
        .region("a", refuses(FailureType.REGION_REJECTED, 401))
        .region("b", answers("1"))
        .start();

    FederatedStageResult result = regions.run(stage(FederationStrategy.NEAREST, "a", "b"));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(regions.callsOf("a")).isEqualTo(1);
  }

  @Test
  void everyAttemptCarriesTheSameIdempotencyKeyAndSoDoesTheFallback() {
    regions.region("a", failsTimes(9, answers("1"))).region("b", answers("1")).start();

    regions.run(stage(FederationStrategy.NEAREST, "a", "b").maxRetries(2));

    assertThat(regions.requests).hasSize(4);
    assertThat(regions.requests)
        .extracting(RemoteRequest::idempotencyKey)
        .containsOnly(regions.requests.get(0).idempotencyKey());
  }

  @Test
  void aDefinitiveAnswerEarnsTheFallbackANewIdempotencyKey() {
    regions
        .region("a", refuses(FailureType.COMPONENT_FAILED, null))
        .region("b", answers("1"))
        .start();

    regions.run(stage(FederationStrategy.NEAREST, "a", "b"));

    assertThat(regions.requests).extracting(RemoteRequest::idempotencyKey).doesNotHaveDuplicates();
  }

  @Test
  void noWorkerInARegionIsNamedAndHops() {
    regions.withoutWorker("us").region("eu", answers("1")).start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.NEAREST, "us").fallbackRegion("eu").queueTimeoutSeconds(0.5));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.regionResults().get("us").hops().get(0).error().type())
        .isEqualTo(FailureType.NO_WORKER_IN_REGION);
  }

  @Test
  void aQueueWaitInARegionWithPollersIsOverload() {
    regions.withoutWorker("us").start();
    regions.world().polls("us");

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "us").queueTimeoutSeconds(0.5));

    assertThat(result.error().type()).isEqualTo(FailureType.REGION_OVERLOADED);
    assertThat(result.regionResults().get("us").attempts()).isZero();
  }

  @Test
  void allNeverLosesASiblingBecauseOneFailed() {
    regions
        .region("a", refuses(FailureType.COMPONENT_FAILED, null))
        .region("b", failsTimes(2, answers("2")))
        .region("c", answers("3"))
        .start();

    FederatedStageResult result =
        regions.run(parallel("a", "b", "c").aggregation(AggregationStrategy.ALL));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.hasPartialFailure()).isTrue();
    assertThat(result.successfulRegions()).containsExactly("b", "c");
    assertThat(result.failedRegions()).containsExactly("a");
    assertThat(result.aggregated()).isEqualTo(json("[2,3]"));
  }

  @Test
  void tooFewSuccessesFailTheStage() {
    regions.region("a", answers("1")).region("b", unavailable()).start();

    FederatedStageResult result = regions.run(parallel("a", "b").maxRetries(0).minRegions(2));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.QUORUM_NOT_MET);
    assertThat(result.regionResults().get("a").output()).isEqualTo(json("1"));
  }

  @Test
  void aPartialFailureCanBeMadeAFailure() {
    regions.region("a", answers("1")).region("b", unavailable()).start();

    FederatedStageResult result =
        regions.run(parallel("a", "b").maxRetries(0).onPartialFailure(PartialFailurePolicy.FAIL));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.hasPartialFailure()).isTrue();
    assertThat(result.successfulRegions()).containsExactly("a");
  }

  @Test
  void firstTakesTheFirstSuccessByTimeAndCancelsTheRest() {
    CountDownLatch cancelled = new CountDownLatch(1);
    regions.region("slow", hangs(cancelled)).region("fast", answers("\"fast\"")).start();

    FederatedStageResult result =
        regions.run(parallel("slow", "fast").aggregation(AggregationStrategy.FIRST));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("\"fast\""));
    assertThat(result.winner()).isEqualTo("fast");
    RegionResult loser = result.regionResults().get("slow");
    assertThat(loser.status()).isEqualTo(RegionStatus.CANCELLED);
    assertThat(loser.costEstimated()).isTrue();
    assertThat(result.hasPartialFailure()).isFalse();
    org.awaitility.Awaitility.await().until(() -> cancelled.getCount() == 0);
  }

  @Test
  void firstAcceptsANullSuccessAndIgnoresFailures() {
    regions.region("a", answers("null")).region("b", unavailable()).start();

    FederatedStageResult result =
        regions.run(parallel("b", "a").maxRetries(0).aggregation(AggregationStrategy.FIRST));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated().isNull()).isTrue();
    assertThat(result.regionResults().get("a").status()).isEqualTo(RegionStatus.SUCCEEDED);
  }

  @Test
  void sequentialRunsEveryRegionOneAfterTheOther() {
    regions.region("b", answers("{\"b\":1}")).region("a", answers("{\"a\":1}")).start();

    FederatedStageResult result = regions.run(stage(FederationStrategy.SEQUENTIAL, "b", "a"));

    assertThat(regions.calledRegions()).containsExactly("b", "a");
    assertThat(result.aggregated()).isEqualTo(json("{\"b\":1,\"a\":1}"));
  }

  /** Bug 4 of the Python code: sequential work ran, and paid for, every region. */
  @Test
  void sequentialWithFirstStopsAtTheFirstSuccess() {
    regions.region("a", unavailable()).region("b", answers("2")).region("c", answers("3")).start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.SEQUENTIAL, "a", "b", "c")
                .maxRetries(0)
                .aggregation(AggregationStrategy.FIRST));

    assertThat(regions.calledRegions()).containsExactly("a", "b");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("2"));
    assertThat(result.regionResults().get("c").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(result.failedRegions()).containsExactly("a");
  }

  /** Bug 3 of the Python code: regions that were known to be down were called. */
  @Test
  void aListedRegionThatIsDownStandsInTheResultWithoutBeingCalled() {
    regions
        .region("open", answers("1"))
        .region("offline", answers("1"))
        .region("unpolled", answers("1"))
        .region("up", answers("{\"x\":1}"))
        .start();
    regions
        .world()
        .knows("open", region -> region.circuit(CircuitState.OPEN))
        .knows("offline", region -> region.online(false))
        .knows("unpolled", region -> region.polled(false));

    FederatedStageResult result = regions.run(parallel("open", "offline", "unpolled", "up"));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.failedRegions()).containsExactly("open", "offline", "unpolled");
    assertThat(result.regionResults().get("open").error().type())
        .isEqualTo(FailureType.CIRCUIT_OPEN);
    assertThat(result.regionResults().get("offline").error().type())
        .isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(result.regionResults().get("unpolled").error().type())
        .isEqualTo(FailureType.NO_WORKER_IN_REGION);
    assertThat(result.regionResults().get("open").attempts()).isZero();
    assertThat(regions.calledRegions()).containsExactly("up");
  }

  @Test
  void aRegionWithoutATagIsSkippedAndDoesNotCount() {
    regions
        .region(RegionConfig.builder("plain"), answers("1"))
        .region(RegionConfig.builder("gpu").tags(List.of("gpu")), answers("2"))
        .region(RegionConfig.builder("off").tags(List.of("gpu")).enabled(false), answers("3"))
        .start();

    FederatedStageResult result =
        regions.run(
            parallel("plain", "gpu", "off")
                .requiredTags(List.of("gpu"))
                .aggregation(AggregationStrategy.ALL));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.regionResults().get("plain").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(result.regionResults().get("off").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(result.decisions().get(0).candidates())
        .anySatisfy(
            candidate -> {
              assertThat(candidate.region()).isEqualTo("plain");
              assertThat(candidate.reason()).isEqualTo("missing tag gpu");
            });
  }

  @Test
  void noEligibleRegionNamesEachRegionAndWhy() {
    regions
        .region("us", answers("1"))
        .region(RegionConfig.builder("eu").enabled(false), answers("1"))
        .start();

    for (FederationStrategy strategy : FederationStrategy.values()) {
      FederatedStageResult result =
          regions.run(stage(strategy, "us", "eu").residency(List.of("eu")));
      assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
      assertThat(result.error().message())
          .contains("us (outside the residency [eu])")
          .contains("eu (disabled in the federation file)");
    }
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aStageThatComesBeforeItsRegionsPollersWaitsForThem() {
    regions.region("us", answers("1")).start();
    for (FederationStrategy strategy : FederationStrategy.values()) {
      regions.world().settlesAfter(3);

      FederatedStageResult result = regions.run(stage(strategy, "us"));

      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.regionResults().get("us").attempts()).isEqualTo(1);
    }
  }

  @Test
  void aStageDoesNotWaitForeverForPollers() {
    regions.region("us", answers("1")).start();
    regions.world().settlesAfter(Integer.MAX_VALUE);

    FederatedStageResult result = regions.run(parallel("us"));

    assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aStageThatWaitsForPollersCanBeCancelled() {
    regions.region("us", answers("1")).start();
    regions.world().settlesAfter(Integer.MAX_VALUE);
    WorkflowStub stub = regions.startStage(parallel("us"), "{}");

    stub.cancel();

    assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
        .cause()
        .isInstanceOf(CanceledFailure.class);
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void residencyHoldsAtTheHop() {
    regions.region("eu", unavailable()).region("us", answers("1")).start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.NEAREST, "eu", "us")
                .maxRetries(0)
                .residency(List.of("eu"))
                .fallbackRegion("us"));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(regions.callsOf("us")).isZero();
  }

  @Test
  void inReplicatedWorkTheFallbackTakesOneShareOnly() {
    regions
        .region("a", unavailable())
        .region("b", unavailable())
        .region("spare", answers("1"))
        .start();

    FederatedStageResult result =
        regions.run(
            parallel("a", "b")
                .maxRetries(0)
                .fallbackRegion("spare")
                .aggregation(AggregationStrategy.ALL));

    assertThat(regions.callsOf("spare")).isEqualTo(1);
    assertThat(result.successfulRegions()).hasSize(1);
    assertThat(result.failedRegions()).hasSize(1);
  }

  @Test
  void aFallbackThatRunsAShareOfItsOwnTakesNone() {
    regions.region("a", unavailable()).region("b", answers("1")).start();

    FederatedStageResult result =
        regions.run(
            parallel("a", "b")
                .maxRetries(0)
                .fallbackRegion("b")
                .aggregation(AggregationStrategy.ALL));

    assertThat(regions.callsOf("b")).isEqualTo(1);
    assertThat(result.failedRegions()).containsExactly("a");
  }

  @Test
  void aRegionThatTheControlWorkerDoesNotKnowIsAnErrorAndNotDropped() {
    regions.region("us", answers("1")).start();

    FederatedStageResult result = regions.run(parallel("us", "mars"));

    assertThat(result.error().message()).contains("mars");
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void anAggregationThatFailsLeavesEveryRegionSucceeded() {
    regions.region("a", answers("\"x\"")).region("b", answers("\"y\"")).start();

    FederatedStageResult result =
        regions.run(parallel("a", "b").aggregation(AggregationStrategy.REDUCE));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.AGGREGATION_FAILED);
    assertThat(result.successfulRegions()).containsExactly("a", "b");
    assertThat(result.regionResults().get("b").output()).isEqualTo(json("\"y\""));
  }

  @Test
  void outputsThatDoNotFitOneResultAreANamedErrorThatKeepsWhatFits() {
    String large = "x".repeat(900_000);
    regions
        .region("a", request -> response(JsonNodeFactory.instance.textNode(large)))
        .region("b", request -> response(JsonNodeFactory.instance.textNode(large)))
        .region("c", request -> response(JsonNodeFactory.instance.textNode(large)))
        .start();

    FederatedStageResult result =
        regions.run(parallel("a", "b", "c").aggregation(AggregationStrategy.ALL));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.PAYLOAD_TOO_LARGE);
    assertThat(result.successfulRegions()).containsExactly("a", "b", "c");
    assertThat(result.regionResults().get("a").output()).isNotNull();
    assertThat(result.regionResults().get("b").output()).isNotNull();
    assertThat(result.warnings()).singleElement().asString().contains("output of c");
    assertThat(result.regionsLeftOut()).containsExactly("c");
  }

  @Test
  void aStageOfFiveHundredRegionsRuns() {
    for (int i = 0; i < 500; i++) {
      regions.region("r" + i, answers("1"));
    }
    regions.start();

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.PARALLEL).aggregation(AggregationStrategy.REDUCE));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(json("500"));
  }

  @Test
  void aStageOverThreeRegionsCostsOneEventMoreThanItsActivities() {
    regions.region("a", answers("1")).region("b", answers("1")).region("c", answers("1")).start();
    WorkflowStub stub =
        regions.startStage(parallel("a", "b", "c").aggregation(AggregationStrategy.ALL), "{}");
    ScriptedRegions.result(stub);

    List<HistoryEvent> events =
        regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents();
    long tasks = count(events, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
    // Start, end, three events of each activity, three of each workflow task, one snapshot.
    assertThat(events.size() - 3 * tasks).isEqualTo(2 + 3 * 3 + 1);
    assertThat(count(events, EventType.EVENT_TYPE_MARKER_RECORDED)).isEqualTo(1);
    assertThat(tasks).isLessThanOrEqualTo(4);
  }

  @Test
  void outputsStandOnceInTheResultPayload() {
    regions.region("a", answers("{\"needle\":true}")).start();
    WorkflowStub stub = regions.startStage(parallel("a"), "{}");
    ScriptedRegions.result(stub);

    HistoryEvent last =
        regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getLastEvent();
    String payload =
        last.getWorkflowExecutionCompletedEventAttributes()
            .getResult()
            .getPayloads(0)
            .getData()
            .toStringUtf8();
    assertThat(payload.split("needle", -1)).hasSize(2);
  }

  @Test
  void cancellingAStageCancelsItsRegions() {
    CountDownLatch cancelled = new CountDownLatch(1);
    regions.region("a", hangs(cancelled)).start();
    WorkflowStub stub = regions.startStage(parallel("a"), "{}");
    org.awaitility.Awaitility.await().until(() -> regions.requests.size() == 1);

    stub.cancel();

    assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
        .cause()
        .isInstanceOf(CanceledFailure.class);
    org.awaitility.Awaitility.await().until(() -> cancelled.getCount() == 0);
  }

  @Test
  void defaultsComeFromTheFederation() {
    regions.region("a", answers("1")).region("b", answers("1"));
    regions.start(
        FederationConfig.builder()
            .defaultStrategy(FederationStrategy.SEQUENTIAL)
            .defaultAggregation(AggregationStrategy.CONCAT));

    FederatedStageResult result = regions.run(FederatedStageConfig.builder());

    assertThat(result.strategy()).isEqualTo(FederationStrategy.SEQUENTIAL);
    assertThat(result.aggregated()).isEqualTo(json("[1,1]"));
  }

  @Test
  void theWorldHearsOfEachExecutionAndOfItsEnd() {
    regions.region("a", unavailable()).region("b", answers("1")).start();

    regions.run(stage(FederationStrategy.NEAREST, "a", "b").maxRetries(0));

    assertThat(regions.world().started).containsExactly("a", "b");
    assertThat(regions.world().ended).containsExactly("a RegionUnavailable", "b succeeded");
  }

  @Test
  void theWorldHearsHowEachStageEndedAlsoIfNothingCouldBeStarted() {
    regions.region("a", answers("1")).region("b", unavailable()).start();

    regions.run(parallel("a"));
    regions.run(parallel("a", "b").maxRetries(0));
    regions.run(stage(FederationStrategy.NEAREST, "a").requiredTags(List.of("gpu")));
    regions.run(parallel("mars"));

    assertThat(regions.world().stages)
        .containsExactly(
            "parallel succeeded", "parallel partial", "nearest failed", "parallel failed");
  }

  @Test
  void whereEveryReplicatedRegionIsExcludedAFallbackHasNothingToTakeOver() {
    regions
        .region("plain", answers("1"))
        .region(RegionConfig.builder("spare").tags(List.of("gpu")), answers("2"))
        .start();

    FederatedStageResult result =
        regions.run(parallel("plain").requiredTags(List.of("gpu")).fallbackRegion("spare"));

    assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(result.error().message()).contains("plain (missing tag gpu)");
    assertThat(result.regionResults().get("plain").status()).isEqualTo(RegionStatus.SKIPPED);
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aSingleTargetWithoutAnyEligibleRegionRunsInItsFallbackAndTheDecisionSaysSo() {
    regions.region("a", answers("1")).region("spare", answers("2")).start();
    regions.world().knows("a", region -> region.online(false));

    FederatedStageResult result =
        regions.run(stage(FederationStrategy.NEAREST, "a").fallbackRegion("spare"));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.successfulRegions()).containsExactly("spare");
    assertThat(result.decisions().get(0).chosen()).containsExactly("spare");
    assertThat(result.decisions().get(0).reason())
        .isEqualTo(
            "nearest: fallback region spare; no eligible region: a (offline: its last health probe"
                + " failed)");
  }

  @Test
  void aRegionThatIsListedTwiceExecutesOnce() {
    regions.region("a", answers("1")).region("b", answers("2")).start();

    FederatedStageResult result =
        regions.run(parallel("a", "b", "a").aggregation(AggregationStrategy.ALL));

    assertThat(regions.callsOf("a")).isEqualTo(1);
    assertThat(result.aggregated()).isEqualTo(json("[1,2]"));
  }

  /** Bug 6 of the Python code: min_regions was also how many regions ran, so none was spare. */
  @Test
  void moreRegionsRunThanHaveToSucceed() {
    regions.region("a", unavailable()).region("b", answers("1")).region("c", answers("2")).start();

    FederatedStageResult result =
        regions.run(
            parallel("a", "b", "c")
                .minRegions(2)
                .maxRetries(0)
                .aggregation(AggregationStrategy.ALL));

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.aggregated()).isEqualTo(json("[1,2]"));
  }

  @Test
  void largeInputsAreSpreadOverWorkflowTasksThatTheServerTakes() {
    startFiveRegions();

    List<Long> tasks = commandBytesOfLargeInputs();

    assertThat(tasks)
        .hasSizeGreaterThanOrEqualTo(2)
        .allSatisfy(bytes -> assertThat(bytes).isLessThanOrEqualTo(3_500_000L));
    assertThat(tasks).anySatisfy(bytes -> assertThat(bytes).isGreaterThan(2_700_000L));
  }

  @Test
  void aStageWhoseSnapshotSaysNothingOfItSpreadsThemOverTasksOfAtMostTwoMebibytes() {
    startFiveRegions();
    regions.world().doesNotTellTaskBytes();

    assertThat(commandBytesOfLargeInputs())
        .hasSizeGreaterThanOrEqualTo(3)
        .allSatisfy(bytes -> assertThat(bytes).isLessThanOrEqualTo(2L * 1024 * 1024));
  }

  private void startFiveRegions() {
    for (String region : List.of("a", "b", "c", "d", "e")) {
      regions.region(region, answers("1"));
    }
    regions.start();
  }

  private List<Long> commandBytesOfLargeInputs() {
    WorkflowStub stub =
        regions.startStage(
            parallel("a", "b", "c", "d", "e").aggregation(AggregationStrategy.REDUCE),
            "\"" + "x".repeat(900_000) + "\"");

    assertThat(ScriptedRegions.result(stub).aggregated()).isEqualTo(json("5"));
    return regions.commandBytesByTask(stub);
  }

  private static long count(List<HistoryEvent> events, EventType type) {
    return events.stream().filter(event -> event.getEventType() == type).count();
  }
}
