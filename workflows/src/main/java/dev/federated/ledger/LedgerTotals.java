package dev.federated.ledger;

import dev.federated.model.WireRecord;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Executions that were counted: of the stages that have closed, each once, as the server lists
 * them. Where the server lists nothing they are what workers reported, and approximate: a worker
 * that is killed takes its last report with it.
 *
 * @param byRegion executions by the region that executed
 * @param byStage executions by stage id, of the stages that ended last
 * @param reported what workers reported, by region; counted beside the rest
 * @param until stages that closed before that are counted, in milliseconds since 1970; 0 for none
 * @param seen runs that closed shortly before {@code until} and are counted
 * @param listed whether the server lists closed stages; null while nobody has asked
 */
@WireRecord
public record LedgerTotals(
    Map<String, ExecutionTotals> byRegion,
    Map<String, ExecutionTotals> byStage,
    Map<String, ExecutionTotals> reported,
    long until,
    List<String> seen,
    @Nullable Boolean listed) {
  /** Nothing was counted. */
  public static final LedgerTotals EMPTY =
      new LedgerTotals(Map.of(), Map.of(), Map.of(), 0, List.of(), null);

  /** Whether the figures by region may be wrong, because the server lists no closed stages. */
  public boolean approximate() {
    return !Boolean.TRUE.equals(listed);
  }

  /** The best figures by region. */
  public Map<String, ExecutionTotals> best() {
    return approximate() ? reported : byRegion;
  }
}
