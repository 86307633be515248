package dev.federated.starter;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.federated.ledger.ExecutionTotals;
import dev.federated.model.WireRecord;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a federation executed. An execution is a share of a stage in one region; what was cancelled
 * counts with its cost only, and what a redrive took over counts where it was executed.
 *
 * @param total over all regions
 * @param byRegion by the region that executed
 * @param byStage by stage id, of the stages that ended last
 * @param approximate whether the figures are what workers reported, because the Temporal server
 *     lists no closed workflows: a worker that is killed takes its last report with it
 */
@WireRecord
public record FederationStats(
    @JsonUnwrapped Figures total,
    Map<String, Figures> byRegion,
    Map<String, Figures> byStage,
    boolean approximate) {
  /**
   * Figures of a group of executions; null where there was none.
   *
   * @param totalExecutions how many succeeded or failed
   * @param successRate percent of them that succeeded
   * @param avgLatencyMs their mean latency in milliseconds, as measured in the regions
   * @param p50LatencyMs the latency that half of them did not exceed, within 1 %
   * @param p95LatencyMs the same for 95 percent
   * @param p99LatencyMs the same for 99 percent
   * @param totalTokens the sum of their tokens
   * @param totalCost the sum of their costs
   */
  @WireRecord
  @JsonInclude
  public record Figures(
      long totalExecutions,
      @Nullable Double successRate,
      @Nullable Double avgLatencyMs,
      @Nullable Long p50LatencyMs,
      @Nullable Long p95LatencyMs,
      @Nullable Long p99LatencyMs,
      long totalTokens,
      double totalCost) {
    private static final double PERCENT = 100;

    static Figures of(ExecutionTotals totals) {
      long executions = totals.executions();
      return new Figures(
          executions,
          executions == 0 ? null : PERCENT * totals.successes() / executions,
          executions == 0 ? null : totals.latencyMs() / executions,
          totals.percentile(50),
          totals.percentile(95),
          totals.percentile(99),
          totals.tokens(),
          totals.cost());
    }
  }
}
