package dev.federated.stage;

import dev.federated.model.HedgeOutcome;
import dev.federated.model.HedgedExecution;
import dev.federated.model.RegionError;
import io.temporal.workflow.CancellationScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The executions of one share that run side by side: the one that took too long, and its hedges.
 * Holds state only; {@link StageRun} schedules.
 */
final class Race {
  /** One of the executions. */
  static final class Runner {
    private final String region;
    private final String executionKey;
    private final String budgetKey;
    private final boolean hedge;
    private @Nullable CancellationScope scope;
    private final long startedAt;
    private final long startedAfterMs;
    private @Nullable HedgedExecution end;

    /** Whether the share's own figures hold it. */
    private boolean counted;

    private long tokens;

    private Runner(
        String region,
        String executionKey,
        String budgetKey,
        boolean hedge,
        long startedAt,
        long startedAfterMs) {
      this.region = region;
      this.executionKey = executionKey;
      this.budgetKey = budgetKey;
      this.hedge = hedge;
      this.startedAt = startedAt;
      this.startedAfterMs = startedAfterMs;
    }

    /** Where it executes. */
    String region() {
      return region;
    }

    /** What the world knows it by. */
    String executionKey() {
      return executionKey;
    }

    /** What the budget knows it by. */
    String budgetKey() {
      return budgetKey;
    }

    /** Whether it is a hedge, and not the execution that took too long. */
    boolean hedge() {
      return hedge;
    }

    void scheduledIn(CancellationScope scope) {
      this.scope = scope;
    }

    CancellationScope scope() {
      if (scope == null) {
        throw new IllegalStateException("the hedge in " + region + " was not scheduled");
      }
      return scope;
    }

    /** Milliseconds since it was scheduled. */
    long age(long now) {
      return now - startedAt;
    }

    boolean ended() {
      return end != null;
    }

    private void end(
        HedgeOutcome outcome,
        long latencyMs,
        int attempts,
        double cost,
        boolean estimated,
        @Nullable RegionError error) {
      end =
          new HedgedExecution(
              region,
              outcome,
              startedAfterMs,
              latencyMs,
              attempts,
              cost,
              estimated ? true : null,
              error);
    }
  }

  private final RegionRun share;
  private final int generation;
  private final List<Runner> runners = new ArrayList<>();
  private Runner leader;

  /**
   * A race in which only the execution that took too long runs yet.
   *
   * @param share whose executions these are
   * @param executionKey what the world knows that execution by
   */
  Race(RegionRun share, String executionKey) {
    this.share = share;
    this.generation = share.generation();
    this.leader =
        new Runner(
            share.executingIn(), executionKey, share.region(), false, share.scheduledAt(), 0);
    leader.scope = share.scope();
    runners.add(leader);
  }

  RegionRun share() {
    return share;
  }

  /** The execution that took too long, if an answer of that generation of the share is its. */
  @Nullable Runner original(int ofGeneration) {
    return ofGeneration == generation ? runners.get(0) : null;
  }

  /** A hedge that is about to be scheduled. */
  Runner add(String region, long now) {
    Runner first = runners.get(0);
    Runner hedge =
        new Runner(
            region,
            first.executionKey + suffix(),
            nextBudgetKey(),
            true,
            now,
            now - first.startedAt);
    runners.add(hedge);
    return hedge;
  }

  /** What the budget will know the next hedge by. */
  String nextBudgetKey() {
    return runners.get(0).budgetKey + suffix();
  }

  private String suffix() {
    return "/hedge-" + runners.size();
  }

  /** Whether that region executes or executed the share. */
  boolean wasIn(String region) {
    return runners.stream().anyMatch(runner -> runner.region.equals(region));
  }

  /** What has not ended yet. */
  List<Runner> running() {
    return runners.stream().filter(runner -> !runner.ended()).toList();
  }

  /** Whether it is the one whose failure is the share's. */
  boolean leads(Runner runner) {
    return runner == leader;
  }

  /** It gave the share's result. */
  void won(Runner runner, RemoteOutcome outcome, double cost) {
    runner.counted = true;
    leader = runner;
    runner.end(HedgeOutcome.WON, outcome.latencyMs(), outcome.attempts(), cost, false, null);
  }

  /** It succeeded after another one had. */
  void lost(Runner runner, RemoteOutcome outcome, RemoteResponse response, double cost) {
    runner.tokens = response.tokensUsed();
    runner.end(HedgeOutcome.LOST, outcome.latencyMs(), outcome.attempts(), cost, false, null);
  }

  /** It failed. */
  void failed(Runner runner, RemoteOutcome outcome) {
    runner.end(
        HedgeOutcome.FAILED, outcome.latencyMs(), outcome.attempts(), 0, false, outcome.error());
  }

  /** The leader failed, and the share lives on in another one. */
  void leadsNow(Runner runner) {
    leader.counted = true;
    leader = runner;
  }

  /** The leader failed, and the share's own figures hold it. */
  void leaderIsCounted() {
    leader.counted = true;
  }

  /**
   * Stops an execution. What it cost until now is not known: one execution is assumed.
   *
   * @param outcome lost, or cancelled with the share, whose own figures hold the leader then
   */
  void stop(Runner runner, HedgeOutcome outcome, String reason, double cost, long now) {
    if (outcome == HedgeOutcome.CANCELLED && runner == leader) {
      runner.counted = true;
    }
    runner.scope().cancel(reason);
    runner.end(outcome, runner.age(now), 1, cost, true, null);
  }

  /** Whether all executions have ended, and the share with them. */
  boolean over() {
    return share.ended() && running().isEmpty();
  }

  /** Writes the executions into the result of the share. */
  void record() {
    List<HedgedExecution> executions = new ArrayList<>();
    int attempts = 0;
    long tokens = 0;
    double cost = 0;
    boolean estimated = false;
    for (Runner runner : runners) {
      HedgedExecution end = runner.end;
      if (end == null) {
        continue;
      }
      executions.add(end);
      if (!runner.counted) {
        attempts += end.attempts();
        tokens += runner.tokens;
        cost += end.cost();
        estimated |= Boolean.TRUE.equals(end.costEstimated());
      }
    }
    share.hedged(executions, attempts, tokens, cost, estimated);
  }
}
