package dev.federated.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything outside a stage's request that may decide what the stage does, recorded once in its
 * history. Nothing of the process that runs the workflow is read after it.
 *
 * @param candidates the stage's regions: as listed, or all of the federation by priority and name
 * @param fallback the fallback region, if the stage names one that is not among the candidates
 * @param dataRegion the region that holds the data, if the stage names one that is neither a
 *     candidate nor the fallback
 * @param unknownRegions names in the request that the control worker's federation does not have
 * @param defaultStrategy the federation's default strategy, or null
 * @param defaultAggregation the federation's default aggregation, or null
 * @param defaultOnPartialFailure the federation's default for partial failures, or null
 * @param circuitBreaker the federation's breaker settings
 * @param maxOutputBytes largest result of one region, in bytes of JSON
 * @param searchAttributes whether the namespace has the federation's search attributes
 * @param configDigest digest of the federation file that was in force
 */
@WireRecord
public record WorldSnapshot(
    List<RegionSnapshot> candidates,
    @Nullable RegionSnapshot fallback,
    @Nullable RegionSnapshot dataRegion,
    @Nullable List<String> unknownRegions,
    @Nullable FederationStrategy defaultStrategy,
    @Nullable AggregationStrategy defaultAggregation,
    @Nullable PartialFailurePolicy defaultOnPartialFailure,
    CircuitBreakerConfig circuitBreaker,
    int maxOutputBytes,
    boolean searchAttributes,
    String configDigest) {
  public WorldSnapshot {
    candidates = List.copyOf(candidates);
  }

  /** The region of that name among the candidates, the fallback and the data's region, or null. */
  public @Nullable RegionSnapshot region(String name) {
    for (RegionSnapshot candidate : candidates) {
      if (candidate.name().equals(name)) {
        return candidate;
      }
    }
    if (fallback != null && fallback.name().equals(name)) {
      return fallback;
    }
    return dataRegion != null && dataRegion.name().equals(name) ? dataRegion : null;
  }
}
