package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.hangs;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.response;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.HedgedExecution;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shares that take too long are executed in a further region; what that may cost and must not. */
@Timeout(60)
class HedgingTest {
  private final ScriptedRegions regions = new ScriptedRegions();
  private final CountDownLatch told = new CountDownLatch(1);
  private final CountDownLatch hedged = new CountDownLatch(1);

  @AfterEach
  void close() {
    regions.close();
  }

  private static FederatedStageConfig.Builder stage(FederationStrategy strategy, String... names) {
    return FederatedStageConfig.builder()
        .strategy(strategy)
        .regions(List.of(names))
        .retryDelaySeconds(0)
        .aggregation(AggregationStrategy.ALL)
        .hedge(Hedge.afterSeconds(0.05));
  }

  private static FederatedStageConfig.Builder single(String... names) {
    return stage(FederationStrategy.NEAREST, names);
  }

  /** Does that when the share's hedge has begun. */
  private ScriptedRegions.Behaviour whenHedged(ScriptedRegions.Behaviour then) {
    return request -> {
      try {
        assertThat(hedged.await(20, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
      return then.apply(request);
    };
  }

  private ScriptedRegions.Behaviour hedge(ScriptedRegions.Behaviour then) {
    return request -> {
      hedged.countDown();
      return then.apply(request);
    };
  }

  private static RegionConfig.Builder priced(String name, double price) {
    return RegionConfig.builder(name).costPerExecution(price);
  }

  private long events(WorkflowStub stub, EventType type) {
    return regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents().stream()
        .map(HistoryEvent::getEventType)
        .filter(type::equals)
        .count();
  }

  @Test
  void withoutAnyHedgeGrantedAShareIsNotHedgedAndNoTimerIsSet() {
    regions.region("a", answers("1")).region("b", answers("2")).start();
    regions.world().grantsHedges(0);

    WorkflowStub stub = regions.startStage(single("a", "b"), "{}");

    assertThat(ScriptedRegions.result(stub).outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(events(stub, EventType.EVENT_TYPE_TIMER_STARTED)).isZero();
    assertThat(regions.world().hedges).containsExactly("started 0");
  }

  @Test
  void aRegionOfWhichNobodyKnowsWhatIsSlowIsNotHedged() {
    regions.region("a", answers("1")).region("b", answers("2")).start();

    WorkflowStub stub = regions.startStage(single("a", "b").hedge(Hedge.afterPercentile(95)), "{}");

    assertThat(ScriptedRegions.result(stub).regionResults().get("a").hedges()).isNull();
    assertThat(events(stub, EventType.EVENT_TYPE_TIMER_STARTED)).isZero();
  }

  @Test
  void whatIsSlowIsKnownOfEachRegionFromTheSnapshot() {
    regions.region("a", hangs(told)).region("b", answers("2")).start();
    regions.world().knows("a", known -> known.hedgeAfterMs(40.0));

    FederatedStageResult result = regions.run(single("a", "b").hedge(Hedge.afterPercentile(95)));

    assertThat(result.regionResults().get("a").executedIn()).isEqualTo("b");
  }

  @Test
  void onlyRegionsThatHonourTheKeyAreHedgedUnlessTheStageIsIdempotent() {
    CountDownLatch open = new CountDownLatch(1);
    ScriptedRegions.Behaviour slow =
        request -> {
          try {
            open.await(300, TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return response(json("1"));
        };
    URI endpoint = URI.create("https://b.example.com");
    regions
        .region("a", slow)
        .region(RegionConfig.builder("b").endpoint(endpoint), answers("2"))
        .start();

    FederatedStageResult asItIs = regions.run(single("a", "b"));
    FederatedStageResult never = regions.run(single("a", "b").idempotent(false));
    FederatedStageResult idempotent = regions.run(single("a", "b").idempotent(true));

    assertThat(asItIs.regionResults().get("a").executedIn()).isEqualTo("a");
    assertThat(never.regionResults().get("a").executedIn()).isEqualTo("a");
    assertThat(idempotent.regionResults().get("a").executedIn()).isEqualTo("b");
  }

  @Test
  void residencyTagsAndDrainedHoldForHedges() {
    regions
        .region(RegionConfig.builder("a").tags(List.of("gpu")), hangs(told))
        .region(RegionConfig.builder("drained").tags(List.of("gpu")), answers("1"))
        .region("untagged", answers("2"))
        .region(RegionConfig.builder("abroad").tags(List.of("gpu")), answers("3"))
        .region(RegionConfig.builder("z").tags(List.of("gpu")), answers("4"))
        .start();
    regions.world().knows("drained", known -> known.drained(true));

    FederatedStageResult result =
        regions.run(
            single("a", "drained", "untagged", "abroad", "z")
                .requiredTags(List.of("gpu"))
                .residency(List.of("a", "drained", "untagged", "z")));

    assertThat(result.regionResults().get("a").executedIn()).isEqualTo("z");
    assertThat(regions.calledRegions()).containsExactly("a", "z");
  }

  @Test
  void aHedgeThatMaxCostDoesNotCoverIsNotStarted() {
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch open = new CountDownLatch(1);
    regions
        .region(
            priced("a", 0.1),
            request -> {
              calls.incrementAndGet();
              try {
                open.await(300, TimeUnit.MILLISECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return response(json("1"));
            })
        .region(priced("b", 0.2), answers("2"))
        .start();

    FederatedStageResult result = regions.run(single("a", "b").maxRetries(1).maxCost(0.25));

    assertThat(calls).hasValue(1);
    assertThat(regions.callsOf("b")).isZero();
    assertThat(result.totalCost()).isEqualTo(0.1);
    assertThat(result.regionResults().get("a").hedges()).isNull();
  }

  @Test
  void aHedgeThatWinsStopsTheSlowExecutionWhoseCostIsCounted() throws Exception {
    regions
        .region(priced("a", 0.1), hangs(told))
        .region(priced("b", 0.2), answers("2"))
        .region(priced("c", 0.1), answers("3"))
        .start();

    FederatedStageResult result = regions.run(single("a", "b", "c"));

    RegionResult share = result.regionResults().get("a");
    assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("b");
    assertThat(share.hops()).isEmpty();
    assertThat(share.attempts()).isEqualTo(2);
    assertThat(share.cost()).isCloseTo(0.3, within(1e-9));
    assertThat(share.chargeable()).isCloseTo(0.3, within(1e-9));
    assertThat(share.costEstimated()).isTrue();
    assertThat(share.hedges())
        .extracting(HedgedExecution::region, HedgedExecution::outcome, HedgedExecution::cost)
        .containsExactly(tuple("a", HedgeOutcome.LOST, 0.1), tuple("b", HedgeOutcome.WON, 0.2));
    assertThat(share.hedges().get(0).latencyMs()).isGreaterThanOrEqualTo(50);
    assertThat(share.hedges().get(1).startedAfterMs()).isGreaterThanOrEqualTo(50);
    assertThat(regions.requests)
        .extracting(RemoteRequest::idempotencyKey)
        .containsOnly(regions.requests.get(0).idempotencyKey());
    assertThat(regions.world().hedges).containsExactly("b won", "started 1");
    assertThat(regions.world().ended).containsExactly("b succeeded", "a Cancelled");
    assertThat(regions.world().ends.get(1).latencyMs()).isGreaterThanOrEqualTo(50);
  }

  @Test
  void anExecutionThatWinsStopsItsHedge() throws Exception {
    regions
        .region(priced("a", 0.1), whenHedged(answers("1")))
        .region(priced("b", 0.2), hedge(hangs(told)))
        .start();

    FederatedStageResult result = regions.run(single("a", "b"));

    RegionResult share = result.regionResults().get("a");
    assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(share.executedIn()).isEqualTo("a");
    assertThat(share.cost()).isCloseTo(0.3, within(1e-9));
    assertThat(share.hedges())
        .extracting(HedgedExecution::outcome)
        .containsExactly(HedgeOutcome.WON, HedgeOutcome.LOST);
    assertThat(regions.world().hedges).containsExactly("b lost", "started 1");
  }

  @Test
  void aHedgeThatFailsLeavesTheShareAsItIs() {
    regions
        .region(
            "a",
            whenHedged(
                request -> {
                  Awaitility.await()
                      .until(() -> regions.world().ended.contains("b RegionRejected"));
                  return response(json("1"));
                }))
        .region("b", hedge(refuses(FailureType.REGION_REJECTED, 422)))
        .start();

    FederatedStageResult result = regions.run(single("a", "b"));

    RegionResult share = result.regionResults().get("a");
    assertThat(share.status()).isEqualTo(RegionStatus.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("a");
    assertThat(share.attempts()).isEqualTo(2);
    assertThat(share.hedges().get(1).outcome()).isEqualTo(HedgeOutcome.FAILED);
    assertThat(share.hedges().get(1).error().type()).isEqualTo(FailureType.REGION_REJECTED);
  }

  @Test
  void aShareThatFailsGoesOnInItsHedgeAndIsSentNowhereElse() {
    CountDownLatch failed = new CountDownLatch(1);
    regions
        .region(
            "a",
            whenHedged(
                request -> {
                  failed.countDown();
                  return unavailable().apply(request);
                }))
        .region(
            "b",
            hedge(
                request -> {
                  Awaitility.await()
                      .until(() -> regions.world().ended.contains("a RegionUnavailable"));
                  return response(json("2"));
                }))
        .region("c", answers("3"))
        .start();

    FederatedStageResult result = regions.run(single("a", "b", "c").maxRetries(1));

    RegionResult share = result.regionResults().get("a");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("b");
    assertThat(share.attempts()).isEqualTo(2);
    assertThat(share.hops()).extracting(hop -> hop.region()).containsExactly("a");
    assertThat(share.hedges())
        .extracting(HedgedExecution::outcome)
        .containsExactly(HedgeOutcome.FAILED, HedgeOutcome.WON);
    assertThat(regions.calledRegions()).containsExactly("a", "b");
  }

  @Test
  void retriesAndHedgesTogetherAreNoMoreThanTheRetriesAlone() {
    regions
        .region("a", whenHedged(unavailable()))
        .region("b", hedge(unavailable()))
        .region("c", answers("3"))
        .start();

    FederatedStageResult result = regions.run(single("a", "b", "c").maxRetries(2));

    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(regions.callsOf("a")).isEqualTo(2);
    assertThat(regions.callsOf("b")).isEqualTo(1);
    assertThat(regions.callsOf("c")).isZero();
    assertThat(result.regionResults().get("a").attempts()).isEqualTo(3);
  }

  @Test
  void anAttemptThatWasKeptForAHedgeIsARetryIfTheShareFailsBefore() {
    AtomicInteger calls = new AtomicInteger();
    regions
        .region(
            "a",
            request ->
                calls.incrementAndGet() == 1 ? unavailable().apply(request) : response(json("1")))
        .region("b", answers("2"))
        .start();

    FederatedStageResult result =
        regions.run(single("a", "b").maxRetries(1).hedge(Hedge.afterSeconds(30)));

    RegionResult share = result.regionResults().get("a");
    assertThat(share.executedIn()).isEqualTo("a");
    assertThat(share.attempts()).isEqualTo(2);
    assertThat(regions.callsOf("b")).isZero();
  }

  @Test
  void oneTimerServesAllSharesOfAParallelStage() {
    regions.region("a", answers("1")).region("b", answers("2")).region("c", answers("3")).start();
    regions.world().knows("a", known -> known.hedgeAfterMs(20_000.0));
    regions.world().knows("b", known -> known.hedgeAfterMs(30_000.0));
    regions.world().knows("c", known -> known.hedgeAfterMs(40_000.0));

    WorkflowStub stub =
        regions.startStage(
            stage(FederationStrategy.PARALLEL, "a", "b", "c").hedge(Hedge.afterPercentile(99)),
            "{}");

    assertThat(ScriptedRegions.result(stub).outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(events(stub, EventType.EVENT_TYPE_TIMER_STARTED)).isEqualTo(1);
    assertThat(events(stub, EventType.EVENT_TYPE_TIMER_CANCELED)).isEqualTo(1);
  }

  @Test
  void slowSharesOfAParallelStageGoToDifferentRegionsThatHaveDoneTheirOwn() {
    regions
        .region("slow", request -> slowIn("slow", request))
        .region("slower", request -> slowIn("slower", request))
        .region("a", answers("1"))
        .region("b", answers("2"))
        .start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.PARALLEL, "slow", "slower", "a", "b")
                // By then the others are done, also on a busy machine.
                .hedge(Hedge.afterSeconds(1)));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.successfulRegions()).containsExactly("slow", "slower", "a", "b");
    assertThat(
            List.of(
                result.regionResults().get("slow").executedIn(),
                result.regionResults().get("slower").executedIn()))
        .containsExactlyInAnyOrder("a", "b");
    // Each share has its own key: two executions in one region are two executions.
    assertThat(regions.requests.stream().map(RemoteRequest::idempotencyKey).distinct()).hasSize(4);
  }

  private RemoteResponse slowIn(String region, RemoteRequest request) {
    return request.region().equals(region) && region.equals(request.share())
        ? hangs(told).apply(request)
        : response(json("0"));
  }

  @Test
  void aStageMayWaitForTheExecutionThatComesTooLateToKnowWhatItCosts() {
    regions
        .region(
            "a",
            whenHedged(
                request -> {
                  Awaitility.await().until(() -> regions.world().ended.contains("b succeeded"));
                  return new RemoteResponse(json("1"), 70, 0.7, 1, 1);
                }))
        .region("b", hedge(request -> new RemoteResponse(json("2"), 5, 0.2, 1, 1)))
        .start();

    FederatedStageResult result =
        regions.run(single("a", "b").hedge(Hedge.afterSeconds(0.05).waitingForLosers()));

    RegionResult share = result.regionResults().get("a");
    assertThat(share.executedIn()).isEqualTo("b");
    assertThat(share.output()).isEqualTo(json("2"));
    assertThat(share.cost()).isCloseTo(0.9, within(1e-9));
    assertThat(share.costEstimated()).isFalse();
    assertThat(share.tokensUsed()).isEqualTo(75);
    assertThat(share.hedges().get(0).outcome()).isEqualTo(HedgeOutcome.LOST);
  }

  @Test
  void aCancelledStageStopsItsHedgesAndItsRecordShowsThem() {
    CountDownLatch alsoTold = new CountDownLatch(1);
    regions.region(priced("a", 0.1), hangs(told)).region(priced("b", 0.2), hangs(alsoTold)).start();
    WorkflowStub stub = regions.startStage(single("a", "b"), "{}");
    Awaitility.await().until(() -> regions.calledRegions().contains("b"));

    stub.cancel();

    assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
        .isInstanceOf(WorkflowFailedException.class);
    Awaitility.await().until(() -> told.getCount() == 0 && alsoTold.getCount() == 0);
    FederatedStageResult record =
        stub.describe()
            .getMemo(
                FederatedStageWorkflow.RESULT_MEMO,
                FederatedStageResult.class,
                FederatedStageResult.class);
    RegionResult share = record.regionResults().get("a");
    assertThat(share.status()).isEqualTo(RegionStatus.CANCELLED);
    assertThat(share.cost()).isCloseTo(0.3, within(1e-9));
    assertThat(share.chargeable()).isCloseTo(0.3, within(1e-9));
    assertThat(share.attempts()).isEqualTo(2);
    assertThat(share.hedges())
        .extracting(HedgedExecution::outcome)
        .containsExactly(HedgeOutcome.CANCELLED, HedgeOutcome.CANCELLED);
    assertThat(regions.world().hedges).contains("started 1");
  }

  @Test
  void withAggregationFirstAHedgeMayBeTheFirst() {
    regions.region("a", hangs(told)).region("b", request -> slowIn("b", request)).start();

    FederatedStageResult result =
        regions.run(
            stage(FederationStrategy.PARALLEL, "a", "b").aggregation(AggregationStrategy.FIRST));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.winner()).isEqualTo("a");
    assertThat(result.regionResults().get("a").executedIn()).isEqualTo("b");
    assertThat(result.regionResults().get("b").status()).isEqualTo(RegionStatus.CANCELLED);
  }

  /** A share that failed with its hedge parks; the retry is one share again and may be hedged. */
  @Test
  void aParkedShareWhoseHedgeFailedTooIsRetriedAndHedgedAgain() throws Exception {
    AtomicBoolean down = new AtomicBoolean(true);
    regions
        .region(
            "a", request -> (down.get() ? whenHedged(unavailable()) : hangs(told)).apply(request))
        .region("b", hedge(request -> (down.get() ? unavailable() : answers("2")).apply(request)))
        .start();
    WorkflowStub stub =
        regions.startStage(
            single("a", "b").maxRetries(1).onPartialFailure(PartialFailurePolicy.WAIT), "{}");
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> stub.query("standing", ParkedStage.class).parked());
    assertThat(regions.callsOf("a")).isEqualTo(1);
    assertThat(regions.callsOf("b")).isEqualTo(1);
    down.set(false);

    stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("a")));
    FederatedStageResult result = ScriptedRegions.result(stub);

    RegionResult share = result.regionResults().get("a");
    assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("b");
    assertThat(result.aggregated()).isEqualTo(json("[2]"));
    assertThat(regions.callsOf("a")).isEqualTo(2);
    assertThat(regions.callsOf("b")).isEqualTo(2);
    assertThat(share.attempts()).isEqualTo(4);
  }

  /** What ran side by side before is one share for a redrive, under the key that both had. */
  @Test
  void aRedriveRunsAShareThatFailedWithItsHedgeUnderTheSameKey() {
    AtomicBoolean down = new AtomicBoolean(true);
    regions
        .region(
            "a", request -> (down.get() ? whenHedged(unavailable()) : answers("1")).apply(request))
        .region("b", hedge(unavailable()))
        .start();
    FederatedStageConfig.Builder block = single("a", "b").maxRetries(1);
    FederatedStageResult first = regions.run(block);
    assertThat(first.outcome()).isEqualTo(StageOutcome.FAILED);
    down.set(false);

    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                FederatedStageWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    stub.start(
        new StageRequest("process", "transformer", json("{}"), json("{}"), block.build())
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    Map.of(),
                    false)));
    FederatedStageResult second = ScriptedRegions.result(stub);

    assertThat(second.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(second.regionResults().get("a").executedIn()).isEqualTo("a");
    assertThat(regions.callsOf("a")).isEqualTo(2);
    assertThat(regions.requests)
        .extracting(RemoteRequest::idempotencyKey)
        .containsOnly(regions.requests.get(0).idempotencyKey());
  }
}
