package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonPOJOBuilder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A stage's federation block: where the stage runs, how often it is tried, and how the outputs
 * become one. Everything but the strategy, the aggregation and the two derived timeouts is
 * concrete, so that what a request records does not change meaning in a later version.
 *
 * @param strategy how regions are selected; null means the federation's default
 * @param regions the regions to select from, in order; empty means all enabled ones
 * @param aggregation how outputs are aggregated; null means the federation's default
 * @param dataLocality whether the stage stays near its data, default false
 * @param dataLocation where the data is, or null
 * @param sourceLocation where the caller is, or null
 * @param dataSizeBytes size of the data that a region has to read, default 0
 * @param expectedTokens tokens that one execution is expected to use, default 0
 * @param timeoutSeconds longest attempt, 0.1 to 86400, default 300; a region's own may be shorter
 * @param queueTimeoutSeconds longest wait for a worker; null means the longer of 60 and the
 *     attempt's timeout
 * @param totalTimeoutSeconds longest life of one share over all attempts and hops; null means
 *     (max_retries + 1) × timeout + queue timeout + 60
 * @param retryOnFailure whether a failed attempt is repeated, default true
 * @param maxRetries attempts after the first, 0 to 100, default 3
 * @param retryDelaySeconds pause before the first repetition, default 1; doubles up to 60
 * @param fallbackRegion the region that takes a failed share, or null
 * @param requiredTags tags that a region must have, default none
 * @param residency the only regions that may execute the stage; null means any
 * @param minRegions shares that must succeed, default 1
 * @param maxParallel shares in flight at once, default 100
 * @param onPartialFailure what happens when some regions failed; null means the federation's
 *     default
 * @param resumeTimeoutSeconds how long a parked stage waits for a decision; null means 7 days
 * @param onResumeTimeout what happens when nobody decided in time: proceed or fail; null means fail
 * @param reduceFunction see {@link AggregationOptions}
 * @param scoreField see {@link AggregationOptions}
 * @param voteField see {@link AggregationOptions}
 * @param requireMajority see {@link AggregationOptions}
 * @param mergeConflict see {@link AggregationOptions}
 * @param maxCost the most that the stage may cost by the estimates of its executions, failed ones
 *     included, in the currency of the federation's prices; above 0 where a person writes it; null
 *     means no limit
 * @param hedge when a share that takes long is executed in another region as well; null means never
 * @param idempotent whether a share may be executed in two regions at once without harm; null
 *     leaves it to the regions
 * @param distribution what each region gets of the inputs; null means replicate
 * @param partitionItems where the array to be partitioned is in the inputs, field names with dots
 *     between; null means that the inputs are the array
 * @param partitionBy what decides how many items a region gets; null means weight
 * @param partitionLocation the field of an item that says where it is; null means location
 * @param regionInputs the inputs of each region's share instead of the stage's, by region; null
 *     means that every region gets the stage's. Its regions are the stage's where none are listed
 * @param quorum how many regions the stage needs; null means that it waits for all
 * @param wave what a sequential stage does between two regions; null means nothing
 * @param taskPriority the order in which waiting executions are taken; null means the server's
 */
@WireRecord
@JsonDeserialize(builder = FederatedStageConfig.Builder.class)
public record FederatedStageConfig(
    @Nullable FederationStrategy strategy,
    List<String> regions,
    @Nullable AggregationStrategy aggregation,
    boolean dataLocality,
    @Nullable DataLocation dataLocation,
    @Nullable GeoPoint sourceLocation,
    long dataSizeBytes,
    long expectedTokens,
    double timeoutSeconds,
    @Nullable Double queueTimeoutSeconds,
    @Nullable Double totalTimeoutSeconds,
    boolean retryOnFailure,
    int maxRetries,
    double retryDelaySeconds,
    @Nullable String fallbackRegion,
    List<String> requiredTags,
    @Nullable Residency residency,
    int minRegions,
    int maxParallel,
    @Nullable PartialFailurePolicy onPartialFailure,
    @Nullable Double resumeTimeoutSeconds,
    @Nullable PartialFailurePolicy onResumeTimeout,
    String reduceFunction,
    String scoreField,
    @Nullable String voteField,
    boolean requireMajority,
    MergeConflict mergeConflict,
    @Nullable Double maxCost,
    @Nullable Hedge hedge,
    @Nullable Boolean idempotent,
    @Nullable Distribution distribution,
    @Nullable String partitionItems,
    @Nullable PartitionBy partitionBy,
    @Nullable String partitionLocation,
    @Nullable Map<String, JsonNode> regionInputs,
    @Nullable Quorum quorum,
    @Nullable Wave wave,
    @Nullable TaskPriority taskPriority) {
  public FederatedStageConfig {
    if (regionInputs != null) {
      regionInputs = Collections.unmodifiableMap(new LinkedHashMap<>(regionInputs));
      regions = regions.isEmpty() ? List.copyOf(regionInputs.keySet()) : regions;
    }
    regions = List.copyOf(regions);
    requiredTags = List.copyOf(requiredTags);
  }

  /** How long a parked stage waits for a decision unless it says otherwise: 7 days. */
  public static final double DEFAULT_RESUME_TIMEOUT_SECONDS = 7 * 86_400;

  /** All defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this block. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.strategy = strategy;
    builder.regions = regions;
    builder.aggregation = aggregation;
    builder.dataLocality = dataLocality;
    builder.dataLocation = dataLocation;
    builder.sourceLocation = sourceLocation;
    builder.dataSizeBytes = dataSizeBytes;
    builder.expectedTokens = expectedTokens;
    builder.timeoutSeconds = timeoutSeconds;
    builder.queueTimeoutSeconds = queueTimeoutSeconds;
    builder.totalTimeoutSeconds = totalTimeoutSeconds;
    builder.retryOnFailure = retryOnFailure;
    builder.maxRetries = maxRetries;
    builder.retryDelaySeconds = retryDelaySeconds;
    builder.fallbackRegion = fallbackRegion;
    builder.requiredTags = requiredTags;
    builder.residency = residency;
    builder.minRegions = minRegions;
    builder.maxParallel = maxParallel;
    builder.onPartialFailure = onPartialFailure;
    builder.resumeTimeoutSeconds = resumeTimeoutSeconds;
    builder.onResumeTimeout = onResumeTimeout;
    builder.reduceFunction = reduceFunction;
    builder.scoreField = scoreField;
    builder.voteField = voteField;
    builder.requireMajority = requireMajority;
    builder.mergeConflict = mergeConflict;
    builder.maxCost = maxCost;
    builder.hedge = hedge;
    builder.idempotent = idempotent;
    builder.distribution = distribution;
    builder.partitionItems = partitionItems;
    builder.partitionBy = partitionBy;
    builder.partitionLocation = partitionLocation;
    builder.regionInputs = regionInputs;
    builder.quorum = quorum;
    builder.wave = wave;
    builder.taskPriority = taskPriority;
    return builder;
  }

  /** The field of an item that says where it is, unless the block names another: location. */
  public static final String DEFAULT_PARTITION_LOCATION = "location";

  /** How many regions the stage needs, with its defaults. */
  public Quorum quorumOrDefault() {
    return quorum == null ? Quorum.NONE : quorum;
  }

  /** What a sequential stage does between two regions, with its defaults. */
  public Wave waveOrDefault() {
    return wave == null ? Wave.NONE : wave;
  }

  /** Whether every region gets a part of an array of the inputs. */
  public boolean partitioned() {
    return distribution == Distribution.PARTITION;
  }

  /** What decides how many items a region gets, with its default. */
  public PartitionBy partitionByOrDefault() {
    return partitionBy == null ? PartitionBy.WEIGHT : partitionBy;
  }

  /** The field of an item that says where it is, with its default. */
  public String partitionLocationOrDefault() {
    return partitionLocation == null ? DEFAULT_PARTITION_LOCATION : partitionLocation;
  }

  /** Attempts in one region: one, or one more than {@link #maxRetries}. */
  public int maxAttempts() {
    return retryOnFailure ? maxRetries + 1 : 1;
  }

  /** The options of that aggregation, which is this block's own or the federation's default. */
  public AggregationOptions aggregationOptions(AggregationStrategy resolved) {
    return new AggregationOptions(
        resolved, mergeConflict, reduceFunction, scoreField, voteField, requireMajority);
  }

  /** Builds a federation block; see {@link FederatedStageConfig} for meaning and defaults. */
  @JsonPOJOBuilder(withPrefix = "")
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public static final class Builder {
    private @Nullable FederationStrategy strategy;
    private List<String> regions = List.of();
    private @Nullable AggregationStrategy aggregation;
    private boolean dataLocality;
    private @Nullable DataLocation dataLocation;
    private @Nullable GeoPoint sourceLocation;
    private long dataSizeBytes;
    private long expectedTokens;
    private double timeoutSeconds = 300;
    private @Nullable Double queueTimeoutSeconds;
    private @Nullable Double totalTimeoutSeconds;
    private boolean retryOnFailure = true;
    private int maxRetries = 3;
    private double retryDelaySeconds = 1;
    private @Nullable String fallbackRegion;
    private List<String> requiredTags = List.of();
    private @Nullable Residency residency;
    private int minRegions = 1;
    private int maxParallel = 100;
    private @Nullable PartialFailurePolicy onPartialFailure;
    private @Nullable Double resumeTimeoutSeconds;
    private @Nullable PartialFailurePolicy onResumeTimeout;
    private String reduceFunction = AggregationOptions.DEFAULT_REDUCE_FUNCTION;
    private String scoreField = AggregationOptions.DEFAULT_SCORE_FIELD;
    private @Nullable String voteField;
    private boolean requireMajority;
    private MergeConflict mergeConflict = MergeConflict.LAST;
    private @Nullable Double maxCost;
    private @Nullable Hedge hedge;
    private @Nullable Boolean idempotent;
    private @Nullable Distribution distribution;
    private @Nullable String partitionItems;
    private @Nullable PartitionBy partitionBy;
    private @Nullable String partitionLocation;
    private @Nullable Map<String, JsonNode> regionInputs;
    private @Nullable Quorum quorum;
    private @Nullable Wave wave;
    private @Nullable TaskPriority taskPriority;

    private Builder() {}

    /** Sets strategy. */
    public Builder strategy(@Nullable FederationStrategy strategy) {
      this.strategy = strategy;
      return this;
    }

    /** Sets regions. */
    public Builder regions(List<String> regions) {
      this.regions = regions;
      return this;
    }

    /** Sets aggregation. */
    public Builder aggregation(@Nullable AggregationStrategy aggregation) {
      this.aggregation = aggregation;
      return this;
    }

    /** Sets data_locality. */
    public Builder dataLocality(boolean dataLocality) {
      this.dataLocality = dataLocality;
      return this;
    }

    /** Sets data_location. */
    public Builder dataLocation(@Nullable DataLocation dataLocation) {
      this.dataLocation = dataLocation;
      return this;
    }

    /** Sets source_location. */
    public Builder sourceLocation(@Nullable GeoPoint sourceLocation) {
      this.sourceLocation = sourceLocation;
      return this;
    }

    /** Sets data_size_bytes. */
    public Builder dataSizeBytes(long dataSizeBytes) {
      this.dataSizeBytes = dataSizeBytes;
      return this;
    }

    /** Sets expected_tokens. */
    public Builder expectedTokens(long expectedTokens) {
      this.expectedTokens = expectedTokens;
      return this;
    }

    /** Sets timeout_seconds. */
    public Builder timeoutSeconds(double timeoutSeconds) {
      this.timeoutSeconds = timeoutSeconds;
      return this;
    }

    /** Sets queue_timeout_seconds. */
    public Builder queueTimeoutSeconds(@Nullable Double queueTimeoutSeconds) {
      this.queueTimeoutSeconds = queueTimeoutSeconds;
      return this;
    }

    /** Sets total_timeout_seconds. */
    public Builder totalTimeoutSeconds(@Nullable Double totalTimeoutSeconds) {
      this.totalTimeoutSeconds = totalTimeoutSeconds;
      return this;
    }

    /** Sets retry_on_failure. */
    public Builder retryOnFailure(boolean retryOnFailure) {
      this.retryOnFailure = retryOnFailure;
      return this;
    }

    /** Sets max_retries. */
    public Builder maxRetries(int maxRetries) {
      this.maxRetries = maxRetries;
      return this;
    }

    /** Sets retry_delay_seconds. */
    public Builder retryDelaySeconds(double retryDelaySeconds) {
      this.retryDelaySeconds = retryDelaySeconds;
      return this;
    }

    /** Sets fallback_region. */
    public Builder fallbackRegion(@Nullable String fallbackRegion) {
      this.fallbackRegion = fallbackRegion;
      return this;
    }

    /** Sets required_tags. */
    public Builder requiredTags(List<String> requiredTags) {
      this.requiredTags = requiredTags;
      return this;
    }

    /** Sets residency. */
    @JsonProperty("residency")
    public Builder residency(@Nullable Residency residency) {
      this.residency = residency;
      return this;
    }

    /** Sets residency to the regions of those names. */
    @JsonIgnore
    public Builder residency(@Nullable List<String> names) {
      this.residency = names == null ? null : Residency.inRegions(names);
      return this;
    }

    /** Sets min_regions. */
    public Builder minRegions(int minRegions) {
      this.minRegions = minRegions;
      return this;
    }

    /** Sets max_parallel. */
    public Builder maxParallel(int maxParallel) {
      this.maxParallel = maxParallel;
      return this;
    }

    /** Sets on_partial_failure. */
    public Builder onPartialFailure(@Nullable PartialFailurePolicy onPartialFailure) {
      this.onPartialFailure = onPartialFailure;
      return this;
    }

    /** Sets resume_timeout_seconds. */
    public Builder resumeTimeoutSeconds(@Nullable Double resumeTimeoutSeconds) {
      this.resumeTimeoutSeconds = resumeTimeoutSeconds;
      return this;
    }

    /** Sets on_resume_timeout. */
    public Builder onResumeTimeout(@Nullable PartialFailurePolicy onResumeTimeout) {
      this.onResumeTimeout = onResumeTimeout;
      return this;
    }

    /** Sets reduce_function. */
    public Builder reduceFunction(String reduceFunction) {
      this.reduceFunction = reduceFunction;
      return this;
    }

    /** Sets score_field. */
    public Builder scoreField(String scoreField) {
      this.scoreField = scoreField;
      return this;
    }

    /** Sets vote_field. */
    public Builder voteField(@Nullable String voteField) {
      this.voteField = voteField;
      return this;
    }

    /** Sets require_majority. */
    public Builder requireMajority(boolean requireMajority) {
      this.requireMajority = requireMajority;
      return this;
    }

    /** Sets merge_conflict. */
    public Builder mergeConflict(MergeConflict mergeConflict) {
      this.mergeConflict = mergeConflict;
      return this;
    }

    /** Sets max_cost. */
    public Builder maxCost(@Nullable Double maxCost) {
      this.maxCost = maxCost;
      return this;
    }

    /** Sets hedge. */
    public Builder hedge(@Nullable Hedge hedge) {
      this.hedge = hedge;
      return this;
    }

    /** Sets idempotent. */
    public Builder idempotent(@Nullable Boolean idempotent) {
      this.idempotent = idempotent;
      return this;
    }

    /** Sets distribution. */
    public Builder distribution(@Nullable Distribution distribution) {
      this.distribution = distribution;
      return this;
    }

    /** Sets partition_items. */
    public Builder partitionItems(@Nullable String partitionItems) {
      this.partitionItems = partitionItems;
      return this;
    }

    /** Sets partition_by. */
    public Builder partitionBy(@Nullable PartitionBy partitionBy) {
      this.partitionBy = partitionBy;
      return this;
    }

    /** Sets partition_location. */
    public Builder partitionLocation(@Nullable String partitionLocation) {
      this.partitionLocation = partitionLocation;
      return this;
    }

    /** Sets region_inputs. */
    public Builder regionInputs(@Nullable Map<String, JsonNode> regionInputs) {
      this.regionInputs = regionInputs;
      return this;
    }

    /** Sets how many regions the stage needs. */
    public Builder quorum(@Nullable Quorum quorum) {
      this.quorum = Quorum.NONE.equals(quorum) ? null : quorum;
      return this;
    }

    /** Sets require_available. */
    @JsonIgnore
    public Builder requireAvailable(@Nullable Integer requireAvailable) {
      return quorum((quorum == null ? Quorum.NONE : quorum).withRequireAvailable(requireAvailable));
    }

    /** Sets max_regions. */
    @JsonIgnore
    public Builder maxRegions(@Nullable Integer maxRegions) {
      return quorum((quorum == null ? Quorum.NONE : quorum).withMaxRegions(maxRegions));
    }

    /** Sets grace_seconds. */
    @JsonIgnore
    public Builder graceSeconds(@Nullable Double graceSeconds) {
      return quorum((quorum == null ? Quorum.NONE : quorum).withGraceSeconds(graceSeconds));
    }

    /** Sets tolerated_failures. */
    @JsonIgnore
    public Builder toleratedFailures(@Nullable ToleratedFailures toleratedFailures) {
      return quorum(
          (quorum == null ? Quorum.NONE : quorum).withToleratedFailures(toleratedFailures));
    }

    /** Sets on_late_result. */
    @JsonIgnore
    public Builder onLateResult(@Nullable LateResultPolicy onLateResult) {
      return quorum((quorum == null ? Quorum.NONE : quorum).withOnLateResult(onLateResult));
    }

    /** Sets what a sequential stage does between two regions. */
    public Builder wave(@Nullable Wave wave) {
      this.wave = Wave.NONE.equals(wave) ? null : wave;
      return this;
    }

    /** Sets stop_on_failure. */
    @JsonIgnore
    public Builder stopOnFailure(boolean stopOnFailure) {
      return wave((wave == null ? Wave.NONE : wave).withStopOnFailure(stopOnFailure));
    }

    /** Sets pause_seconds. */
    @JsonIgnore
    public Builder pauseSeconds(@Nullable Double pauseSeconds) {
      return wave((wave == null ? Wave.NONE : wave).withPauseSeconds(pauseSeconds));
    }

    /** Sets health_gate. */
    @JsonIgnore
    public Builder healthGate(boolean healthGate) {
      return wave((wave == null ? Wave.NONE : wave).withHealthGate(healthGate));
    }

    /** Sets the order in which waiting executions are taken. */
    public Builder taskPriority(@Nullable TaskPriority taskPriority) {
      this.taskPriority = TaskPriority.NONE.equals(taskPriority) ? null : taskPriority;
      return this;
    }

    /** Sets priority. */
    @JsonIgnore
    public Builder priority(@Nullable Integer priority) {
      return taskPriority(
          (taskPriority == null ? TaskPriority.NONE : taskPriority).withPriority(priority));
    }

    /** Sets fairness_key. */
    @JsonIgnore
    public Builder fairnessKey(@Nullable String fairnessKey) {
      return taskPriority(
          (taskPriority == null ? TaskPriority.NONE : taskPriority).withFairnessKey(fairnessKey));
    }

    /** Sets fairness_weight. */
    @JsonIgnore
    public Builder fairnessWeight(@Nullable Double fairnessWeight) {
      return taskPriority(
          (taskPriority == null ? TaskPriority.NONE : taskPriority)
              .withFairnessWeight(fairnessWeight));
    }

    /** The block. */
    public FederatedStageConfig build() {
      return new FederatedStageConfig(
          strategy,
          regions,
          aggregation,
          dataLocality,
          dataLocation,
          sourceLocation,
          dataSizeBytes,
          expectedTokens,
          timeoutSeconds,
          queueTimeoutSeconds,
          totalTimeoutSeconds,
          retryOnFailure,
          maxRetries,
          retryDelaySeconds,
          fallbackRegion,
          requiredTags,
          residency,
          minRegions,
          maxParallel,
          onPartialFailure,
          resumeTimeoutSeconds,
          onResumeTimeout,
          reduceFunction,
          scoreField,
          voteField,
          requireMajority,
          mergeConflict,
          maxCost,
          hedge,
          idempotent,
          distribution,
          partitionItems,
          partitionBy,
          partitionLocation,
          regionInputs,
          quorum,
          wave,
          taskPriority);
    }
  }
}
