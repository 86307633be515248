package dev.federated.pipeline;

import dev.federated.model.FederatedStageConfig;
import dev.federated.stage.FederatedStageResult;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pipeline with {@code max_cost} has spent, and what is handed to its federated stages that
 * run. A stage is handed what is left, at most its own {@code max_cost}. One that would be handed
 * less than it may because others run waits for them, so that the stages together never have more
 * than the pipeline. Without a {@code max_cost} every stage keeps its own.
 */
final class PipelineBudget {
  private final @Nullable Double most;
  private final Map<String, Double> handed = new LinkedHashMap<>();
  private double spent;

  /**
   * A budget of which nothing is spent.
   *
   * @param most the pipeline's max_cost, or null
   */
  PipelineBudget(@Nullable Double most) {
    this.most = most;
  }

  /** Whether a stage need not wait for others that may spend what it could. */
  boolean mayStart(StageDefinition stage) {
    FederatedStageConfig block = stage.federation();
    if (most == null || block == null || handed.isEmpty()) {
      return true;
    }
    return block.maxCost() != null && block.maxCost() <= left(most);
  }

  /** The block of a stage that starts, with what it is handed. */
  FederatedStageConfig start(String stageId, FederatedStageConfig block) {
    if (most == null) {
      return block;
    }
    double left = Math.max(0, left(most));
    double limit = block.maxCost() == null ? left : Math.min(left, block.maxCost());
    handed.put(stageId, limit);
    return block.toBuilder().maxCost(limit).build();
  }

  /** A stage ended, or was taken over from an earlier execution. */
  void ended(String stageId, StageReport report) {
    handed.remove(stageId);
    FederatedStageResult result = report.result();
    spent += result == null ? report.cost() : result.chargeable();
  }

  private double left(double most) {
    double running = 0;
    for (double limit : handed.values()) {
      running += limit;
    }
    return most - spent - running;
  }
}
