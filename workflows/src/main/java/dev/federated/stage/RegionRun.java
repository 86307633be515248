package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.FailureType;
import dev.federated.model.HedgedExecution;
import dev.federated.model.Hop;
import dev.federated.model.ItemRanges;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RegionStatus;
import io.temporal.workflow.CancellationScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One share of a stage: the executions in the selected region and, after a failure, in one other.
 * Holds state only; {@link StageRun} schedules.
 */
final class RegionRun {
  private final String region;
  private final @Nullable ItemRanges items;
  private final List<Hop> hops = new ArrayList<>();
  private String executingIn;
  private int generation;
  private int keyGeneration;
  private boolean extraAttemptUsed;
  private boolean hopped;
  private boolean sentAgain;
  private int attemptsHere;
  private int attemptsBefore;
  private long firstScheduledAt = -1;
  private long scheduledAt;
  private @Nullable CancellationScope scope;
  private boolean unhealthyAfter;
  private @Nullable RegionResult result;

  RegionRun(String region) {
    this(region, null);
  }

  /** A share that has those items of a partitioned array. */
  RegionRun(String region, @Nullable ItemRanges items) {
    this.region = region;
    this.items = items;
    this.executingIn = region;
  }

  /** A share that succeeded in an earlier execution and is not executed again. */
  static RegionRun carried(RegionResult earlier) {
    RegionRun share = new RegionRun(earlier.region(), earlier.items());
    share.result = earlier;
    return share;
  }

  /** A share that did not succeed in an earlier execution and is executed again there. */
  static RegionRun again(RegionResult earlier, String in, boolean newKey) {
    RegionRun share = new RegionRun(earlier.region(), earlier.items());
    share.result = earlier;
    share.retry(in, newKey);
    return share;
  }

  /**
   * Executes an ended share again. Its idempotency key stays, unless the recorded error says that
   * nothing of it can have happened or the caller insists.
   */
  void retry(String in, boolean newKey) {
    RegionResult earlier = result();
    hops.clear();
    hops.addAll(earlier.hops());
    attemptsBefore = earlier.attempts();
    attemptsHere = 0;
    extraAttemptUsed = false;
    hopped = false;
    sentAgain = true;
    unhealthyAfter = false;
    generation++;
    firstScheduledAt = -1;
    keyGeneration = earlier.keyGeneration() == null ? 0 : earlier.keyGeneration();
    RegionError error = earlier.error();
    if (error != null) {
      String left = earlier.executedIn() == null ? region : earlier.executedIn();
      int here = earlier.attempts() - hops.stream().mapToInt(Hop::attempts).sum();
      hops.add(new Hop(left, here, error));
    }
    if (newKey || (error != null && error.definitive())) {
      keyGeneration++;
    }
    scope = null;
    executingIn = in;
    result = null;
  }

  /** Does without the share. */
  void skip() {
    endAs(RegionStatus.SKIPPED, result().error());
  }

  /** The share succeeded, but its region is not healthy after it. */
  void unhealthyAfter(RegionError error) {
    unhealthyAfter = true;
    endAs(RegionStatus.FAILED, error);
  }

  /** Whether the share only counts as failed because its region is not healthy after it. */
  boolean unhealthyAfter() {
    return unhealthyAfter;
  }

  /** The share is never called. */
  void leaveOut(RegionError why) {
    result =
        result == null
            ? RegionResult.notCalled(region, RegionStatus.SKIPPED, why).withItems(items)
            : result;
  }

  private void endAs(RegionStatus status, @Nullable RegionError error) {
    RegionResult earlier = result();
    result =
        new RegionResult(
            region,
            earlier.executedIn(),
            status,
            null,
            error,
            earlier.attempts(),
            earlier.hops(),
            earlier.latencyMs(),
            earlier.tokensUsed(),
            earlier.cost(),
            earlier.costEstimated(),
            earlier.keyGeneration(),
            earlier.estimatedCost(),
            earlier.items(),
            earlier.hedges());
  }

  /** The selected region, under which the result is recorded. */
  String region() {
    return region;
  }

  /** The items of a partitioned array that the share has; null where none is partitioned. */
  @Nullable ItemRanges items() {
    return items;
  }

  /** Where the share executes now. */
  String executingIn() {
    return executingIn;
  }

  /** Counts the activities of the share, so that a late answer of an earlier one is recognised. */
  int generation() {
    return generation;
  }

  /** Changes when an earlier execution is known to be over, and the idempotency key with it. */
  int keyGeneration() {
    return keyGeneration;
  }

  /** Whether the share has used its one hop since it was last sent out. */
  boolean hopped() {
    return hopped;
  }

  /** Whether an operator sent the share out again. */
  boolean sentAgain() {
    return sentAgain;
  }

  boolean ended() {
    return result != null;
  }

  /** The result; the share has to have ended. */
  RegionResult result() {
    if (result == null) {
      throw new IllegalStateException("the share of " + region + " has not ended");
    }
    return result;
  }

  /** An activity of the share was scheduled in that scope at that time. */
  void scheduled(CancellationScope scope, long now) {
    this.scope = scope;
    this.scheduledAt = now;
    if (firstScheduledAt < 0) {
      firstScheduledAt = now;
    }
  }

  /** The scope of the activity that runs. */
  CancellationScope scope() {
    if (scope == null) {
      throw new IllegalStateException("the share of " + region + " was not scheduled");
    }
    return scope;
  }

  /** When the activity that runs was scheduled. */
  long scheduledAt() {
    return scheduledAt;
  }

  /** Milliseconds since the first activity of the share was scheduled. */
  long age(long now) {
    return firstScheduledAt < 0 ? 0 : now - firstScheduledAt;
  }

  /**
   * Whether a lost worker earns the share one more attempt in the same region, which it gets once.
   */
  boolean earnsRepetition(RemoteOutcome outcome) {
    return outcome.workerLost() && !extraAttemptUsed;
  }

  /** Takes the attempt that a lost worker earned. */
  void repeat(RemoteOutcome outcome) {
    extraAttemptUsed = true;
    attemptsHere += Math.max(1, outcome.attempts());
    generation++;
  }

  /** Takes attempts that were kept for hedges. */
  void takeKept(RemoteOutcome outcome) {
    attemptsHere += outcome.attempts();
    generation++;
  }

  /** Leaves the region for one that executes the share already, as a hedge, with the same key. */
  void goesOnIn(String to, CancellationScope there, RemoteOutcome outcome, RegionError error) {
    int key = keyGeneration;
    hop(outcome, error, to);
    keyGeneration = key;
    scope = there;
  }

  /** A hedge in that region was faster. */
  void overtakenIn(String to) {
    attemptsBefore += attemptsHere;
    attemptsHere = 0;
    executingIn = to;
  }

  /**
   * Writes executions that ran side by side into the result, see {@link RegionResult#withHedges}.
   */
  void hedged(
      List<HedgedExecution> executions, int attempts, long tokens, double cost, boolean estimated) {
    result = result().withHedges(executions, attempts, tokens, cost, estimated);
  }

  /** Leaves the region for another one. */
  void hop(RemoteOutcome outcome, RegionError error, String to) {
    int attempts = attemptsHere + outcome.attempts();
    hops.add(new Hop(executingIn, attempts, error));
    attemptsBefore += attempts;
    attemptsHere = 0;
    extraAttemptUsed = false;
    hopped = true;
    generation++;
    if (error.definitive()) {
      keyGeneration++;
    }
    executingIn = to;
  }

  /** The share succeeded at that cost. */
  void succeed(
      RemoteOutcome outcome, RemoteResponse response, double cost, @Nullable Double estimate) {
    JsonNode output = response.output();
    result =
        new RegionResult(
            region,
            executingIn,
            RegionStatus.SUCCEEDED,
            output == null ? NullNode.instance : output,
            null,
            attemptsBefore + attemptsHere + outcome.attempts(),
            hops,
            outcome.latencyMs(),
            response.tokensUsed(),
            cost,
            false,
            renewals(),
            estimate,
            items,
            null);
  }

  /** The share failed for good; what its last region charges for that is not known. */
  void fail(RemoteOutcome outcome, RegionError error, @Nullable Double estimate) {
    int attempts = attemptsBefore + attemptsHere + outcome.attempts();
    result =
        new RegionResult(
            region,
            attempts == 0 ? null : executingIn,
            RegionStatus.FAILED,
            null,
            error,
            attempts,
            hops,
            outcome.latencyMs(),
            0,
            0,
            false,
            renewals(),
            attempts == 0 ? null : estimate,
            items,
            null);
  }

  /** Stops the share. What it cost until now is not known: one execution is assumed. */
  void cancel(String reason, @Nullable RegionSnapshot prices, @Nullable Double estimate) {
    boolean called = scope != null;
    if (scope != null) {
      scope.cancel(reason);
    }
    result =
        new RegionResult(
            region,
            called ? executingIn : null,
            RegionStatus.CANCELLED,
            null,
            RegionError.of(FailureType.CANCELLED, reason),
            attemptsBefore + attemptsHere + (called ? 1 : 0),
            hops,
            0,
            0,
            called && prices != null && prices.costPerExecution() != null
                ? prices.costPerExecution()
                : 0,
            called,
            renewals(),
            called ? estimate : null,
            items,
            null);
  }

  private @Nullable Integer renewals() {
    return keyGeneration == 0 ? null : keyGeneration;
  }
}
