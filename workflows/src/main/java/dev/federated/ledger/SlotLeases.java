package dev.federated.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Divides the {@code max_concurrent} of a region among the workers that serve it, in equal shares;
 * what is left over goes to those that came first. A worker is granted no more than others do not
 * hold: who has to give something up holds it until its executions end and it says so, or until it
 * is not heard of in time.
 */
final class SlotLeases {
  private final Map<String, Map<String, LedgerState.SlotLease>> byRegion = new LinkedHashMap<>();

  SlotLeases(Map<String, Map<String, LedgerState.SlotLease>> byRegion) {
    byRegion.forEach((region, leases) -> this.byRegion.put(region, new LinkedHashMap<>(leases)));
  }

  Map<String, Map<String, LedgerState.SlotLease>> state() {
    Map<String, Map<String, LedgerState.SlotLease>> copy = new LinkedHashMap<>();
    byRegion.forEach((region, leases) -> copy.put(region, new LinkedHashMap<>(leases)));
    return copy;
  }

  /**
   * Renews the leases of a worker.
   *
   * @param now the time of the workflow, in milliseconds since 1970
   */
  SlotGrant claim(SlotClaim claim, long now) {
    byRegion.values().forEach(leases -> leases.values().removeIf(lease -> lease.until() < now));
    Map<String, SlotGrant.RegionGrant> grants = new LinkedHashMap<>();
    claim
        .byRegion()
        .forEach((region, wanted) -> grants.put(region, claim(claim, region, wanted, now)));
    byRegion.values().removeIf(Map::isEmpty);
    return new SlotGrant(grants);
  }

  private SlotGrant.RegionGrant claim(
      SlotClaim claim, String region, SlotClaim.RegionSlots wanted, long now) {
    Map<String, LedgerState.SlotLease> leases =
        byRegion.computeIfAbsent(region, name -> new LinkedHashMap<>());
    String worker = claim.worker();
    LedgerState.SlotLease before = leases.get(worker);
    boolean late = before != null && claim.sequence() <= before.sequence();
    if (!late) {
      leases.put(
          worker,
          new LedgerState.SlotLease(
              claim.sequence(), now + claim.validMs(), wanted.limit(), wanted.held()));
    }
    int share = share(leases, worker);
    int others = heldByOthers(leases, worker);
    int slots = Math.max(0, Math.min(share, wanted.limit() - others));
    if (!late) {
      leases.computeIfPresent(
          worker, (name, lease) -> lease.holding(Math.max(slots, wanted.held())));
    }
    return new SlotGrant.RegionGrant(slots, share, others);
  }

  private static int share(Map<String, LedgerState.SlotLease> leases, String worker) {
    int sharing = 0;
    int place = 0;
    int limit = 0;
    for (Map.Entry<String, LedgerState.SlotLease> lease : leases.entrySet()) {
      if (lease.getKey().equals(worker)) {
        place = sharing;
        limit = lease.getValue().limit();
      }
      if (lease.getValue().limit() > 0) {
        sharing++;
      }
    }
    return limit == 0 ? 0 : limit / sharing + (place < limit % sharing ? 1 : 0);
  }

  private static int heldByOthers(Map<String, LedgerState.SlotLease> leases, String worker) {
    int held = 0;
    for (Map.Entry<String, LedgerState.SlotLease> lease : leases.entrySet()) {
      if (!lease.getKey().equals(worker)) {
        held += lease.getValue().held();
      }
    }
    return held;
  }

  /** A worker has ended. */
  void release(String worker) {
    byRegion.values().forEach(leases -> leases.remove(worker));
    byRegion.values().removeIf(Map::isEmpty);
  }
}
