package dev.federated.stage;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
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
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.ActivityStub;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import io.temporal.workflow.unsafe.WorkflowUnsafe;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs one stage inside a workflow: snapshot, decision, shares, aggregation, and where the stage is
 * configured so, parking until an operator decides. Everything happens on the thread that calls
 * {@link #run}; activities that end and operators that decide only queue for it.
 */
public final class StageRun {
  /** Bytes of a RemoteRequest beside its config and inputs, generously. */
  private static final int REQUEST_ENVELOPE_BYTES = 2_000;

  private static final String SKIPPED_STAYS_SKIPPED = "skipped-stays-skipped";

  private static final String GOES_ON_IS_LISTED = "going-on-is-listed";

  private final StageRequest request;
  private final FederatedStageConfig config;
  private final Eligibility.Rules rules;
  private final World world;
  private final PayloadSizes sizes;
  private final AttemptPolicy attempts;
  private final WorkflowInfo info = Workflow.getInfo();
  private final String runKey;
  private final KeyRoot keyRoot;
  private final long startedAt = Workflow.currentTimeMillis();
  private final ArrayDeque<Answer> answers = new ArrayDeque<>();
  private final ArrayDeque<RegionRun> waiting = new ArrayDeque<>();
  private final List<RegionRun> running = new ArrayList<>();
  private final Map<String, RegionRun> shares = new LinkedHashMap<>();
  private final Map<String, RegionResult> notCalled = new LinkedHashMap<>();
  private final Map<String, RegionSnapshot> regions = new LinkedHashMap<>();
  private final WorldSnapshot snapshot;
  private final RoutingDecision decision;
  private final StageRecord record;
  private final Parking parking;
  private final long requestBytes;
  private final @Nullable Runnable changed;
  private boolean fallbackTaken;
  private @Nullable String winner;

  /** An activity that ended, with a response or a failure, and when in its share's life. */
  private record Answer(
      RegionRun share,
      int generation,
      @Nullable RemoteResponse response,
      @Nullable RuntimeException failure) {}

  /**
   * Takes the snapshot and decides, for a stage that is a workflow of its own: it keeps that
   * workflow's current details and, while it is parked, its search attributes.
   *
   * @param request the stage
   * @param world what the control worker knows
   * @param aggregator aggregations that this worker carries
   * @param sizes the size limits of this workflow run
   */
  public StageRun(StageRequest request, World world, Aggregator aggregator, PayloadSizes sizes) {
    this(request, world, aggregator, sizes, null);
  }

  /**
   * As {@link #StageRun(StageRequest, World, Aggregator, PayloadSizes)}, inside the workflow of
   * something larger, whose details and search attributes it leaves alone.
   *
   * @param changed is run when the stage was parked or goes on
   */
  public static StageRun inline(
      StageRequest request,
      World world,
      Aggregator aggregator,
      PayloadSizes sizes,
      Runnable changed) {
    return new StageRun(request, world, aggregator, sizes, changed);
  }

  private StageRun(
      StageRequest request,
      World world,
      Aggregator aggregator,
      PayloadSizes sizes,
      @Nullable Runnable changed) {
    this.request = request;
    this.changed = changed;
    this.config = request.federation();
    this.rules = new Eligibility.Rules(config);
    this.world = world;
    this.sizes = sizes;
    this.attempts = new AttemptPolicy(config, request.stageId());
    this.runKey = info.getRunId() + "/" + request.stageId();
    Redrive redrive = request.redrive();
    this.keyRoot =
        redrive == null
            ? new KeyRoot(info.getWorkflowId(), info.getFirstExecutionRunId())
            : redrive.keyRoot();
    this.snapshot = Workflow.sideEffect(WorldSnapshot.class, () -> world.snapshot(request, runKey));
    learn(snapshot);
    this.decision = RegionSelector.decide(config, snapshot);
    this.record = new StageRecord(request, aggregator, aggregation(), policy(), info);
    this.parking = new Parking(request, this::known);
    this.requestBytes =
        REQUEST_ENVELOPE_BYTES
            + PayloadSizes.encoded(request.config())
            + PayloadSizes.encoded(request.inputs());
  }

  /** Whether the namespace has the federation's search attributes, as the snapshot recorded it. */
  public boolean searchAttributes() {
    return snapshot.searchAttributes();
  }

  /** Where operators decide about the stage while it is parked. */
  public Parking parking() {
    return parking;
  }

  /** Keeps what is known of regions; what is known first wins until an operator asks again. */
  private void learn(WorldSnapshot from) {
    from.candidates().forEach(region -> regions.putIfAbsent(region.name(), region));
    if (from.fallback() != null) {
      regions.putIfAbsent(from.fallback().name(), from.fallback());
    }
  }

  /**
   * Runs the stage to its end; a stage that fails is a result as well.
   *
   * @throws CanceledFailure if the workflow is cancelled; every share has been told by then
   */
  public FederatedStageResult run() {
    FederatedStageResult result = execute();
    showResult(result);
    parking.ended();
    if (!WorkflowUnsafe.isReplaying()) {
      world.stageEnded(runKey, result.strategy(), result.outcome(), result.latencyMs());
    }
    return result;
  }

  private FederatedStageResult execute() {
    RegionError refusal = refusal();
    if (refusal != null) {
      return record.refused(decision, notCalled, refusal, null, age());
    }
    admit();
    if (shares.isEmpty()) {
      // Every replicated region is excluded, so that a fallback has nothing to take over.
      RegionError none = RegionError.of(FailureType.NO_ELIGIBLE_REGION, decision.reason());
      return record.refused(decision, notCalled, none, null, age());
    }
    try {
      FederatedStageResult result = runShares();
      while (result.outcome() != StageOutcome.SUCCEEDED && record.waits()) {
        FederatedStageResult unfinished = result;
        StageDecision decided = parking.await(result, () -> showParked(unfinished));
        if (decided == null) {
          resumeTimedOut(result);
        } else {
          record.note(decided);
          apply(decided);
        }
        showGoingOn();
        result = runShares();
      }
      return result;
    } catch (CanceledFailure e) {
      cancelRunning("the stage was cancelled");
      throw e;
    }
  }

  /**
   * The record of a stage that was cancelled: what each region had done by then. Shares that were
   * still waiting count as never called.
   */
  public FederatedStageResult interrupted() {
    for (RegionRun share : waiting) {
      shares.remove(share.region());
      notCalled.put(
          share.region(), RegionResult.notCalled(share.region(), RegionStatus.SKIPPED, null));
    }
    RegionError error = RegionError.of(FailureType.CANCELLED, "the stage was cancelled");
    FederatedStageResult result = record.refused(decision, results(), error, winner, age());
    showResult(result);
    return result;
  }

  private FederatedStageResult runShares() {
    boolean shown = false;
    while (!waiting.isEmpty() || !running.isEmpty()) {
      start();
      if (!running.isEmpty()) {
        // Making a long table after each of many answers would cost more than it tells.
        if (!shown || shares.size() <= StageDetails.MOST_ROWS) {
          showRunning();
          shown = true;
        }
        Workflow.await(() -> !answers.isEmpty());
        takeAnswers();
      }
    }
    return record.of(decision, results(), winner, age());
  }

  private void showRunning() {
    if (changed != null) {
      return;
    }
    List<StageDetails.Row> rows = new ArrayList<>();
    for (RegionRun share : shares.values()) {
      if (share.ended()) {
        rows.add(StageDetails.Row.ended(share.result()));
      } else if (waiting.contains(share)) {
        rows.add(StageDetails.Row.open(share.region(), "waiting"));
      } else {
        String place =
            share.executingIn().equals(share.region()) ? "" : " in " + share.executingIn();
        rows.add(StageDetails.Row.open(share.region(), "running" + place));
      }
    }
    notCalled.values().forEach(result -> rows.add(StageDetails.Row.ended(result)));
    Workflow.setCurrentDetails(StageDetails.table("running", "", decision.reason(), rows));
  }

  /** Tells operators that the stage waits for them. */
  private void showParked(FederatedStageResult result) {
    if (changed != null) {
      changed.run();
      return;
    }
    if (searchAttributes()) {
      Workflow.upsertTypedSearchAttributes(StageSearchAttributes.parked(result));
    }
    String why = result.error() == null ? "some regions failed" : result.error().message();
    show(
        "waiting for a decision",
        "%s. Decide with: federate resume %s".formatted(why, info.getWorkflowId()),
        result);
    new StageNotice(request.stageId(), parking.state().error()).send(request);
  }

  /**
   * Tells operators that the stage does not wait for them any more. One that executes nothing again
   * ends at once or is parked again, which tells enough.
   */
  private void showGoingOn() {
    if (changed != null) {
      changed.run();
    } else if (!waiting.isEmpty()) {
      if (searchAttributes()
          && Workflow.getVersion(GOES_ON_IS_LISTED, Workflow.DEFAULT_VERSION, 1)
              != Workflow.DEFAULT_VERSION) {
        Workflow.upsertTypedSearchAttributes(StageSearchAttributes.notParked());
      }
      new StageNotice(request.stageId(), null).send(request);
    }
  }

  private void showResult(FederatedStageResult result) {
    if (changed == null) {
      String why = result.error() == null ? "" : result.error().message();
      show(result.outcome().wireName(), why, result);
    }
  }

  /** Keeps the table in Temporal's UI; costs no event. */
  private void show(String state, String explanation, FederatedStageResult result) {
    List<StageDetails.Row> rows =
        result.regionResults().values().stream().map(StageDetails.Row::ended).toList();
    Workflow.setCurrentDetails(StageDetails.table(state, explanation, decision.reason(), rows));
  }

  private long age() {
    return Workflow.currentTimeMillis() - startedAt;
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
    boolean nothingCarried = request.redrive() == null || request.redrive().shares().isEmpty();
    if (nothingCarried
        && decision.chosen().isEmpty()
        && RegionSelector.explicitFallback(config, snapshot) == null
        && !record.waits()) {
      noteUnavailable();
      return RegionError.of(FailureType.NO_ELIGIBLE_REGION, decision.reason());
    }
    return null;
  }

  /** Makes a share of each region that the strategy selects. */
  private void admit() {
    Redrive redrive = request.redrive();
    if (redrive != null) {
      takeOver(redrive);
    }
    if (!decision.strategy().replicated()) {
      if (shares.isEmpty()) {
        decision.chosen().stream().limit(1).forEach(this::addShare);
      }
      return;
    }
    for (RegionSnapshot region : RegionSelector.inOrder(config, snapshot)) {
      if (shares.containsKey(region.name())) {
        continue;
      }
      switch (rules.of(region).verdict()) {
        case ELIGIBLE, UNAVAILABLE -> addShare(region.name());
        case EXCLUDED -> noteExcluded(region);
      }
    }
  }

  /** Keeps what succeeded in the earlier execution, and executes the rest of it again. */
  private void takeOver(Redrive redrive) {
    Map<String, String> relocations = redrive.relocations();
    if (relocations != null && !relocations.isEmpty()) {
      learn(look(List.copyOf(relocations.values()), "redrive"));
      relocations.forEach(this::relocate);
    }
    for (RegionResult earlier : redrive.shares().values()) {
      boolean skipped = earlier.status() == RegionStatus.SKIPPED;
      boolean relocated = relocations != null && relocations.containsKey(earlier.region());
      if (earlier.status() == RegionStatus.SUCCEEDED
          || (skipped && !relocated && skippedByDecision(earlier))) {
        shares.put(earlier.region(), RegionRun.carried(earlier));
      } else if (!skipped || (relocated && skippedByDecision(earlier))) {
        String place = redrive.placeOf(earlier.region());
        RegionRun share = RegionRun.again(earlier, place, redrive.newKey());
        shares.put(earlier.region(), share);
        waiting.add(share);
      }
    }
  }

  /**
   * Whether an operator decided to do without that share, which then has the error that it had
   * failed with. Earlier versions took it for one that was never called.
   */
  private static boolean skippedByDecision(RegionResult skipped) {
    return skipped.error() != null
        && Workflow.getVersion(SKIPPED_STAYS_SKIPPED, Workflow.DEFAULT_VERSION, 1)
            != Workflow.DEFAULT_VERSION;
  }

  /** A share of which no record is left, and that executes elsewhere now. */
  private void relocate(String region, String in) {
    Redrive redrive = request.redrive();
    boolean selected =
        config.regions().isEmpty()
            ? regions.containsKey(region)
            : config.regions().contains(region);
    if (redrive == null
        || redrive.shares().containsKey(region)
        || !selected
        || !decision.strategy().replicated()) {
      return;
    }
    RegionResult noRecord = RegionResult.notCalled(region, RegionStatus.FAILED, null);
    RegionRun share = RegionRun.again(noRecord, in, redrive.newKey());
    shares.put(region, share);
    waiting.add(share);
  }

  /** A fresh look at regions, recorded: an operator named them, so the first look does not do. */
  private WorldSnapshot look(List<String> names, String purpose) {
    StageRequest asked =
        new StageRequest(
            request.stageId(),
            request.type(),
            request.config(),
            request.inputs(),
            config.toBuilder()
                .strategy(FederationStrategy.PARALLEL)
                .regions(names)
                .fallbackRegion(null)
                .dataLocation(null)
                .build());
    return Workflow.sideEffect(
        WorldSnapshot.class, () -> world.snapshot(asked, runKey + "/" + purpose));
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
      running.add(share);
      RemoteOutcome refusal = share.sentAgain() ? refusalOfRetry(share) : refusal(share);
      if (refusal == null) {
        schedule(share, config.maxAttempts());
      } else {
        failed(share, refusal);
      }
    }
  }

  /** Why a share cannot start in its region, or null. */
  private @Nullable RemoteOutcome refusal(RegionRun share) {
    RegionSnapshot region = regions.get(share.executingIn());
    Eligibility eligibility = region == null ? null : rules.of(region);
    return eligibility == null || eligibility.failure() == null
        ? null
        : unavailable(share.executingIn(), eligibility, eligibility.failure());
  }

  /**
   * Why a share that an operator sends again must not start where he sends it, or null. He may know
   * better whether a region is up, but not whether the stage is allowed there.
   */
  private @Nullable RemoteOutcome refusalOfRetry(RegionRun share) {
    RegionSnapshot region = regions.get(share.executingIn());
    if (region == null) {
      return RemoteOutcome.notStarted(
          FailureType.REGION_UNAVAILABLE,
          "the control worker's federation has no region named " + share.executingIn());
    }
    Eligibility eligibility = rules.of(region);
    return eligibility.verdict() == Eligibility.Verdict.EXCLUDED
        ? unavailable(share.executingIn(), eligibility, FailureType.REGION_UNAVAILABLE)
        : null;
  }

  private void schedule(RegionRun share, int maxAttempts) {
    sizes.reserve(requestBytes);
    String region = share.executingIn();
    int generation = share.generation();
    String key =
        IdempotencyKey.of(
            info.getNamespace(),
            keyRoot.workflowId(),
            keyRoot.runId(),
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
            snapshot.circuitBreaker(),
            share.region());
    ActivityStub stub =
        Workflow.newUntypedActivityStub(
            attempts.options(region, regions.get(region), maxAttempts, remainingMs(share)));
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

  /** What is left of the share's total timeout, which its hop shares. */
  private long remainingMs(RegionRun share) {
    return attempts.totalMs(regions.get(share.region())) - share.age(Workflow.currentTimeMillis());
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
        if (record.aggregation() == AggregationStrategy.FIRST) {
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

  private PartialFailurePolicy policy() {
    if (config.onPartialFailure() != null) {
      return config.onPartialFailure();
    }
    PartialFailurePolicy byDefault = snapshot.defaultOnPartialFailure();
    return byDefault == null ? PartialFailurePolicy.PROCEED : byDefault;
  }

  /** A region that an operator names: looked at anew, and null if there is none of that name. */
  private @Nullable Eligibility known(String name) {
    WorldSnapshot now = look(List.of(name), "retry in " + name);
    if (now.candidates().isEmpty()) {
      return null;
    }
    RegionSnapshot region = now.candidates().get(0);
    regions.put(name, region);
    return rules.of(region);
  }

  /** Does what an operator decided. */
  private void apply(StageDecision decided) {
    List<RegionRun> chosen = new ArrayList<>();
    for (RegionRun share : shares.values()) {
      boolean named = decided.regions() == null || decided.regions().contains(share.region());
      if (named && share.ended() && share.result().status() == RegionStatus.FAILED) {
        chosen.add(share);
      }
    }
    switch (decided.action()) {
      case RETRY -> {
        for (RegionRun share : chosen) {
          share.retry(decided.in() == null ? share.region() : decided.in(), decided.newKey());
          waiting.add(share);
        }
      }
      case SKIP -> chosen.forEach(RegionRun::skip);
      case ACCEPT -> record.accept();
      case ABORT ->
          record.end(
              RegionError.of(
                  FailureType.QUORUM_NOT_MET,
                  "an operator ended the stage"
                      + (decided.reason() == null ? "" : ": " + decided.reason())));
      case AGGREGATE -> {
        if (decided.aggregation() != null) {
          record.aggregateBy(decided.aggregation());
        }
      }
    }
  }

  /** Nobody decided in time: the stage ends as its block says. */
  private void resumeTimedOut(FederatedStageResult parked) {
    if (config.onResumeTimeout() == PartialFailurePolicy.PROCEED) {
      record.judge(PartialFailurePolicy.PROCEED);
    } else {
      String why = parked.error() == null ? "" : ": " + parked.error().message();
      record.end(
          RegionError.of(
              FailureType.QUORUM_NOT_MET, "nobody decided within resume_timeout_seconds" + why));
    }
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
    }
    shares.forEach((region, share) -> results.putIfAbsent(region, share.result()));
    return results;
  }
}
