package dev.federated.stage;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.ItemRanges;
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
import dev.federated.routing.ExecutionCosts;
import dev.federated.routing.Partition;
import dev.federated.routing.RegionSelector;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.ActivityStub;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import io.temporal.workflow.unsafe.WorkflowUnsafe;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs one stage inside a workflow: snapshot, decision, shares, aggregation, and where the stage is
 * configured so, parking until an operator decides. Everything happens on the thread that calls
 * {@link #run}; activities that end and operators that decide only queue for it.
 */
public final class StageRun {
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
  private final ExecutionCosts costs;
  private final CostBudget budget;
  private final StageRecord record;
  private final Parking parking;
  private final ShareInputs inputs;
  private final Set<String> failedIn = new HashSet<>();
  private final @Nullable Runnable changed;
  private boolean fallbackTaken;

  /** Whether there would have been regions for the items of an array if it had any. */
  private boolean nothingToDo;

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
    this.rules = new Eligibility.Rules(config, snapshot);
    learn(snapshot);
    this.decision = RegionSelector.decide(config, snapshot);
    this.costs = new ExecutionCosts(config, snapshot);
    this.budget = new CostBudget(config.maxCost(), costs);
    this.record = new StageRecord(request, aggregator, aggregation(), policy(), info);
    this.parking = new Parking(request, this::known);
    this.inputs = new ShareInputs(request);
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
      world.stageEnded(
          runKey, result.strategy(), result.outcome(), result.latencyMs(), result.left());
    }
    return result;
  }

  private FederatedStageResult execute() {
    RegionError refusal = refusal();
    if (refusal != null) {
      return record.refused(decision, notCalled, refusal, null, age());
    }
    admit();
    if (shares.isEmpty() && nothingToDo) {
      return record.ofNothing(decision, results(), age());
    }
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
        if (changed != null) {
          changed.run();
        }
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
      noteSkipped(share.region(), null, share.items());
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
    String problem = inputs.problem(decision.strategy());
    if (problem != null) {
      return RegionError.of(FailureType.COMPONENT_FAILED, problem);
    }
    RegionError tooLarge = inputs.differ() ? null : tooLarge(new RegionRun(""));
    if (tooLarge != null) {
      return tooLarge;
    }
    boolean nothingCarried = request.redrive() == null || request.redrive().shares().isEmpty();
    String over = nothingCarried ? RegionSelector.overMaxCost(config, snapshot) : null;
    if (over != null) {
      return RegionError.of(FailureType.NO_ELIGIBLE_REGION, over);
    }
    if (nothingCarried
        && decision.chosen().isEmpty()
        && RegionSelector.explicitFallback(config, snapshot) == null
        && !record.waits()) {
      noteUnavailable();
      return RegionError.of(FailureType.NO_ELIGIBLE_REGION, decision.reason());
    }
    return null;
  }

  /** Why what a share is executed with cannot be sent to a region, or null. */
  private @Nullable RegionError tooLarge(RegionRun share) {
    long bytes = inputs.bytes(share);
    return bytes <= PayloadSizes.MAX_PAYLOAD_BYTES
        ? null
        : RegionError.of(
            FailureType.PAYLOAD_TOO_LARGE,
            "config and inputs have %d bytes, at most %d can be sent to a region"
                .formatted(bytes, PayloadSizes.MAX_PAYLOAD_BYTES));
  }

  /** Makes a share of each region that the strategy selects. */
  private void admit() {
    Redrive redrive = request.redrive();
    if (config.partitioned() && !partsAreRecorded(redrive)) {
      admitParts();
      return;
    }
    if (redrive != null) {
      takeOver(redrive);
    }
    if (config.partitioned()) {
      nothingToDo = shares.isEmpty();
      return;
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

  /** Whether an earlier execution split the array: its split stands. */
  private static boolean partsAreRecorded(@Nullable Redrive redrive) {
    return redrive != null
        && redrive.shares().values().stream().anyMatch(share -> share.items() != null);
  }

  /**
   * Splits the array, and makes a share of each part that is not empty. Regions that are
   * unavailable get none, unless all are: then their parts fail, so that they can be sent again.
   */
  private void admitParts() {
    Partition partition = Partition.ofStage(request, snapshot);
    partition.parts().forEach(this::addPart);
    nothingToDo = !partition.parts().isEmpty();
    if (partition.unplaced() > 0) {
      record.warn(
          "%d items do not say in '%s' where they are; %s got them"
              .formatted(
                  partition.unplaced(),
                  config.partitionLocationOrDefault(),
                  partition.parts().keySet().iterator().next()));
    }
    for (RegionSnapshot region : RegionSelector.inOrder(config, snapshot)) {
      Eligibility eligibility = rules.of(region);
      if (shares.containsKey(region.name()) || notCalled.containsKey(region.name())) {
        continue;
      }
      if (eligibility.failure() == null) {
        noteExcluded(region);
      } else {
        RegionError why = unavailable(region.name(), eligibility, eligibility.failure()).error();
        noteSkipped(region.name(), why, ItemRanges.NONE);
      }
    }
  }

  private void addPart(String region, ItemRanges items) {
    if (items.isEmpty()) {
      noteSkipped(region, null, items);
    } else {
      RegionRun share = new RegionRun(region, items);
      shares.put(region, share);
      waiting.add(share);
    }
  }

  private void noteSkipped(String region, @Nullable RegionError why, @Nullable ItemRanges items) {
    notCalled.put(
        region, RegionResult.notCalled(region, RegionStatus.SKIPPED, why).withItems(items));
  }

  /** Keeps what succeeded in the earlier execution, and executes the rest of it again. */
  private void takeOver(Redrive redrive) {
    Map<String, String> relocations = redrive.relocations();
    if (relocations != null && !relocations.isEmpty()) {
      learn(look(List.copyOf(relocations.values()), "redrive"));
      relocations.forEach(this::relocate);
    }
    redrive.shares().values().forEach(budget::carry);
    for (RegionResult earlier : redrive.shares().values()) {
      if (earlier.status() == RegionStatus.SUCCEEDED) {
        shares.put(earlier.region(), RegionRun.carried(earlier));
      } else if (config.partitioned() && (earlier.items() == null || earlier.items().isEmpty())) {
        notCalled.put(earlier.region(), earlier);
      } else if (config.partitioned() || earlier.status() != RegionStatus.SKIPPED) {
        String place = redrive.placeOf(earlier.region());
        RegionRun share = RegionRun.again(earlier, place, redrive.newKey());
        shares.put(earlier.region(), share);
        waits(share);
      }
    }
  }

  /** A share of which no record is left, and that executes elsewhere now. */
  private void relocate(String region, String in) {
    Redrive redrive = request.redrive();
    boolean selected =
        config.regions().isEmpty()
            ? regions.containsKey(region)
            : config.regions().contains(region);
    if (redrive == null
        || config.partitioned()
        || redrive.shares().containsKey(region)
        || !selected
        || !decision.strategy().replicated()) {
      return;
    }
    RegionResult noRecord = RegionResult.notCalled(region, RegionStatus.FAILED, null);
    RegionRun share = RegionRun.again(noRecord, in, redrive.newKey());
    shares.put(region, share);
    waits(share);
  }

  /** The share starts when there is room; until then the budget keeps one execution for it. */
  private void waits(RegionRun share) {
    waiting.add(share);
    RegionSnapshot region = regions.get(share.executingIn());
    if (share.sentAgain() || region == null || rules.of(region).eligible()) {
      budget.keep(share.region(), region);
    }
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
                .distribution(null)
                .build());
    return Workflow.sideEffect(
        WorldSnapshot.class, () -> world.snapshot(asked, runKey + "/" + purpose));
  }

  private void addShare(String region) {
    RegionRun share = new RegionRun(region);
    if (shares.putIfAbsent(region, share) == null) {
      waits(share);
    }
  }

  /** Records a region that the stage must not run in, unless the stage did not ask for it. */
  private void noteExcluded(RegionSnapshot region) {
    boolean disabledAndNotListed =
        config.regions().isEmpty() && Boolean.FALSE.equals(region.enabled());
    if (!disabledAndNotListed) {
      noteSkipped(region.name(), null, null);
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
      RegionSnapshot region = regions.get(share.executingIn());
      if (refusal == null && !budget.covers(share.region(), region)) {
        refusal =
            RemoteOutcome.notStarted(
                FailureType.NO_ELIGIBLE_REGION, share.executingIn() + " was not called");
      }
      RegionError tooLarge = refusal == null && inputs.differ() ? tooLarge(share) : null;
      if (tooLarge != null) {
        refusal = RemoteOutcome.notStarted(tooLarge.type(), tooLarge.message());
      }
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
    sizes.reserve(inputs.bytes(share));
    String region = share.executingIn();
    RegionSnapshot known = regions.get(region);
    int covered = budget.grant(share.region(), known, maxAttempts);
    if (config.maxCost() != null && (known == null || !ExecutionCosts.priced(known))) {
      record.withoutPrice(region);
    }
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
            inputs.of(share),
            key,
            snapshot.maxOutputBytes(),
            snapshot.circuitBreaker(),
            share.region());
    ActivityStub stub =
        Workflow.newUntypedActivityStub(
            attempts.options(region, known, covered, remainingMs(share)));
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
        double cost = cost(share.executingIn(), response);
        budget.succeeded(share.region(), outcome.attempts(), cost);
        share.succeed(outcome, response, cost, estimate(share));
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
    if (!error.definitive()) {
      failedIn.add(share.executingIn());
    }
    boolean timeLeft = remainingMs(share) > 0;
    RegionSnapshot here = regions.get(share.executingIn());
    budget.failed(share.region(), here, outcome.attempts());
    if (timeLeft && share.earnsRepetition(outcome) && budget.covers(share.region(), here)) {
      share.repeat(outcome);
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
    share.fail(outcome, budget.explain(share.region(), error), estimate(share));
  }

  /**
   * Where a failed share goes, or null. In replicated work a region executes one share at most: the
   * fallback takes the first share that fails, and none if it has a share of its own. Parts of an
   * array are different work: one region may take over several.
   */
  private @Nullable String fallback(RegionRun share) {
    if (config.partitioned()) {
      Set<String> failed = new HashSet<>(failedIn);
      failed.add(share.executingIn());
      return RegionSelector.takesOver(config, snapshot, decision, share.region(), failed);
    }
    String fallback = RegionSelector.fallback(config, snapshot, decision, share.region());
    if (fallback == null) {
      return null;
    }
    boolean replicated = decision.strategy().replicated();
    if (replicated && (fallbackTaken || shares.containsKey(fallback))) {
      return null;
    }
    if (!budget.covers(share.region(), regions.get(fallback))) {
      return null;
    }
    fallbackTaken = replicated;
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
      budget.stopped(share.region(), 0);
      shares.remove(share.region());
      noteSkipped(share.region(), null, share.items());
    }
  }

  private void cancelRunning(String reason) {
    for (RegionRun share : List.copyOf(running)) {
      endCancelled(share, reason);
    }
  }

  private void endCancelled(RegionRun share, String reason) {
    RegionSnapshot prices = regions.get(share.executingIn());
    share.cancel(reason, prices, estimate(share));
    budget.stopped(share.region(), share.result().cost());
    tellWorld(share, RemoteOutcome.notStarted(FailureType.CANCELLED, reason));
  }

  private void tellWorld(RegionRun share, RemoteOutcome outcome) {
    if (WorkflowUnsafe.isReplaying()) {
      return;
    }
    RemoteResponse response = outcome.response();
    Double estimate = estimate(share);
    boolean known = response != null && (response.cost() != null || estimate != null);
    world.ended(
        executionKey(share),
        share.executingIn(),
        new ExecutionEnd(
            outcome.error(),
            outcome.latencyMs(),
            response == null ? 0 : response.tokensUsed(),
            response != null && known ? cost(share.executingIn(), response) : null,
            estimate));
  }

  /** What an execution cost: what its region says, else its prices, else 0. */
  private double cost(String region, RemoteResponse response) {
    RegionSnapshot prices = regions.get(region);
    if (response.cost() != null) {
      return response.cost();
    }
    return prices == null ? 0 : costs.spent(prices, response.tokensUsed());
  }

  /** What one execution of the share was expected to cost where it executes; null if unknown. */
  private @Nullable Double estimate(RegionRun share) {
    RegionSnapshot region = regions.get(share.executingIn());
    return region == null ? null : costs.of(region);
  }

  private String executionKey(RegionRun share) {
    return runKey + "/" + share.region() + "/" + share.generation();
  }

  private AggregationStrategy aggregation() {
    if (config.aggregation() != null) {
      return config.aggregation();
    }
    if (config.partitioned()) {
      return AggregationStrategy.CONCAT;
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
        // Time has passed: a region that failed before may take over now.
        failedIn.clear();
        for (RegionRun share : chosen) {
          share.retry(decided.in() == null ? share.region() : decided.in(), decided.newKey());
          waits(share);
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
    Redrive redrive = request.redrive();
    if (redrive != null && config.partitioned() && partsAreRecorded(redrive)) {
      // The order of the items, whatever the order of the regions is by now.
      for (String region : redrive.shares().keySet()) {
        addResult(region, results);
      }
    }
    if (decision.strategy().replicated()) {
      for (RegionSnapshot region : RegionSelector.inOrder(config, snapshot)) {
        addResult(region.name(), results);
      }
    }
    shares.keySet().forEach(region -> addResult(region, results));
    return results;
  }

  private void addResult(String region, Map<String, RegionResult> results) {
    RegionRun share = shares.get(region);
    RegionResult result = share != null ? share.result() : notCalled.get(region);
    if (result != null) {
      results.putIfAbsent(region, result);
    }
  }
}
