package dev.federated.stage;

import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.Residency;
import dev.federated.model.StageRequest;
import dev.federated.routing.Eligibility;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Promise;
import io.temporal.workflow.TimerOptions;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where a stage waits for an operator, and where operators decide. Decisions come one at a time;
 * each returns when its effect is known, that is when the stage is parked again or has ended.
 */
public final class Parking {
  /** The type of the {@code ApplicationFailure} of a decision that cannot be carried out. */
  public static final String REFUSED = "DecisionRefused";

  /** How the summary of the timer begins that a parked stage has, and no other timer of ours. */
  public static final String TIMER_SUMMARY = "parked: ";

  private final StageRequest request;
  private final Function<String, @Nullable Eligibility> region;
  private ParkedStage state;
  private @Nullable StageDecision decided;
  private int turns;

  /**
   * For a stage that runs.
   *
   * @param region takes a fresh, recorded look at a region; null if there is none of that name
   */
  Parking(StageRequest request, Function<String, @Nullable Eligibility> region) {
    this.request = request;
    this.region = region;
    this.state = new ParkedStage(request.stageId(), false, List.of(), Map.of(), null);
  }

  /** Where the stage stands. */
  public ParkedStage state() {
    return state;
  }

  /**
   * Refuses a decision that makes no sense now; changes nothing.
   *
   * @throws ApplicationFailure of type {@link #REFUSED} saying what is wrong and what is possible
   */
  public void validate(StageDecision decision) {
    if (!state.parked() || decided != null) {
      throw refused("stage %s is not waiting for a decision".formatted(request.stageId()));
    }
    List<String> failed = new ArrayList<>(state.failedRegions().keySet());
    if (decision.regions() != null) {
      for (String name : decision.regions()) {
        if (!failed.contains(name)) {
          throw refused(
              "region %s has no failed share in stage %s; failed: %s"
                  .formatted(name, request.stageId(), failed));
        }
      }
    }
    FederatedStageConfig config = request.federation();
    String in = decision.in();
    Residency residency = config.residency();
    // Tags of a region are looked at when the decision is carried out.
    List<String> residents = residency == null ? null : residency.regions();
    if (in != null && residents != null && !residents.contains(in)) {
      throw refused(
          "region %s is outside the residency %s of stage %s"
              .formatted(in, residents, request.stageId()));
    }
    boolean aboutShares =
        decision.action() == StageDecision.Action.RETRY
            || decision.action() == StageDecision.Action.SKIP;
    if (aboutShares && failed.isEmpty()) {
      throw refused("no share of stage %s failed".formatted(request.stageId()));
    }
    if (decision.action() == StageDecision.Action.AGGREGATE && decision.aggregation() == null) {
      throw refused("say how stage %s is to be aggregated".formatted(request.stageId()));
    }
    if (decision.action() == StageDecision.Action.ACCEPT && state.successfulRegions().isEmpty()) {
      throw refused(
          "no region of stage %s succeeded, so there is nothing to accept"
              .formatted(request.stageId()));
    }
  }

  /**
   * Carries a decision out; blocks until its effect is known.
   *
   * @return where the stage stands after it
   * @throws ApplicationFailure of type {@link #REFUSED} if it cannot be carried out
   */
  public ParkedStage decide(StageDecision decision) {
    validate(decision);
    for (String name : places(decision)) {
      Eligibility eligibility = region.apply(name);
      if (eligibility == null) {
        throw refused("the control worker's federation has no region named " + name);
      }
      if (eligibility.verdict() == Eligibility.Verdict.EXCLUDED) {
        throw refused(
            "region %s may not execute stage %s: %s"
                .formatted(name, request.stageId(), eligibility.reason()));
      }
    }
    // The look at regions was recorded in between; somebody else may have decided.
    validate(decision);
    int turn = turns;
    decided = decision;
    Workflow.await(() -> turns > turn);
    return state;
  }

  /** The regions that a retry executes in. */
  private List<String> places(StageDecision decision) {
    if (decision.action() != StageDecision.Action.RETRY) {
      return List.of();
    }
    if (decision.in() != null) {
      return List.of(decision.in());
    }
    return decision.regions() == null
        ? List.copyOf(state.failedRegions().keySet())
        : decision.regions();
  }

  /**
   * Parks the stage until somebody decides.
   *
   * @param parked is run when the stage is parked
   * @return the decision, or null if nobody decided in time
   */
  @Nullable StageDecision await(FederatedStageResult result, Runnable parked) {
    state = parked(result);
    turns++;
    parked.run();
    Double own = request.federation().resumeTimeoutSeconds();
    Duration patience =
        AttemptPolicy.seconds(
            own == null ? FederatedStageConfig.DEFAULT_RESUME_TIMEOUT_SECONDS : own);
    List<Promise<Void>> timer = new ArrayList<>();
    CancellationScope scope =
        Workflow.newCancellationScope(
            () ->
                timer.add(
                    Workflow.newTimer(
                        patience,
                        TimerOptions.newBuilder()
                            .setSummary(
                                Markdown.summary(
                                    TIMER_SUMMARY + String.join(", ", result.failedRegions())))
                            .build())));
    scope.run();
    Workflow.await(() -> decided != null || timer.get(0).isCompleted());
    StageDecision decision = decided;
    decided = null;
    if (decision != null) {
      scope.cancel("decided");
    }
    state =
        new ParkedStage(
            request.stageId(), false, state.successfulRegions(), state.failedRegions(), null);
    return decision;
  }

  /** The stage has ended: whoever decided last learns it. */
  void ended() {
    turns++;
  }

  private ParkedStage parked(FederatedStageResult result) {
    Map<String, RegionError> failed = new LinkedHashMap<>();
    for (RegionResult share : result.regionResults().values()) {
      if (share.status() == RegionStatus.FAILED && share.error() != null) {
        failed.put(share.region(), share.error());
      }
    }
    RegionError why =
        result.error() == null
            ? RegionError.of(FailureType.QUORUM_NOT_MET, "some regions failed")
            : result.error();
    return new ParkedStage(request.stageId(), true, result.successfulRegions(), failed, why);
  }

  private static ApplicationFailure refused(String message) {
    return ApplicationFailure.newNonRetryableFailure(message, REFUSED);
  }
}
