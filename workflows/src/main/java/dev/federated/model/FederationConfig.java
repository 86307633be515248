package dev.federated.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The federation file.
 *
 * @param regions its regions, at least one, names unique
 * @param defaultStrategy strategy of stages and pipelines that give none; null means parallel
 * @param defaultAggregation aggregation of stages that give none; null means merge
 * @param defaultOnPartialFailure of stages that give none; null means proceed
 * @param healthCheckIntervalSeconds pause between health probes, 0.1 to 3600, default 30
 * @param circuitBreaker breaker of every region
 * @param stabilizationSeconds how long a region that was away again soon after its return has to be
 *     well before stages move back to it, and what soon means, 0 to 3600, default 30
 * @param panicMode whether stages still run when every region that they may run in is offline or
 *     has an open breaker, as if all were well; default false
 * @param maxOutputBytes largest result of one region or component in bytes, 1 to 67108864, and
 *     without a store of large data to 1500000, default 1048576
 * @param secrets secrets that pipelines may name
 * @param outboundAllow private address ranges in CIDR form that {@code http_request} may reach
 * @param referencesAllow addresses of directories that inputs may refer to; empty: references are
 *     not looked for
 * @param components component types beyond the built-in ones that workers carry
 * @param reduceFunctions reduce functions beyond the built-in ones that workers carry
 * @param digest digest of the file, or of its content where there is no file; in every snapshot
 */
public record FederationConfig(
    List<RegionConfig> regions,
    @Nullable FederationStrategy defaultStrategy,
    @Nullable AggregationStrategy defaultAggregation,
    @Nullable PartialFailurePolicy defaultOnPartialFailure,
    double healthCheckIntervalSeconds,
    CircuitBreakerConfig circuitBreaker,
    double stabilizationSeconds,
    boolean panicMode,
    int maxOutputBytes,
    Map<String, NamedSecret> secrets,
    List<String> outboundAllow,
    List<String> referencesAllow,
    List<String> components,
    List<String> reduceFunctions,
    String digest) {
  /** The window when the file gives none, in seconds. */
  public static final double DEFAULT_STABILIZATION_SECONDS = 30;

  /** The largest result when the file gives none: 1 MiB. */
  public static final int DEFAULT_MAX_OUTPUT_BYTES = 1_048_576;

  /** Largest max_output_bytes, where large parts of payloads go to a store: 64 MiB. */
  public static final int MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

  /** Largest max_output_bytes where outputs go into histories. */
  public static final int MOST_OUTPUT_BYTES_IN_HISTORY = 1_500_000;

  public FederationConfig {
    regions = List.copyOf(regions);
    secrets = Map.copyOf(secrets);
    outboundAllow = List.copyOf(outboundAllow);
    referencesAllow = List.copyOf(referencesAllow);
    components = List.copyOf(components);
    reduceFunctions = List.copyOf(reduceFunctions);
  }

  /** The region of that name. */
  public Optional<RegionConfig> region(String name) {
    return regions.stream().filter(region -> region.name().equals(name)).findFirst();
  }

  /** The names of all regions in the order of the file. */
  public List<String> regionNames() {
    return regions.stream().map(RegionConfig::name).toList();
  }

  /** The same federation with other regions, under a digest of its own. */
  public FederationConfig withRegions(List<RegionConfig> others, String itsDigest) {
    return new FederationConfig(
        others,
        defaultStrategy,
        defaultAggregation,
        defaultOnPartialFailure,
        healthCheckIntervalSeconds,
        circuitBreaker,
        stabilizationSeconds,
        panicMode,
        maxOutputBytes,
        secrets,
        outboundAllow,
        referencesAllow,
        components,
        reduceFunctions,
        itsDigest);
  }

  /** Those regions with every other setting at its default. */
  public static FederationConfig of(List<RegionConfig> regions) {
    return new Builder().regions(regions).build();
  }

  /** Builds a federation in code; see {@link FederationConfig} for meaning and defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds a federation in code. */
  public static final class Builder {
    private List<RegionConfig> regions = List.of();
    private @Nullable FederationStrategy defaultStrategy;
    private @Nullable AggregationStrategy defaultAggregation;
    private @Nullable PartialFailurePolicy defaultOnPartialFailure;
    private double healthCheckIntervalSeconds = 30;
    private CircuitBreakerConfig circuitBreaker = CircuitBreakerConfig.DEFAULT;
    private double stabilizationSeconds = DEFAULT_STABILIZATION_SECONDS;
    private boolean panicMode;
    private int maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES;
    private Map<String, NamedSecret> secrets = Map.of();
    private List<String> outboundAllow = List.of();
    private List<String> referencesAllow = List.of();
    private List<String> components = List.of();
    private List<String> reduceFunctions = List.of();
    private String digest = "in-code";

    private Builder() {}

    /** Sets regions. */
    public Builder regions(List<RegionConfig> regions) {
      this.regions = regions;
      return this;
    }

    /** Sets default_strategy. */
    public Builder defaultStrategy(@Nullable FederationStrategy defaultStrategy) {
      this.defaultStrategy = defaultStrategy;
      return this;
    }

    /** Sets default_aggregation. */
    public Builder defaultAggregation(@Nullable AggregationStrategy defaultAggregation) {
      this.defaultAggregation = defaultAggregation;
      return this;
    }

    /** Sets default_on_partial_failure. */
    public Builder defaultOnPartialFailure(@Nullable PartialFailurePolicy defaultOnPartialFailure) {
      this.defaultOnPartialFailure = defaultOnPartialFailure;
      return this;
    }

    /** Sets health_check_interval_seconds. */
    public Builder healthCheckIntervalSeconds(double healthCheckIntervalSeconds) {
      this.healthCheckIntervalSeconds = healthCheckIntervalSeconds;
      return this;
    }

    /** Sets circuit_breaker. */
    public Builder circuitBreaker(CircuitBreakerConfig circuitBreaker) {
      this.circuitBreaker = circuitBreaker;
      return this;
    }

    /** Sets stabilization_seconds. */
    public Builder stabilizationSeconds(double stabilizationSeconds) {
      this.stabilizationSeconds = stabilizationSeconds;
      return this;
    }

    /** Sets panic_mode. */
    public Builder panicMode(boolean panicMode) {
      this.panicMode = panicMode;
      return this;
    }

    /** Sets max_output_bytes. */
    public Builder maxOutputBytes(int maxOutputBytes) {
      this.maxOutputBytes = maxOutputBytes;
      return this;
    }

    /** Sets secrets. */
    public Builder secrets(Map<String, NamedSecret> secrets) {
      this.secrets = secrets;
      return this;
    }

    /** Sets outbound_allow. */
    public Builder outboundAllow(List<String> outboundAllow) {
      this.outboundAllow = outboundAllow;
      return this;
    }

    /** Sets references_allow. */
    public Builder referencesAllow(List<String> referencesAllow) {
      this.referencesAllow = referencesAllow;
      return this;
    }

    /** Sets components. */
    public Builder components(List<String> components) {
      this.components = components;
      return this;
    }

    /** Sets reduce_functions. */
    public Builder reduceFunctions(List<String> reduceFunctions) {
      this.reduceFunctions = reduceFunctions;
      return this;
    }

    /** Sets digest. */
    public Builder digest(String digest) {
      this.digest = digest;
      return this;
    }

    /** The federation. */
    public FederationConfig build() {
      return new FederationConfig(
          regions,
          defaultStrategy,
          defaultAggregation,
          defaultOnPartialFailure,
          healthCheckIntervalSeconds,
          circuitBreaker,
          stabilizationSeconds,
          panicMode,
          maxOutputBytes,
          secrets,
          outboundAllow,
          referencesAllow,
          components,
          reduceFunctions,
          digest);
    }
  }
}
