package dev.federated.stage;

import dev.federated.model.Candidate;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.Hedge;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.RegionSelector;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.TimerOptions;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which shares of a stage take too long, and where they are executed as well. One timer serves all
 * shares, at the earliest time at which one of them counts as slow; a stage that does not hedge has
 * none.
 */
final class Hedging {
  private final FederatedStageConfig config;
  private final RoutingDecision decision;
  private final Function<String, @Nullable RegionSnapshot> regions;
  private final @Nullable Hedge hedge;
  private final @Nullable String fallback;
  private final int granted;
  private final Map<RegionRun, Watched> watched = new LinkedHashMap<>();
  private final Map<RegionRun, Race> races = new LinkedHashMap<>();
  private int started;
  private boolean due;
  private @Nullable CancellationScope timer;

  /** A share that may become slow. */
  private static final class Watched {
    private final int generation;
    private final long afterMs;
    private final int attemptsHere;
    private long dueAt;
    private int left;

    private Watched(int generation, long afterMs, int attemptsHere, long dueAt, int left) {
      this.generation = generation;
      this.afterMs = afterMs;
      this.attemptsHere = attemptsHere;
      this.dueAt = dueAt;
      this.left = left;
    }
  }

  /**
   * Hedging of a stage.
   *
   * @param snapshot says how many hedges the federation's budget of extra load grants
   * @param regions what is known of a region
   */
  Hedging(
      FederatedStageConfig config,
      WorldSnapshot snapshot,
      RoutingDecision decision,
      Function<String, @Nullable RegionSnapshot> regions) {
    this.config = config;
    this.decision = decision;
    this.regions = regions;
    this.hedge = Boolean.FALSE.equals(config.idempotent()) ? null : config.hedge();
    this.granted = snapshot.hedges() == null ? 0 : snapshot.hedges();
    this.fallback = hedge == null ? null : RegionSelector.explicitFallback(config, snapshot);
  }

  /** Hedges that were started. */
  int started() {
    return started;
  }

  /** Whether executions that come too late are waited for. */
  boolean waitsForLosers() {
    return hedge != null && hedge.waitForLoser();
  }

  /**
   * Attempts of a share that are kept for its hedges, so that retries and hedges together are no
   * more than the retries of a share that is not hedged; 0 if it will not be.
   */
  int reserve(RegionRun share) {
    if (hedge == null
        || started >= granted
        || afterMs(share) == null
        || places(share, Map.of(), Set.of()).isEmpty()) {
      return 0;
    }
    return Math.min(hedge.max(), config.maxAttempts() - 1);
  }

  /** The share was scheduled, with so many attempts kept for hedges. */
  void watch(RegionRun share, int reserved, long now) {
    Long after = reserved == 0 ? null : afterMs(share);
    if (after != null) {
      watched.put(
          share,
          new Watched(
              share.generation(), after, config.maxAttempts() - reserved, now + after, reserved));
    }
  }

  /**
   * The attempts that were kept for hedges of a share that failed before it was hedged: all its
   * other attempts failed in a way that is worth a repetition. They are not kept any longer.
   */
  int unused(RegionRun share, RemoteOutcome outcome) {
    Watched watch = races.containsKey(share) ? null : watched.remove(share);
    if (watch == null || watch.generation != share.generation()) {
      return 0;
    }
    boolean repeatable =
        outcome.attempts() >= watch.attemptsHere
            && outcome.error() != null
            && outcome.error().retryable();
    return repeatable ? watch.left : 0;
  }

  /** Sets the timer for the next share that counts as slow unless it ends before. */
  void arm(long now) {
    watched
        .entrySet()
        .removeIf(
            entry ->
                entry.getKey().ended()
                    || started >= granted
                    || (!races.containsKey(entry.getKey())
                        && entry.getValue().generation != entry.getKey().generation()));
    if (watched.isEmpty()) {
      disarm();
      return;
    }
    if (timer != null) {
      return;
    }
    long next = watched.values().stream().mapToLong(watch -> watch.dueAt).min().orElse(now);
    CancellationScope scope =
        Workflow.newCancellationScope(
            () ->
                Workflow.newTimer(
                        Duration.ofMillis(Math.max(1, next - now)),
                        TimerOptions.newBuilder().setSummary("slow regions are hedged").build())
                    .handle(
                        (fired, cancelled) -> {
                          due |= cancelled == null;
                          return null;
                        }));
    timer = scope;
    scope.run();
  }

  private void disarm() {
    CancellationScope armed = timer;
    timer = null;
    if (armed != null && !due) {
      armed.cancel("no region is slow");
    }
    due = false;
  }

  /** Whether the timer has fired. */
  boolean due() {
    return due;
  }

  /** The shares that count as slow now and may be hedged once more. */
  List<RegionRun> takeDue(long now) {
    if (!due) {
      return List.of();
    }
    due = false;
    timer = null;
    List<RegionRun> slow = new ArrayList<>();
    watched.forEach(
        (share, watch) -> {
          if (!share.ended() && watch.dueAt <= now) {
            slow.add(share);
            watch.dueAt = now + watch.afterMs;
          }
        });
    return slow;
  }

  /**
   * Where a slow share is executed as well, or null. With one target that is the next in rank. A
   * parallel stage prefers a region whose own share has ended, else takes the fallback region, else
   * the next in order; and always one that executes no other hedge of the stage, if there is any.
   *
   * @param shares the stage's shares by region
   * @param failed regions in which something of the stage failed
   */
  @Nullable String place(RegionRun share, Map<String, RegionRun> shares, Set<String> failed) {
    Watched watch = watched.get(share);
    if (watch == null || watch.left == 0 || started >= granted) {
      return null;
    }
    List<String> places = places(share, shares, failed);
    for (String place : places) {
      if (!hedgesIn(place)) {
        return place;
      }
    }
    return places.isEmpty() ? null : places.get(0);
  }

  private boolean hedgesIn(String region) {
    return races.values().stream()
        .flatMap(race -> race.running().stream())
        .anyMatch(runner -> runner.hedge() && runner.region().equals(region));
  }

  private List<String> places(RegionRun share, Map<String, RegionRun> shares, Set<String> failed) {
    Set<String> places = new LinkedHashSet<>();
    List<String> others = inOrderAfter(share.region());
    if (decision.strategy().replicated()) {
      for (String region : others) {
        RegionRun own = shares.get(region);
        if (own != null && own.ended()) {
          places.add(region);
        }
      }
      if (fallback != null) {
        places.add(fallback);
      }
    }
    places.addAll(others);
    if (fallback != null) {
      places.add(fallback);
    }
    Race race = races.get(share);
    places.removeIf(
        region ->
            region.equals(share.executingIn())
                || failed.contains(region)
                || (race != null && race.wasIn(region))
                || !harmless(share, region));
    return List.copyOf(places);
  }

  /** The eligible candidates: by rank with one target, else those behind the region first. */
  private List<String> inOrderAfter(String region) {
    List<String> behind = new ArrayList<>();
    List<String> before = new ArrayList<>();
    boolean passed = !decision.strategy().replicated();
    for (Candidate candidate : decision.candidates()) {
      if (candidate.region().equals(region)) {
        passed = true;
      } else if (candidate.eligible()) {
        (passed ? behind : before).add(candidate.region());
      }
    }
    behind.addAll(before);
    return behind;
  }

  /** Whether both regions may execute the share at once. */
  private boolean harmless(RegionRun share, String region) {
    return Boolean.TRUE.equals(config.idempotent())
        || (honoursKey(share.executingIn()) && honoursKey(region));
  }

  private boolean honoursKey(String name) {
    RegionSnapshot region = regions.apply(name);
    return region != null && Boolean.TRUE.equals(region.honoursKey());
  }

  /** A hedge of the share is started: it takes one of its attempts. */
  void countStart(RegionRun share) {
    started++;
    Watched watch = watched.get(share);
    if (watch != null) {
      watch.left--;
      if (watch.left == 0) {
        watched.remove(share);
      }
    }
  }

  /** The executions of a share that run side by side, or null. */
  @Nullable Race race(RegionRun share) {
    return races.get(share);
  }

  void begin(Race race) {
    races.put(race.share(), race);
  }

  void end(Race race) {
    races.remove(race.share());
    watched.remove(race.share());
  }

  /** The time after which an execution of the share is slow, or null if nobody knows. */
  private @Nullable Long afterMs(RegionRun share) {
    if (hedge == null) {
      return null;
    }
    Double seconds = hedge.afterSeconds();
    if (seconds != null) {
      return AttemptPolicy.seconds(seconds).toMillis();
    }
    RegionSnapshot region = regions.apply(share.executingIn());
    Double after = region == null ? null : region.hedgeAfterMs();
    return after == null ? null : Math.round(after);
  }
}
