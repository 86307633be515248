package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.FailureType;
import dev.federated.model.Hop;
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
  private final List<Hop> hops = new ArrayList<>();
  private String executingIn;
  private int generation;
  private int keyGeneration;
  private boolean extraAttemptUsed;
  private int attemptsHere;
  private int attemptsBefore;
  private long firstScheduledAt = -1;
  private @Nullable CancellationScope scope;
  private @Nullable RegionResult result;

  RegionRun(String region) {
    this.region = region;
    this.executingIn = region;
  }

  /** The selected region, under which the result is recorded. */
  String region() {
    return region;
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

  boolean hopped() {
    return !hops.isEmpty();
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
    if (firstScheduledAt < 0) {
      firstScheduledAt = now;
    }
  }

  /** Milliseconds since the first activity of the share was scheduled. */
  long age(long now) {
    return firstScheduledAt < 0 ? 0 : now - firstScheduledAt;
  }

  /**
   * Whether a lost worker earns the share one more attempt in the same region, which it gets once.
   */
  boolean repeatAfterLostWorker(RemoteOutcome outcome) {
    if (!outcome.workerLost() || extraAttemptUsed) {
      return false;
    }
    extraAttemptUsed = true;
    attemptsHere += Math.max(1, outcome.attempts());
    generation++;
    return true;
  }

  /** Leaves the region for another one. */
  void hop(RemoteOutcome outcome, RegionError error, String to) {
    int attempts = attemptsHere + outcome.attempts();
    hops.add(new Hop(executingIn, attempts, error));
    attemptsBefore += attempts;
    attemptsHere = 0;
    extraAttemptUsed = false;
    generation++;
    if (error.definitive()) {
      keyGeneration++;
    }
    executingIn = to;
  }

  void succeed(RemoteOutcome outcome, RemoteResponse response, @Nullable RegionSnapshot prices) {
    JsonNode output = response.output();
    double cost = response.cost() != null ? response.cost() : price(prices, response.tokensUsed());
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
            false);
  }

  void fail(RemoteOutcome outcome, RegionError error) {
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
            false);
  }

  /** Stops the share. What it cost until now is not known: one execution is assumed. */
  void cancel(String reason, @Nullable RegionSnapshot prices) {
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
            called ? price(prices, 0) : 0,
            called);
  }

  private static double price(@Nullable RegionSnapshot prices, long tokens) {
    if (prices == null) {
      return 0;
    }
    double execution = prices.costPerExecution() == null ? 0 : prices.costPerExecution();
    double token = prices.costPerToken() == null ? 0 : prices.costPerToken();
    return execution + token * tokens;
  }
}
