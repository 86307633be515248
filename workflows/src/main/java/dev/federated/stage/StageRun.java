package dev.federated.stage;

import dev.federated.aggregation.Aggregator;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.ItemRanges;
import dev.federated.model.KeyRoot;
import dev.federated.model.LateResultPolicy;
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
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs one stage inside a workflow: snapshot, decision, shares, aggregation, and where the stage is
 * configured so, parking until an operator decides. Everything happens on the thread that calls
 * {@link #run}; activities that end and operators that decide only queue for it.
 */
public final class StageRun {
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

  /** The decision as the record tells it. */
  private final RoutingDecision told;

  private final ExecutionCosts costs;
  private final CostBudget budget;
  private final Hedging hedging;
  private final StageRecord record;
  private final Parking parking;
  private final ShareInputs inputs;
  private final Set<String> failedIn = new HashSet<>();
  private final @Nullable Runnable changed;
  private final StartCondition startCondition;
  private final GracePeriod grace;
  private final @Nullable WaveGate wave;
  private final LateResults late;
  private final NexusOperations operations = new NexusOperations();
  private boolean fallbackTaken;

  /** The region that a wave was last in, until the next one was let through. */
  private @Nullable RegionRun before;

  private @Nullable String lateWorkflowId;

  /** Whether there would have been regions for the items of an array if it had any. */
  private boolean nothingToDo;

  private @Nullable String winner;

  /** An activity that ended, with a response or a failure, and when in its share's life. */
  private record Answer(
      RegionRun share,
      int generation,
      Race.@Nullable Runner hedge,
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
    this.attempts = new AttemptPolicy(config);
    this.runKey = info.getRunId() + "/" + request.stageId();
    Redrive redrive = request.redrive();
    this.keyRoot =
        redrive == null
            ? new KeyRoot(info.getWorkflowId(), info.getFirstExecutionRunId())
            : redrive.keyRoot();
    this.snapshot = FirstLook.at(world, request, runKey, changed == null);
    this.rules = new Eligibility.Rules(config, snapshot);
    learn(snapshot);
    this.decision = RegionSelector.decide(config, snapshot);
    this.told = told(decision, redrive);
    this.costs = new ExecutionCosts(config, snapshot);
    this.budget = new CostBudget(config.maxCost(), costs);
    this.hedging = new Hedging(config, snapshot, decision, regions::get);
    this.record = new StageRecord(request, aggregator, aggregation(), policy(), info, sizes);
    this.parking = new Parking(request, this::known);
    this.inputs = new ShareInputs(request);
    this.startCondition = new StartCondition(config.quorumOrDefault().requireAvailable(), decision);
    this.grace =
        new GracePeriod(
            decision.strategy().replicated() ? config.quorumOrDefault().graceSeconds() : null);
    this.wave =
        decision.strategy() == FederationStrategy.SEQUENTIAL && config.wave() != null
            ? new WaveGate(config.wave(), world)
            : null;
    this.late = new LateResults(request, sizes, info, changed == null);
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
    operations.awaitEnds();
    showResult(result);
    parking.ended();
    tellHedges();
    if (!WorkflowUnsafe.isReplaying()) {
      world.stageEnded(
          runKey, result.strategy(), result.outcome(), result.latencyMs(), result.left());
    }
    return result;
  }

  /** Gives back the hedges that were granted and not started. */
  private void tellHedges() {
    if (snapshot.hedges() != null && !WorkflowUnsafe.isReplaying()) {
      world.hedgesStarted(runKey, hedging.started());
    }
  }

  private FederatedStageResult execute() {
    RegionError refusal = refusal();
    if (refusal != null) {
      return record.refused(told, notCalled, refusal, null, age());
    }
    admit();
    if (shares.isEmpty() && nothingToDo) {
      return record.ofNothing(told, results(), age());
    }
    if (shares.isEmpty()) {
      // Every replicated region is excluded, so that a fallback has nothing to take over.
      RegionError none = RegionError.of(FailureType.NO_ELIGIBLE_REGION, decision.reason());
      return record.refused(told, notCalled, none, null, age());
    }
    if (decision.strategy().replicated()) {
      record.limitFailures(
          new FailureLimit(config.quorumOrDefault().toleratedFailures(), shares.size()));
    }
    try {
      FederatedStageResult result = runShares();
      while (result.outcome() == StageOutcome.FAILED && record.waits()) {
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
      tellHedges();
      operations.awaitEnds();
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
    FederatedStageResult result = record.refused(told, results(), error, winner, age());
    showResult(result);
    return result;
  }

  private FederatedStageResult runShares() {
    RegionError tooFew = startCondition.problem();
    if (tooFew != null) {
      failUnavailable();
      return withMissing(record.refused(told, results(), tooFew, null, age()));
    }
    startCondition.lift();
    boolean shown = false;
    while (!waiting.isEmpty() || !running.isEmpty()) {
      String halt = halt();
      if (halt != null && !record.waits()) {
        leaveOut(halt);
        break;
      }
      if (halt != null && running.isEmpty()) {
        // An operator decides whether those that wait come to their turn.
        RegionError stopped = RegionError.of(FailureType.QUORUM_NOT_MET, halt);
        return withMissing(record.refused(told, results(), stopped, null, age()));
      }
      start();
      hedging.arm(Workflow.currentTimeMillis());
      if (!running.isEmpty()) {
        // Making a long table after each of many answers would cost more than it tells.
        if (!shown || shares.size() <= StageDetails.MOST_ROWS) {
          showRunning();
          shown = true;
        }
        Workflow.await(() -> !answers.isEmpty() || hedging.due() || grace.over());
        takeAnswers();
        startHedges();
      }
      if (grace.pending() && enoughSucceeded() && !(waiting.isEmpty() && running.isEmpty())) {
        grace.begin();
      }
      if (grace.over()) {
        stopStragglers();
      }
    }
    grace.end();
    hedging.arm(Workflow.currentTimeMillis());
    return withMissing(record.of(told, results(), winner, age()));
  }

  /** Says who gave nothing, for stages that may end without everyone. */
  private FederatedStageResult withMissing(FederatedStageResult result) {
    boolean asked = config.quorum() != null || config.wave() != null;
    if (!asked || record.aggregation() == AggregationStrategy.FIRST) {
      return result;
    }
    Set<String> missing = new HashSet<>();
    for (RegionRun share : shares.values()) {
      if (!share.ended() || share.result().status() != RegionStatus.SUCCEEDED) {
        missing.add(share.region());
      }
    }
    List<String> inOrder =
        result.regionResults().keySet().stream().filter(missing::contains).toList();
    return ResultSize.fit(result.missing(inOrder, lateWorkflowId), sizes);
  }

  /** With too few regions to start, those that are not there count as failed. */
  private void failUnavailable() {
    for (RegionRun share : List.copyOf(waiting)) {
      RemoteOutcome refusal = startCondition.counts(share.region()) ? null : refusal(share);
      RegionError error = refusal == null ? null : refusal.error();
      if (refusal != null && error != null) {
        waiting.remove(share);
        share.fail(refusal, error, null);
      }
    }
  }

  /** Why no further region may start, or null. */
  private @Nullable String halt() {
    boolean asked = config.quorumOrDefault().toleratedFailures() != null || wave != null;
    if (!asked || record.aggregation() == AggregationStrategy.FIRST) {
      return null;
    }
    int failed = 0;
    for (RegionRun share : shares.values()) {
      if (share.ended() && share.result().status() == RegionStatus.FAILED) {
        failed++;
        if (wave != null && share.unhealthyAfter()) {
          return share.region() + " is not healthy and health_gate is true";
        }
        if (wave != null && wave.stopsOnFailure()) {
          return share.region() + " failed and stop_on_failure is true";
        }
      }
    }
    return record.failureLimit().exceededBy(failed);
  }

  private boolean enoughSucceeded() {
    int least =
        config.partitioned() ? Math.min(config.minRegions(), shares.size()) : config.minRegions();
    return shares.values().stream()
            .filter(share -> share.ended() && share.result().status() == RegionStatus.SUCCEEDED)
            .limit(least)
            .count()
        == least;
  }

  /** Enough regions succeeded and the grace of the others is over. */
  private void stopStragglers() {
    grace.end();
    String reason =
        "min_regions %d had succeeded and grace_seconds %s were over"
            .formatted(config.minRegions(), config.quorumOrDefault().graceSeconds());
    Map<String, RegionResult> carriedOn = new LinkedHashMap<>();
    Map<String, String> places = new LinkedHashMap<>();
    for (RegionRun share : shares.values()) {
      if (!share.ended()) {
        carriedOn.put(
            share.region(),
            RegionResult.notCalled(
                    share.region(),
                    RegionStatus.CANCELLED,
                    RegionError.of(FailureType.CANCELLED, reason))
                .withItems(share.items()));
        if (!share.executingIn().equals(share.region())) {
          places.put(share.region(), share.executingIn());
        }
      } else if (share.result().status() == RegionStatus.SUCCEEDED) {
        carriedOn.put(share.region(), share.result());
      }
    }
    leaveOut(reason);
    if (config.quorumOrDefault().onLateResult() == LateResultPolicy.APPEND) {
      // Otherwise it would attach to executions that are about to be cancelled.
      operations.awaitEnds();
      String problem = late.carryOn(info, keyRoot, carriedOn, places);
      if (problem == null) {
        lateWorkflowId = late.workflowId();
      } else {
        record.warn("late results are not collected: " + problem);
      }
    }
  }

  /** Cancels what runs, and never starts what waits. */
  private void leaveOut(String reason) {
    for (RegionRun share : List.copyOf(running)) {
      running.remove(share);
      endCancelled(share, reason);
    }
    while (!waiting.isEmpty()) {
      RegionRun share = waiting.remove();
      budget.stopped(share.region(), 0);
      share.leaveOut(RegionError.of(FailureType.CANCELLED, "not called: " + reason));
    }
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
        String hedged = hedging.race(share) == null ? "" : ", hedged";
        rows.add(StageDetails.Row.open(share.region(), "running" + place + hedged));
      }
    }
    notCalled.values().forEach(result -> rows.add(StageDetails.Row.ended(result)));
    Workflow.setCurrentDetails(StageDetails.table("running", "", told.reason(), rows));
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
    Workflow.setCurrentDetails(StageDetails.table(state, explanation, told.reason(), rows));
  }

  private long age() {
    return Workflow.currentTimeMillis() - startedAt;
  }

  /** Of a redrive, that its shares stay with the regions that had them, whatever ranks best now. */
  private static RoutingDecision told(RoutingDecision decision, @Nullable Redrive redrive) {
    if (redrive == null || redrive.shares().isEmpty()) {
      return decision;
    }
    List<String> regions =
        decision.strategy().replicated()
            ? decision.chosen()
            : List.copyOf(redrive.shares().keySet());
    StringBuilder why =
        new StringBuilder("redrive of %s, which keeps its shares".formatted(redrive.workflowId()));
    if (redrive.relocations() != null) {
      redrive.relocations().forEach((from, to) -> why.append(", %s in %s".formatted(from, to)));
    }
    return new RoutingDecision(
        decision.strategy(),
        regions,
        why.append("; ").append(decision.reason()).toString(),
        decision.candidates());
  }

  /** Why nothing can be started, or null. */
  private @Nullable RegionError refusal() {
    String unknown = RegionSelector.unknownRegions(snapshot);
    if (unknown != null) {
      return RegionError.of(FailureType.NO_ELIGIBLE_REGION, unknown);
    }
    String problem = inputs.problem(decision.strategy());
    if (problem != null) {
      return RegionError.of(FailureType.COMPONENT_FAILED, problem);
    }
    RegionError tooLarge = inputs.differ() ? null : tooLarge(new RegionRun(""));
    if (tooLarge != null) {
      return tooLarge;
    }
    RegionError tooFew = startCondition.problem();
    if (neverCalled(request.redrive()) && tooFew != null && !waitsForRegions()) {
      noteUnavailable();
      return tooFew;
    }
    if (!neverCalled(request.redrive())) {
      startCondition.lift();
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

  /** Whether nothing of the stage was executed before. */
  private static boolean neverCalled(@Nullable Redrive redrive) {
    return redrive == null
        || redrive.shares().values().stream().allMatch(share -> share.attempts() == 0);
  }

  /**
   * Whether the stage parks if there are too few regions: the parts of an array are cut by then.
   */
  private boolean waitsForRegions() {
    return record.waits() && decision.strategy().replicated() && !config.partitioned();
  }

  /** Why what a share is executed with cannot be sent to a region, or null. */
  private @Nullable RegionError tooLarge(RegionRun share) {
    long bytes = inputs.bytes(share);
    int most = sizes.most(bytes);
    return bytes <= most
        ? null
        : RegionError.of(
            FailureType.PAYLOAD_TOO_LARGE,
            "config and inputs have %d bytes, at most %d can be sent to a region"
                .formatted(bytes, most));
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
    // With max_regions the execution that is redriven chose the regions.
    Set<String> chosen =
        redrive != null && config.quorumOrDefault().maxRegions() != null && !shares.isEmpty()
            ? redrive.shares().keySet()
            : null;
    List<RegionSnapshot> candidates =
        chosen != null
            ? RegionSelector.inOrder(config, snapshot)
            : RegionSelector.replicatedTo(config, snapshot);
    for (RegionSnapshot region : candidates) {
      String name = region.name();
      if (shares.containsKey(name) || (chosen != null && !chosen.contains(name))) {
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
    for (RegionSnapshot region : RegionSelector.replicatedTo(config, snapshot)) {
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
      boolean skipped = earlier.status() == RegionStatus.SKIPPED;
      boolean relocated = relocations != null && relocations.containsKey(earlier.region());
      if (earlier.status() == RegionStatus.SUCCEEDED
          || (skipped && !relocated && skippedByDecision(earlier))) {
        shares.put(earlier.region(), RegionRun.carried(earlier));
      } else if (config.partitioned() && (earlier.items() == null || earlier.items().isEmpty())) {
        notCalled.put(earlier.region(), earlier);
      } else if (config.partitioned() || !skipped || (relocated && skippedByDecision(earlier))) {
        String place = redrive.placeOf(earlier.region());
        RegionRun share = RegionRun.again(earlier, place, redrive.newKey());
        shares.put(earlier.region(), share);
        waits(share);
      }
    }
  }

  /**
   * Whether an operator decided to do without that share, which then has the error that it had
   * failed with; one that was left out because the stage ended early is cancelled. Earlier versions
   * took it for one that was never called.
   */
  private static boolean skippedByDecision(RegionResult skipped) {
    RegionError error = skipped.error();
    return error != null
        && error.type() != FailureType.CANCELLED
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
                .hedge(null)
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
    for (RegionSnapshot region : RegionSelector.replicatedTo(config, snapshot)) {
      Eligibility eligibility = rules.of(region);
      if (eligibility.verdict() == Eligibility.Verdict.ELIGIBLE) {
        noteSkipped(region.name(), null, null);
      } else if (eligibility.failure() == null) {
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
    while (running.size() < room && !waiting.isEmpty() && nextMayStart()) {
      RegionRun share = waiting.remove();
      running.add(share);
      before = share;
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
        int kept = hedging.reserve(share);
        schedule(share, config.maxAttempts() - kept);
        hedging.watch(share, kept, Workflow.currentTimeMillis());
      } else {
        failed(share, refusal);
      }
    }
  }

  /** Whether nothing keeps the next share from starting; between regions of a wave it pauses. */
  private boolean nextMayStart() {
    RegionRun last = before;
    before = null;
    if (halt() != null) {
      return false;
    }
    if (wave == null || last == null || !last.ended() || last.result().attempts() == 0) {
      return true;
    }
    wave.pause(waiting.element().region(), grace::over);
    if (grace.over()) {
      return false;
    }
    RegionSnapshot region = regions.get(last.executingIn());
    RegionError unhealthy =
        region != null && last.result().status() == RegionStatus.SUCCEEDED
            ? wave.unhealthy(region)
            : null;
    if (unhealthy != null) {
      last.unhealthyAfter(unhealthy);
    }
    return unhealthy == null && !grace.over();
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
    sizes.reserve(inputs.bytes(share), snapshot.taskBytes());
    String region = share.executingIn();
    int covered = budget.grant(share.region(), regions.get(region), maxAttempts);
    int generation = share.generation();
    CancellationScope scope =
        execution(
            share,
            region,
            covered,
            (response, failure) ->
                answers.add(new Answer(share, generation, null, response, failure)));
    share.scheduled(scope, Workflow.currentTimeMillis());
    begin(scope, executionKey(share), region);
  }

  private void begin(CancellationScope scope, String executionKey, String region) {
    if (!WorkflowUnsafe.isReplaying()) {
      world.started(executionKey, region);
    }
    scope.run();
  }

  /** An execution of a share, which begins when its scope runs. */
  private CancellationScope execution(
      RegionRun share,
      String region,
      int maxAttempts,
      BiConsumer<@Nullable RemoteResponse, @Nullable RuntimeException> answered) {
    RegionSnapshot known = regions.get(region);
    if (config.maxCost() != null && (known == null || !ExecutionCosts.priced(known))) {
      record.withoutPrice(region);
    }
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
            share.region(),
            config.quorumOrDefault().onLateResult() == LateResultPolicy.APPEND ? true : null);
    RegionCall call =
        new RegionCall(
            new RegionExecution(remote, attempts.limits(known, maxAttempts, remainingMs(share))),
            known == null ? null : known.nexusEndpoint(),
            operations);
    return Workflow.newCancellationScope(
        () ->
            call.execute()
                .handle(
                    (response, failure) -> {
                      answered.accept(response, failure);
                      return null;
                    }));
  }

  /** Executes shares that take too long in another region as well. */
  private void startHedges() {
    for (RegionRun share : hedging.takeDue(Workflow.currentTimeMillis())) {
      String place = share.ended() ? null : hedging.place(share, shares, failedIn);
      if (place != null && remainingMs(share) > 0) {
        startHedge(share, place);
      }
    }
  }

  private void startHedge(RegionRun share, String region) {
    Race known = hedging.race(share);
    Race race = known == null ? new Race(share, executionKey(share)) : known;
    RegionSnapshot there = regions.get(region);
    if (!budget.covers(race.nextBudgetKey(), there)) {
      return;
    }
    sizes.reserve(inputs.bytes(share), snapshot.taskBytes());
    hedging.begin(race);
    Race.Runner hedge = race.add(region, Workflow.currentTimeMillis());
    budget.grant(hedge.budgetKey(), there, 1);
    hedging.countStart(share);
    CancellationScope scope =
        execution(
            share,
            region,
            1,
            (response, failure) ->
                answers.add(new Answer(share, share.generation(), hedge, response, failure)));
    hedge.scheduledIn(scope);
    begin(scope, hedge.executionKey(), region);
  }

  /** One of several executions of a share that run side by side has ended. */
  private void raced(Race race, Race.Runner runner, Answer answer) {
    RegionRun share = race.share();
    if (runner.ended()) {
      return;
    }
    RemoteOutcome outcome = outcome(runner.region(), answer);
    tellWorld(runner.executionKey(), runner.region(), outcome);
    RemoteResponse response = outcome.response();
    if (response == null) {
      hedgeFailed(race, runner, outcome);
    } else {
      double cost = cost(runner.region(), response);
      budget.succeeded(runner.budgetKey(), outcome.attempts(), cost);
      if (share.ended()) {
        race.lost(runner, outcome, response, cost);
        tellHedge(runner, HedgeOutcome.LOST);
      } else {
        race.won(runner, outcome, cost);
        tellHedge(runner, HedgeOutcome.WON);
        if (runner.hedge() && !share.executingIn().equals(runner.region())) {
          share.overtakenIn(runner.region());
        }
        succeeded(share, outcome, response, cost);
      }
    }
    settle(share);
  }

  private void hedgeFailed(Race race, Race.Runner runner, RemoteOutcome outcome) {
    RegionRun share = race.share();
    RegionError error = outcome.error();
    race.failed(runner, outcome);
    tellHedge(runner, HedgeOutcome.FAILED);
    budget.failed(runner.budgetKey(), regions.get(runner.region()), outcome.attempts());
    if (error == null) {
      return;
    }
    if (!error.definitive()) {
      failedIn.add(runner.region());
    }
    if (share.ended() || !race.leads(runner)) {
      return;
    }
    List<Race.Runner> others = race.running();
    if (!others.isEmpty() && error.allowsHop()) {
      Race.Runner next = others.get(0);
      race.leadsNow(next);
      share.goesOnIn(next.region(), next.scope(), outcome, error);
      return;
    }
    race.leaderIsCounted();
    others.forEach(other -> stop(race, other, HedgeOutcome.CANCELLED, "its share failed"));
    failed(share, outcome);
  }

  /** Stops an execution that runs beside others of its share. */
  private void stop(Race race, Race.Runner runner, HedgeOutcome outcome, String reason) {
    long now = Workflow.currentTimeMillis();
    RegionSnapshot region = regions.get(runner.region());
    Double price = region == null ? null : region.costPerExecution();
    double cost = price == null ? 0 : price;
    race.stop(runner, outcome, reason, cost, now);
    budget.stopped(runner.budgetKey(), cost);
    tellWorld(
        runner.executionKey(),
        runner.region(),
        outcome == HedgeOutcome.LOST
            ? RemoteOutcome.overtaken(reason, runner.age(now))
            : RemoteOutcome.notStarted(FailureType.CANCELLED, reason));
    tellHedge(runner, outcome);
  }

  /** A share that has ended is done when all its executions have. */
  private void settle(RegionRun share) {
    Race race = hedging.race(share);
    if (!share.ended() || race == null) {
      return;
    }
    if (!hedging.waitsForLosers()) {
      race.running()
          .forEach(late -> stop(race, late, HedgeOutcome.LOST, "another region was faster"));
    }
    if (race.over()) {
      race.record();
      hedging.end(race);
      running.remove(share);
    }
  }

  private void tellHedge(Race.Runner runner, HedgeOutcome outcome) {
    if (runner.hedge() && !WorkflowUnsafe.isReplaying()) {
      world.hedgeEnded(runner.executionKey(), runner.region(), outcome);
    }
  }

  private void succeeded(
      RegionRun share, RemoteOutcome outcome, RemoteResponse response, double cost) {
    share.succeed(outcome, response, cost, estimate(share));
    if (hedging.race(share) == null) {
      running.remove(share);
    }
    settle(share);
    if (record.aggregation() == AggregationStrategy.FIRST) {
      winner = share.region();
      stopTheRest();
    }
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
      Race race = hedging.race(share);
      Race.Runner runner =
          answer.hedge() != null || race == null
              ? answer.hedge()
              : race.original(answer.generation());
      if (runner != null) {
        if (race != null) {
          raced(race, runner, answer);
        }
        continue;
      }
      if (share.ended() || answer.generation() != share.generation()) {
        continue;
      }
      RemoteOutcome outcome = outcome(share.executingIn(), answer);
      tellWorld(executionKey(share), share.executingIn(), outcome);
      RemoteResponse response = outcome.response();
      if (response == null) {
        failed(share, outcome);
      } else {
        double cost = cost(share.executingIn(), response);
        budget.succeeded(share.region(), outcome.attempts(), cost);
        succeeded(share, outcome, response, cost);
      }
    }
  }

  private RemoteOutcome outcome(String region, Answer answer) {
    RuntimeException failure = answer.failure();
    RemoteResponse response = answer.response();
    if (failure != null) {
      return RemoteOutcome.failed(region, failure, this::noWorker);
    }
    return response != null
        ? RemoteOutcome.succeeded(response)
        : RemoteOutcome.notStarted(
            FailureType.INVALID_REGION_RESPONSE,
            "the worker of %s returned nothing".formatted(region));
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
    int kept = timeLeft ? hedging.unused(share, outcome) : 0;
    if (kept > 0 && budget.covers(share.region(), here)) {
      share.takeKept(outcome);
      schedule(share, kept);
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
    settle(share);
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
    Race race = hedging.race(share);
    if (race != null && race.wasIn(fallback)) {
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
      if (!share.ended()) {
        running.remove(share);
        endCancelled(share, reason);
      }
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
    Race race = hedging.race(share);
    boolean beside = race != null && !race.running().isEmpty();
    if (race != null) {
      HedgeOutcome outcome = share.ended() ? HedgeOutcome.LOST : HedgeOutcome.CANCELLED;
      race.running().forEach(runner -> stop(race, runner, outcome, reason));
    }
    if (!share.ended()) {
      share.cancel(reason, regions.get(share.executingIn()), estimate(share));
      if (!beside) {
        budget.stopped(share.region(), share.result().cost());
        tellWorld(
            executionKey(share),
            share.executingIn(),
            RemoteOutcome.notStarted(FailureType.CANCELLED, reason));
      }
    }
    settle(share);
  }

  private void tellWorld(String executionKey, String region, RemoteOutcome outcome) {
    if (WorkflowUnsafe.isReplaying()) {
      return;
    }
    RemoteResponse response = outcome.response();
    Double estimate = estimate(region);
    boolean known = response != null && (response.cost() != null || estimate != null);
    world.ended(
        executionKey,
        region,
        new ExecutionEnd(
            outcome.error(),
            outcome.latencyMs(),
            response == null ? 0 : response.tokensUsed(),
            response != null && known ? cost(region, response) : null,
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
    return estimate(share.executingIn());
  }

  private @Nullable Double estimate(String name) {
    RegionSnapshot region = regions.get(name);
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
        List<RegionRun> later = List.copyOf(waiting);
        waiting.clear();
        for (RegionRun share : chosen) {
          share.retry(decided.in() == null ? share.region() : decided.in(), decided.newKey());
          startCondition.sentTo(share.region());
          waits(share);
        }
        waiting.addAll(later);
      }
      case SKIP -> chosen.forEach(RegionRun::skip);
      case ACCEPT -> {
        record.accept();
        startCondition.lift();
        leaveOut("an operator accepted what the other regions gave");
      }
      case ABORT -> {
        startCondition.lift();
        leaveOut("an operator ended the stage");
        record.end(
            RegionError.of(
                FailureType.QUORUM_NOT_MET,
                "an operator ended the stage"
                    + (decided.reason() == null ? "" : ": " + decided.reason())));
      }
      case AGGREGATE -> {
        if (decided.aggregation() != null) {
          record.aggregateBy(decided.aggregation());
        }
      }
    }
  }

  /** Nobody decided in time: the stage ends as its block says. */
  private void resumeTimedOut(FederatedStageResult parked) {
    boolean started = startCondition.problem() == null;
    startCondition.lift();
    if (config.onResumeTimeout() == PartialFailurePolicy.PROCEED) {
      record.judge(PartialFailurePolicy.PROCEED);
      if (started) {
        leaveOut("nobody decided within resume_timeout_seconds");
      }
    } else {
      leaveOut("nobody decided within resume_timeout_seconds");
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
    RegionResult result = notCalled.get(region);
    if (share != null) {
      result =
          share.ended()
              ? share.result()
              : RegionResult.notCalled(region, RegionStatus.SKIPPED, null).withItems(share.items());
    }
    if (result != null) {
      results.putIfAbsent(region, result);
    }
  }
}
