package dev.federated.activities.slots;

import dev.federated.ledger.LedgerState;
import dev.federated.ledger.RegionLedgerWorkflow;
import dev.federated.ledger.SlotClaim;
import dev.federated.ledger.SlotGrant;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.client.WorkflowUpdateStage;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shares the slots of regions with other worker processes: claims them from the ledger, and says
 * regularly what this process holds, for otherwise others get it.
 *
 * <p>Executions matter more than the limit: while no ledger answers, a worker keeps what it was
 * granted last, and one that was never granted anything uses one slot after half a second and the
 * whole limit after {@link #PATIENCE}.
 */
public final class SlotLease implements AutoCloseable {
  /** A worker that has no answer for so long uses the whole limit. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  /**
   * A worker that has no answer for so long polls with one slot, so that control workers which
   * start after it see that the region has a worker.
   */
  private static final Duration SIGN_OF_LIFE = Duration.ofMillis(500);

  /** A region has so many claims in one health check interval, which is 30 s by default. */
  private static final double CLAIMS_PER_INTERVAL = 3;

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(2500);

  /** Until the next claim of a worker that waits for what others still hold. */
  private static final Duration WAITING_PAUSE = Duration.ofSeconds(1);

  /** A lease outlives one claim that is lost. */
  private static final int PAUSES_OF_A_LEASE = 2;

  private static final Duration LAST_WORD = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(SlotLease.class);

  private final WorkflowClient client;
  private final Map<String, RegionSlots> regions;
  private final Duration pause;
  private final Duration patience;
  private final String worker = UUID.randomUUID().toString();
  private final ScheduledExecutorService schedule =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "federation-slots");
            thread.setDaemon(true);
            return thread;
          });
  private final Map<String, SlotGrant.RegionGrant> told = new LinkedHashMap<>();
  private long sequence;
  private boolean failing;
  private @Nullable Future<?> next;
  private volatile boolean answered;
  private volatile boolean leaving;

  /**
   * A lease that claims nothing until it is started.
   *
   * @param regions the slots of each region that this process serves
   * @param healthCheckIntervalSeconds of the federation; a third of it, but 2.5 to 10 s, lies
   *     between two claims
   */
  public SlotLease(
      WorkflowClient client, Map<String, RegionSlots> regions, double healthCheckIntervalSeconds) {
    this(client, regions, pause(healthCheckIntervalSeconds), PATIENCE);
  }

  SlotLease(
      WorkflowClient client, Map<String, RegionSlots> regions, Duration pause, Duration patience) {
    this.client = client;
    this.regions = new LinkedHashMap<>(regions);
    this.pause = pause;
    this.patience = patience;
  }

  private static Duration pause(double healthCheckIntervalSeconds) {
    Duration share =
        Duration.ofMillis((long) (healthCheckIntervalSeconds * 1000 / CLAIMS_PER_INTERVAL));
    if (share.compareTo(LONGEST_PAUSE) > 0) {
      return LONGEST_PAUSE;
    }
    return share.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : share;
  }

  /** Claims from now on. Does not block. */
  public void start() {
    regions.values().forEach(slots -> slots.onGivenUp(() -> claimIn(Duration.ZERO)));
    claimIn(Duration.ZERO);
    // Not on the thread of claims: that one waits for the ledger as long as no worker answers.
    CompletableFuture.delayedExecutor(SIGN_OF_LIFE.toMillis(), TimeUnit.MILLISECONDS)
        .execute(this::showUp);
    CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)
        .execute(this::losePatience);
  }

  private void showUp() {
    if (!answered && !leaving) {
      regions.values().forEach(slots -> slots.grant(1));
    }
  }

  private void losePatience() {
    if (!answered && !leaving) {
      log.warn(
          "The ledger of regions has not said within {} s how many executions this worker may run; "
              + "it runs up to max_concurrent of each region, whatever other workers run. "
              + "Is a control worker running?",
          patience.toSeconds());
      useLimits();
    }
  }

  private void useLimits() {
    regions.values().forEach(slots -> slots.grant(slots.limit()));
  }

  private synchronized void claimIn(Duration delay) {
    if (schedule.isShutdown()) {
      return;
    }
    if (next != null) {
      next.cancel(false);
    }
    next = schedule.schedule(this::claim, delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void claim() {
    Duration delay = pause;
    try {
      if (leaving && regions.values().stream().allMatch(slots -> slots.held() == 0)) {
        release();
        return;
      }
      SlotGrant grant = ask();
      answered = true;
      failing = false;
      if (use(grant)) {
        delay = WAITING_PAUSE.compareTo(pause) < 0 ? WAITING_PAUSE : pause;
      }
    } catch (WorkflowUpdateException e) {
      // A ledger of an earlier version does not know claims.
      failed(e, "this worker runs up to max_concurrent of each region by itself");
      if (!leaving) {
        useLimits();
      }
    } catch (RuntimeException e) {
      failed(e, "keeping what was granted last");
    }
    claimIn(delay);
  }

  private SlotGrant ask() {
    Map<String, SlotClaim.RegionSlots> claimed = new LinkedHashMap<>();
    regions.forEach(
        (region, slots) ->
            claimed.put(
                region, new SlotClaim.RegionSlots(leaving ? 0 : slots.limit(), slots.held())));
    sequence++;
    SlotClaim claim =
        new SlotClaim(worker, sequence, pause.toMillis() * PAUSES_OF_A_LEASE, claimed);
    return client
        .newUntypedWorkflowStub(
            RegionLedgerWorkflow.TYPE,
            RegionLedgerWorkflow.options()
                .setWorkflowIdConflictPolicy(
                    WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
                .build())
        .executeUpdateWithStart(
            UpdateOptions.newBuilder(SlotGrant.class)
                .setUpdateName(RegionLedgerWorkflow.CLAIM_SLOTS)
                .setWaitForStage(WorkflowUpdateStage.COMPLETED)
                .build(),
            new Object[] {claim},
            new Object[] {LedgerState.EMPTY});
  }

  /**
   * Takes over what was granted.
   *
   * @return whether to ask again soon, because others hold what is to be this worker's
   */
  private boolean use(SlotGrant grant) {
    boolean waits = false;
    for (Map.Entry<String, RegionSlots> region : regions.entrySet()) {
      SlotGrant.RegionGrant granted = grant.byRegion().get(region.getKey());
      if (granted == null) {
        continue;
      }
      region.getValue().grant(leaving ? 0 : granted.slots());
      boolean waitsHere = granted.slots() < granted.share();
      waits |= waitsHere;
      SlotGrant.RegionGrant before = told.put(region.getKey(), granted);
      if (before == null || before.slots() != granted.slots()) {
        log.info(
            "Region {}: this worker runs up to {} executions at once{}{}",
            region.getKey(),
            granted.slots(),
            granted.others() > 0 ? ", other workers %d".formatted(granted.others()) : "",
            waitsHere ? "; %d as soon as they end some".formatted(granted.share()) : "");
      }
    }
    return waits;
  }

  private void failed(RuntimeException e, String consequence) {
    if (!failing && !leaving) {
      failing = true;
      log.warn(
          "The ledger of regions does not say how many executions this worker may run, {}: {}",
          consequence,
          String.valueOf(e.getMessage()));
    }
  }

  private void release() {
    schedule.shutdown();
    try {
      client
          .newUntypedWorkflowStub(RegionLedgerWorkflow.WORKFLOW_ID)
          .signal(RegionLedgerWorkflow.RELEASE_SLOTS, worker);
    } catch (WorkflowNotFoundException e) {
      log.debug("No ledger holds slots for this worker");
    } catch (RuntimeException e) {
      log.debug("Slots are others' when the lease is over", e);
    }
  }

  /** Takes no more executions; gives up what is held as those that run end. Does not block. */
  public void leave() {
    leaving = true;
    regions.values().forEach(slots -> slots.grant(0));
    claimIn(Duration.ZERO);
  }

  /** Leaves, and stops within a second, whatever still runs. */
  @Override
  public void close() {
    leave();
    try {
      if (!schedule.awaitTermination(LAST_WORD.toMillis(), TimeUnit.MILLISECONDS)) {
        schedule.shutdownNow();
      }
    } catch (InterruptedException e) {
      schedule.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
