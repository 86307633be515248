package dev.federated.activities.health;

import dev.federated.model.RegionSnapshot;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How far each region lags behind its weighted share of the stages that chose among the same
 * regions. Not thread-safe.
 */
final class RoundRobinTurns {
  private static final int GROUPS = 1000;

  private final Map<Map<String, Double>, Map<String, Double>> lags = new BoundedMap<>(GROUPS);

  /** The regions' lags before the next pick, in turns; empty at the beginning, when all are 0. */
  Map<String, Double> lags(List<RegionSnapshot> eligible) {
    return lags.getOrDefault(weights(eligible), Map.of());
  }

  /** A stage chose that region among the eligible ones. */
  void picked(List<RegionSnapshot> eligible, String region) {
    Map<String, Double> weights = weights(eligible);
    double total = 0;
    for (double weight : weights.values()) {
      total += weight;
    }
    Map<String, Double> group = lags.computeIfAbsent(weights, key -> new LinkedHashMap<>());
    for (Map.Entry<String, Double> entry : weights.entrySet()) {
      double pick = entry.getKey().equals(region) ? 1 : 0;
      group.merge(entry.getKey(), entry.getValue() / total - pick, Double::sum);
    }
  }

  private static Map<String, Double> weights(List<RegionSnapshot> eligible) {
    Map<String, Double> weights = new LinkedHashMap<>();
    for (RegionSnapshot region : eligible) {
      weights.put(region.name(), region.weight() == null ? 1 : region.weight());
    }
    return weights;
  }
}
