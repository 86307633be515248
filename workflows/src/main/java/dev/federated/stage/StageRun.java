package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.aggregation.Aggregated;
import dev.federated.aggregation.AggregationException;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RegionStatus;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.Eligibility;
import dev.federated.routing.RegionSelector;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.ActivityStub;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import io.temporal.workflow.unsafe.WorkflowUnsafe;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs one stage inside a workflow: snapshot, decision, shares, aggregation. Everything happens on
 * the thread that calls {@link #run}; activities that end only queue their answer for it.
 */
public final class StageRun {
  /** After that long without a heartbeat an execution counts as lost. */
  private static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration LONGEST_RETRY_PAUSE = Duration.ofSeconds(60);
  private static final double RETRY_BACKOFF = 2;

  /** The longest pause between attempts, and the shortest: Temporal takes no pause of zero. */
  private static final Duration SHORTEST_RETRY_PAUSE = Duration.ofMillis(1);

  /** Shortest default of queue_timeout_seconds, and the reserve in the default total timeout. */
  private static final double MINUTE_SECONDS = 60;

  /** Bytes of a RemoteRequest beside its config and inputs, generously. */
  private static final int REQUEST_ENVELOPE_BYTES = 2_000;

  /** Failed regions that an error message spells out; the result has all of them. */
  private static final int MOST_REASONS = 5;

  /** Bytes that the server takes for a summary, with room for a codec. */
  private static final int LONGEST_SUMMARY = 150;

  private final StageRequest request;
  private final FederatedStageConfig config;
  private final Eligibility.Rules rules;
  private final World world;
  private final Aggregator aggregator;
  private final PayloadSizes sizes;
  private final WorkflowInfo info = Workflow.getInfo();
  private final String runKey;
  private final long startedAt = Workflow.currentTimeMillis();
  private final ArrayDeque<Answer> answers = new ArrayDeque<>();
  private final ArrayDeque<RegionRun> waiting = new ArrayDeque<>();
  private final List<RegionRun> running = new ArrayList<>();
  private final Map<String, RegionRun> shares = new LinkedHashMap<>();
  private final Map<String, RegionResult> notCalled = new LinkedHashMap<>();
  private final WorldSnapshot snapshot;
  private final Map<String, RegionSnapshot> regions = new LinkedHashMap<>();
  private final RoutingDecision decision;
  private final AggregationStrategy aggregation;
  private final long requestBytes;
  private boolean fallbackTaken;
  private @Nullable String winner;

  /** An activity that ended, with a response or a failure, and when in its share's life. */
  private record Answer(
      RegionRun share,
      int generation,
      @Nullable RemoteResponse response,
      @Nullable RuntimeException failure) {}

  /**
   * Takes the snapshot and decides.
   *
   * @param request the stage
   * @param world what the control worker knows
   * @param aggregator aggregations that this worker carries
   * @param sizes the size limits of this workflow run
   */
  public StageRun(StageRequest request, World world, Aggregator aggregator, PayloadSizes sizes) {
    this.request = request;
    this.config = request.federation();
    this.rules = new Eligibility.Rules(config);
    this.world = world;
    this.aggregator = aggregator;
    this.sizes = sizes;
    this.runKey = info.getRunId() + "/" + request.stageId();
    this.snapshot = Workflow.sideEffect(WorldSnapshot.class, () -> world.snapshot(request, runKey));
    snapshot.candidates().forEach(region -> regions.putIfAbsent(region.name(), region));
    if (snapshot.fallback() != null) {
      regions.putIfAbsent(snapshot.fallback().name(), snapshot.fallback());
    }
    this.decision = RegionSelector.decide(config, snapshot);
    this.aggregation = aggregation();
    this.requestBytes =
        REQUEST_ENVELOPE_BYTES
            + PayloadSizes.encoded(request.config())
            + PayloadSizes.encoded(request.inputs());
  }

  /** Whether the namespace has the federation's search attributes, as the snapshot recorded it. */
  public boolean searchAttributes() {
    return snapshot.searchAttributes();
  }

  /**
   * Runs the stage to its end; a stage that fails is a result as well.
   *
   * @throws CanceledFailure if the workflow is cancelled; every share has been told by then
   */
  public FederatedStageResult run() {
    FederatedStageResult result = execute();
    if (!WorkflowUnsafe.isReplaying()) {
      world.stageEnded(runKey, result.strategy(), result.outcome(), result.latencyMs());
    }
    return result;
  }

  private FederatedStageResult execute() {
    RegionError refusal = refusal();
    if (refusal != null) {
      return result(refusal);
    }
    admit();
    if (shares.isEmpty()) {
      // Every replicated region is excluded, so that a fallback has nothing to take over.
      return result(RegionError.of(FailureType.NO_ELIGIBLE_REGION, decision.reason()));
    }
    try {
      while (!waiting.isEmpty() || !running.isEmpty()) {
        start();
        if (!running.isEmpty()) {
          Workflow.await(() -> !answers.isEmpty());
          takeAnswers();
        }
      }
    } catch (CanceledFailure e) {
      cancelRunning("the stage was cancelled");
      throw e;
    }
    return aggregate();
  }

  /** Why nothing can be started, or null. */
  private @Nullable RegionError refusal() {
    List<String> unknown = snapshot.unknownRegions();
    if (unknown != null && !unknown.isEmpty()) {
      return RegionError.of(
          FailureType.NO_ELIGIBLE_REGION,
          "the control worker's federation has no region named %s"
              .formatted(String.join(", ", unknown)));
    }
    if (requestBytes > PayloadSizes.MAX_PAYLOAD_BYTES) {
      return RegionError.of(
          FailureType.PAYLOAD_TOO_LARGE,
          "config and inputs have %d bytes, at most %d can be sent to a region"
              .formatted(requestBytes, PayloadSizes.MAX_PAYLOAD_BYTES));
    }
    if (decision.chosen().isEmpty() && RegionSelector.explicitFallback(config, snapshot) == null) {
      noteUnavailable();
      return RegionError.of(FailureType.NO_ELIGIBLE_REGION, decision.reason());
    }
    return null;
  }

  /** Makes a share of each region that the strategy selects. */
  private void admit() {
    if (!decision.strategy().replicated()) {
      addShare(decision.chosen().get(0));
      return;
    }
    for (RegionSnapshot region : RegionSelector.inOrder(config, snapshot)) {
      switch (rules.of(region).verdict()) {
        case ELIGIBLE, UNAVAILABLE -> addShare(region.name());
        case EXCLUDED -> noteExcluded(region);
      }
    }
  }

  private void addShare(String region) {
    RegionRun share = new RegionRun(region);
    if (shares.putIfAbsent(region, share) == null) {
      waiting.add(share);
    }
  }

  /** Records a region that the stage must not run in, unless the stage did not ask for it. */
  private void noteExcluded(RegionSnapshot region) {
    boolean disabledAndNotListed =
        config.regions().isEmpty() && Boolean.FALSE.equals(region.enabled());
    if (!disabledAndNotListed) {
      notCalled.put(
          region.name(), RegionResult.notCalled(region.name(), RegionStatus.SKIPPED, null));
    }
  }

  /** Records the replicated regions that cannot be called when none can. */
  private void noteUnavailable() {
    if (!decision.strategy().replicated()) {
      return;
    }
    for (RegionSnapshot region : RegionSelector.inOrder(config, snapshot)) {
      Eligibility eligibility = rules.of(region);
      if (eligibility.failure() == null) {
        noteExcluded(region);
      } else {
        RegionError error = unavailable(region.name(), eligibility, eligibility.failure()).error();
        notCalled.put(
            region.name(), RegionResult.notCalled(region.name(), RegionStatus.FAILED, error));
      }
    }
  }

  private static RemoteOutcome unavailable(
      String region, Eligibility eligibility, FailureType failure) {
    return RemoteOutcome.notStarted(
        failure, "%s was not called: %s".formatted(region, eligibility.reason()));
  }

  /** Starts waiting shares while there is room for them. */
  private void start() {
    int room = decision.strategy() == FederationStrategy.SEQUENTIAL ? 1 : config.maxParallel();
    while (running.size() < room && !waiting.isEmpty()) {
      RegionRun share = waiting.remove();
      RegionSnapshot region = regions.get(share.region());
      Eligibility eligibility = region == null ? null : rules.of(region);
      running.add(share);
      if (eligibility != null && eligibility.failure() != null) {
        failed(share, unavailable(share.region(), eligibility, eligibility.failure()));
      } else {
        schedule(share, config.maxAttempts());
      }
    }
  }

  private void schedule(RegionRun share, int maxAttempts) {
    sizes.reserve(requestBytes);
    String region = share.executingIn();
    int generation = share.generation();
    String key =
        IdempotencyKey.of(
            info.getNamespace(),
            info.getWorkflowId(),
            info.getFirstExecutionRunId(),
            request.stageId(),
            share.region(),
            Integer.toString(share.keyGeneration()));
    RemoteRequest remote =
        new RemoteRequest(
            region,
            request.stageId(),
            request.type(),
            request.config(),
            request.inputs(),
            key,
            snapshot.maxOutputBytes(),
            snapshot.circuitBreaker());
    ActivityStub stub = Workflow.newUntypedActivityStub(options(share, maxAttempts));
    CancellationScope scope =
        Workflow.newCancellationScope(
            () ->
                stub.executeAsync(
                        RemoteExecuteActivity.REMOTE_EXECUTE, RemoteResponse.class, remote)
                    .handle(
                        (response, failure) -> {
                          answers.add(new Answer(share, generation, response, failure));
                          return null;
                        }));
    share.scheduled(scope, Workflow.currentTimeMillis());
    if (!WorkflowUnsafe.isReplaying()) {
      world.started(executionKey(share), region);
    }
    scope.run();
  }

  private ActivityOptions options(RegionRun share, int maxAttempts) {
    String region = share.executingIn();
    double attempt = attemptSeconds(region);
    double queue =
        config.queueTimeoutSeconds() != null
            ? config.queueTimeoutSeconds()
            : Math.max(MINUTE_SECONDS, attempt);
    Duration retryDelay = seconds(config.retryDelaySeconds());
    Duration firstPause =
        retryDelay.compareTo(SHORTEST_RETRY_PAUSE) < 0 ? SHORTEST_RETRY_PAUSE : retryDelay;
    return ActivityOptions.newBuilder()
        .setTaskQueue(FederatedQueues.ofRegion(region))
        .setStartToCloseTimeout(seconds(attempt))
        .setScheduleToStartTimeout(seconds(queue))
        .setScheduleToCloseTimeout(Duration.ofMillis(Math.max(1, remainingMs(share))))
        .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
        .setCancellationType(ActivityCancellationType.TRY_CANCEL)
        .setRetryOptions(
            RetryOptions.newBuilder()
                .setInitialInterval(firstPause)
                .setBackoffCoefficient(RETRY_BACKOFF)
                .setMaximumInterval(LONGEST_RETRY_PAUSE)
                .setMaximumAttempts(maxAttempts)
                .build())
        .setSummary(summary(region, request.stageId()))
        .build();
  }

  private static String summary(String region, String stageId) {
    String summary = region + ": " + stageId;
    return summary.length() <= LONGEST_SUMMARY ? summary : summary.substring(0, LONGEST_SUMMARY);
  }

  /** The longest attempt in a region: the shorter of the stage's and the region's timeout. */
  private double attemptSeconds(String region) {
    RegionSnapshot known = regions.get(region);
    Double ofRegion = known == null ? null : known.timeoutSeconds();
    return ofRegion == null ? config.timeoutSeconds() : Math.min(config.timeoutSeconds(), ofRegion);
  }

  /** What is left of the share's total timeout, which its hop shares. */
  private long remainingMs(RegionRun share) {
    double attempt = attemptSeconds(share.region());
    double queue =
        config.queueTimeoutSeconds() != null
            ? config.queueTimeoutSeconds()
            : Math.max(MINUTE_SECONDS, attempt);
    double total =
        config.totalTimeoutSeconds() != null
            ? config.totalTimeoutSeconds()
            : config.maxAttempts() * attempt + queue + MINUTE_SECONDS;
    return seconds(total).toMillis() - share.age(Workflow.currentTimeMillis());
  }

  private static Duration seconds(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1000));
  }

  /** Whether nobody polls the region's queue, recorded because it may change what follows. */
  private boolean noWorker(String region) {
    return Workflow.sideEffect(Boolean.class, () -> !Boolean.TRUE.equals(world.polled(region)));
  }

  private void takeAnswers() {
    while (!answers.isEmpty()) {
      Answer answer = answers.remove();
      RegionRun share = answer.share();
      if (share.ended() || answer.generation() != share.generation()) {
        continue;
      }
      RemoteOutcome outcome = outcome(share, answer);
      tellWorld(share, outcome);
      RemoteResponse response = outcome.response();
      if (response == null) {
        failed(share, outcome);
      } else {
        running.remove(share);
        share.succeed(outcome, response, regions.get(share.executingIn()));
        if (aggregation == AggregationStrategy.FIRST) {
          winner = share.region();
          stopTheRest();
        }
      }
    }
  }

  private RemoteOutcome outcome(RegionRun share, Answer answer) {
    RuntimeException failure = answer.failure();
    RemoteResponse response = answer.response();
    if (failure != null) {
      return RemoteOutcome.failed(share.executingIn(), failure, this::noWorker);
    }
    return response != null
        ? RemoteOutcome.succeeded(response)
        : RemoteOutcome.notStarted(
            FailureType.INVALID_REGION_RESPONSE,
            "the worker of %s returned nothing".formatted(share.executingIn()));
  }

  /** A share failed where it executes: one more attempt, a hop, or its end. */
  private void failed(RegionRun share, RemoteOutcome outcome) {
    RegionError error = outcome.error();
    if (error == null) {
      throw new IllegalArgumentException("a failed share of " + share.region() + " has an error");
    }
    boolean timeLeft = remainingMs(share) > 0;
    if (timeLeft && share.repeatAfterLostWorker(outcome)) {
      schedule(share, 1);
      return;
    }
    String fallback = share.hopped() || !timeLeft || !error.allowsHop() ? null : fallback(share);
    if (fallback != null) {
      share.hop(outcome, error, fallback);
      schedule(share, config.maxAttempts());
      return;
    }
    running.remove(share);
    share.fail(outcome, error);
  }

  /**
   * Where a failed share goes, or null. In replicated work a region executes one share at most: the
   * fallback takes the first share that fails, and none if it has a share of its own.
   */
  private @Nullable String fallback(RegionRun share) {
    String fallback = RegionSelector.fallback(config, snapshot, decision, share.region());
    if (fallback == null || !decision.strategy().replicated()) {
      return fallback;
    }
    RegionRun own = shares.get(fallback);
    if (own != null || fallbackTaken) {
      return null;
    }
    fallbackTaken = true;
    return fallback;
  }

  /** With aggregation first, one success is enough. */
  private void stopTheRest() {
    String reason = "another region answered first";
    for (RegionRun share : List.copyOf(running)) {
      running.remove(share);
      endCancelled(share, reason);
    }
    while (!waiting.isEmpty()) {
      RegionRun share = waiting.remove();
      shares.remove(share.region());
      notCalled.put(
          share.region(), RegionResult.notCalled(share.region(), RegionStatus.SKIPPED, null));
    }
  }

  private void cancelRunning(String reason) {
    for (RegionRun share : List.copyOf(running)) {
      endCancelled(share, reason);
    }
  }

  private void endCancelled(RegionRun share, String reason) {
    RegionSnapshot prices = regions.get(share.executingIn());
    share.cancel(reason, prices);
    tellWorld(share, RemoteOutcome.notStarted(FailureType.CANCELLED, reason));
  }

  private void tellWorld(RegionRun share, RemoteOutcome outcome) {
    if (!WorkflowUnsafe.isReplaying()) {
      world.ended(executionKey(share), share.executingIn(), outcome.error(), outcome.latencyMs());
    }
  }

  private String executionKey(RegionRun share) {
    return runKey + "/" + share.region() + "/" + share.generation();
  }

  private AggregationStrategy aggregation() {
    if (config.aggregation() != null) {
      return config.aggregation();
    }
    AggregationStrategy byDefault = snapshot.defaultAggregation();
    return byDefault == null ? AggregationStrategy.MERGE : byDefault;
  }

  /** The regions' results in region order. */
  private Map<String, RegionResult> results() {
    Map<String, RegionResult> results = new LinkedHashMap<>();
    if (decision.strategy().replicated()) {
      for (RegionSnapshot region : RegionSelector.inOrder(config, snapshot)) {
        RegionRun share = shares.get(region.name());
        RegionResult result = share != null ? share.result() : notCalled.get(region.name());
        if (result != null) {
          results.put(region.name(), result);
        }
      }
      return results;
    }
    shares.forEach((region, share) -> results.put(region, share.result()));
    return results;
  }

  private FederatedStageResult aggregate() {
    Map<String, RegionResult> results = results();
    List<RegionResult> failed = withStatus(results, RegionStatus.FAILED);
    List<RegionResult> succeeded = withStatus(results, RegionStatus.SUCCEEDED);
    RegionError tooFew = tooFew(succeeded, failed);
    if (tooFew != null) {
      return result(StageOutcome.FAILED, results, tooFew, null, List.of());
    }
    AggregationOptions options = config.aggregationOptions(aggregation);
    Aggregated aggregated;
    try {
      aggregated = aggregator.aggregate(options, StageResultJson.outputs(succeeded), winner);
    } catch (AggregationException e) {
      RegionError error =
          RegionError.of(FailureType.AGGREGATION_FAILED, String.valueOf(e.getMessage()));
      return result(StageOutcome.FAILED, results, error, null, List.of());
    }
    boolean complete = failed.isEmpty() || aggregation == AggregationStrategy.FIRST;
    StageOutcome outcome = complete ? StageOutcome.SUCCEEDED : StageOutcome.PARTIAL;
    return result(outcome, results, null, aggregated, aggregated.warnings());
  }

  /** Why the successes do not make a stage, or null. */
  private @Nullable RegionError tooFew(List<RegionResult> succeeded, List<RegionResult> failed) {
    int counted = succeeded.size() + failed.size();
    if (succeeded.isEmpty() && counted == 1) {
      return failed.get(0).error();
    }
    boolean enough =
        aggregation == AggregationStrategy.FIRST
            ? !succeeded.isEmpty()
            : succeeded.size() >= config.minRegions();
    if (succeeded.isEmpty() || !enough) {
      return RegionError.of(
          FailureType.QUORUM_NOT_MET,
          "%d of %d regions succeeded, min_regions is %d%s"
              .formatted(succeeded.size(), counted, config.minRegions(), reasons(failed)));
    }
    boolean partial = !failed.isEmpty() && aggregation != AggregationStrategy.FIRST;
    if (partial && config.onPartialFailure() != PartialFailurePolicy.PROCEED) {
      return RegionError.of(
          FailureType.QUORUM_NOT_MET,
          "%d of %d regions succeeded and on_partial_failure is %s%s"
              .formatted(
                  succeeded.size(),
                  counted,
                  config.onPartialFailure().wireName(),
                  reasons(failed)));
    }
    return null;
  }

  private static String reasons(List<RegionResult> failed) {
    StringBuilder reasons = new StringBuilder();
    for (RegionResult result : failed.subList(0, Math.min(failed.size(), MOST_REASONS))) {
      RegionError error = result.error();
      if (error != null) {
        reasons.append("; ").append(result.region()).append(": ").append(error.message());
      }
    }
    if (failed.size() > MOST_REASONS) {
      reasons.append("; and ").append(failed.size() - MOST_REASONS).append(" more");
    }
    return reasons.toString();
  }

  private static List<RegionResult> withStatus(
      Map<String, RegionResult> results, RegionStatus status) {
    return results.values().stream().filter(result -> result.status() == status).toList();
  }

  private FederatedStageResult result(RegionError refusal) {
    return result(StageOutcome.FAILED, notCalled, refusal, null, List.of());
  }

  private FederatedStageResult result(
      StageOutcome outcome,
      Map<String, RegionResult> results,
      @Nullable RegionError error,
      @Nullable Aggregated aggregated,
      List<String> warnings) {
    AggregationOptions options = config.aggregationOptions(aggregation);
    JsonNode recorded =
        aggregated == null || Aggregator.builtIn(options) ? null : aggregated.value();
    List<RegionResult> succeeded = withStatus(results, RegionStatus.SUCCEEDED);
    List<RegionResult> failed = withStatus(results, RegionStatus.FAILED);
    double cost = 0;
    long tokens = 0;
    for (RegionResult result : results.values()) {
      cost += result.cost();
      tokens += result.tokensUsed();
    }
    FederatedStageResult result =
        new FederatedStageResult(
            request.stageId(),
            outcome,
            decision.strategy(),
            aggregation,
            options,
            recorded,
            winner,
            error,
            warnings,
            !succeeded.isEmpty() && !failed.isEmpty(),
            names(succeeded),
            names(failed),
            results,
            List.of(decision),
            cost,
            tokens,
            Workflow.currentTimeMillis() - startedAt,
            info.getWorkflowId(),
            info.getRunId());
    return ResultSize.fit(result);
  }

  private static List<String> names(List<RegionResult> results) {
    return results.stream().map(RegionResult::region).toList();
  }
}
