package dev.federated.model;

import java.util.List;
import java.util.Objects;
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
 * @param otherRegions further regions of which something is read, such as where they are and what
 *     moving data out of them costs; none of them executes anything; null for none
 * @param dataFirst true if the data's region goes before price and turn; null in histories from
 *     before that, and where it makes no difference
 * @param panic true if the federation runs stages even when no region is well; null means no
 * @param tieSeed which of several regions that are alike least loaded is taken; null for the first.
 *     Only where several control workers would otherwise all take the same
 * @param hedges executions that the stage may start beside others that take long; null means none
 * @param settling true if no region is eligible, one of them only because nobody polls its task
 *     queue, and the control worker has not watched that queue for long: the stage looks again
 *     before it fails. Null means no
 * @param taskBytes most bytes of inputs that the stage hands over in one workflow task, of stages
 *     with large inputs; null for 2 MiB
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
    String configDigest,
    @Nullable List<RegionSnapshot> otherRegions,
    @Nullable Boolean dataFirst,
    @Nullable Boolean panic,
    @Nullable Long tieSeed,
    @Nullable Integer hedges,
    @Nullable Boolean settling,
    @Nullable Integer taskBytes) {
  public WorldSnapshot {
    candidates = List.copyOf(candidates);
    otherRegions = otherRegions == null ? null : List.copyOf(otherRegions);
  }

  /** Without anything of further regions. */
  public WorldSnapshot(
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
    this(
        candidates,
        fallback,
        dataRegion,
        unknownRegions,
        defaultStrategy,
        defaultAggregation,
        defaultOnPartialFailure,
        circuitBreaker,
        maxOutputBytes,
        searchAttributes,
        configDigest,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  /** The same with a seed for ties. */
  public WorldSnapshot withTieSeed(long seed) {
    return with(dataFirst, seed, hedges, settling, taskBytes);
  }

  /** The same with so many hedges granted. */
  public WorldSnapshot withHedges(int granted) {
    return with(dataFirst, tieSeed, granted, settling, taskBytes);
  }

  /** The same with another word on whether the data's region goes before price and turn. */
  public WorldSnapshot withDataFirst(boolean first) {
    return with(first ? true : null, tieSeed, hedges, settling, taskBytes);
  }

  /** The same for a stage that has to look again before it fails. */
  public WorldSnapshot whileSettling() {
    return with(dataFirst, tieSeed, hedges, true, taskBytes);
  }

  /** The same for a stage that hands over so many bytes of inputs in one task; null for 2 MiB. */
  public WorldSnapshot withTaskBytes(@Nullable Integer most) {
    return Objects.equals(most, taskBytes)
        ? this
        : with(dataFirst, tieSeed, hedges, settling, most);
  }

  private WorldSnapshot with(
      @Nullable Boolean first,
      @Nullable Long seed,
      @Nullable Integer granted,
      @Nullable Boolean stillSettling,
      @Nullable Integer inTask) {
    return new WorldSnapshot(
        candidates,
        fallback,
        dataRegion,
        unknownRegions,
        defaultStrategy,
        defaultAggregation,
        defaultOnPartialFailure,
        circuitBreaker,
        maxOutputBytes,
        searchAttributes,
        configDigest,
        otherRegions,
        first,
        panic,
        seed,
        granted,
        stillSettling,
        inTask);
  }

  /**
   * The region of that name among the candidates, the fallback, the data's region and the further
   * ones, or null.
   */
  public @Nullable RegionSnapshot region(String name) {
    for (RegionSnapshot candidate : candidates) {
      if (candidate.name().equals(name)) {
        return candidate;
      }
    }
    if (fallback != null && fallback.name().equals(name)) {
      return fallback;
    }
    if (dataRegion != null && dataRegion.name().equals(name)) {
      return dataRegion;
    }
    for (RegionSnapshot other : otherRegions == null ? List.<RegionSnapshot>of() : otherRegions) {
      if (other.name().equals(name)) {
        return other;
      }
    }
    return null;
  }
}
