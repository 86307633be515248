package dev.federated.ledger;

import dev.federated.model.WireRecord;
import java.util.Map;

/**
 * What a worker process holds of its regions' {@code max_concurrent}, and that it wants its share.
 *
 * @param worker the process, unique among those that run
 * @param sequence grows with each claim of that worker; one that comes late counts for nothing
 * @param validMs how long the claim is good for, in milliseconds; the worker renews it before
 * @param byRegion every region that it serves
 */
@WireRecord
public record SlotClaim(
    String worker, long sequence, long validMs, Map<String, RegionSlots> byRegion) {
  /**
   * One region of one worker.
   *
   * @param limit the region's {@code max_concurrent} in the file of that worker; 0 from a worker
   *     that takes nothing more
   * @param held what it may use or still uses, whichever is more
   */
  @WireRecord
  public record RegionSlots(int limit, int held) {}
}
