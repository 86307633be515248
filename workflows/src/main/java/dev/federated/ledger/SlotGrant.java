package dev.federated.ledger;

import dev.federated.model.WireRecord;
import java.util.Map;

/**
 * The answer to a {@link SlotClaim}.
 *
 * @param byRegion every region of the claim
 */
@WireRecord
public record SlotGrant(Map<String, RegionGrant> byRegion) {
  /**
   * One region of one worker.
   *
   * @param slots executions that the worker may run at once from now on
   * @param share what it is granted once others have given up what they hold over their share
   * @param others what other workers hold
   */
  @WireRecord
  public record RegionGrant(int slots, int share, int others) {}
}
