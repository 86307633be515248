package dev.federated.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireRecord;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What operators said of a region at run time. It goes before the federation file.
 *
 * @param drained whether stages stay away from it; what runs there ends
 * @param removed whether it is as if the federation file did not have it
 * @param added the region as in a federation file, without key; null for one of the file
 * @param reason why, in the operator's words, or null
 */
@WireRecord
public record LedgerSettings(
    boolean drained, boolean removed, @Nullable JsonNode added, @Nullable String reason) {
  /** Nothing was said. */
  public static final LedgerSettings NONE = new LedgerSettings(false, false, null, null);

  /**
   * What was said of all regions, as the memo of the ledger has it.
   *
   * @param byRegion regions of which something was said
   */
  @WireRecord
  public record Memo(Map<String, LedgerSettings> byRegion) {}
}
