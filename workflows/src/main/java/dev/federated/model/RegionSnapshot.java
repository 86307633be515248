package dev.federated.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was known of a region when a stage selected. Only what the stage's strategy reads is filled
 * in; null means not needed or not known, and what is not known never makes a region ineligible.
 *
 * @param name the region
 * @param enabled false if the federation file disables it; null means enabled
 * @param drained true if an operator drains it; null means no
 * @param tags its tags, if the stage asks for any
 * @param priority lower is preferred; null means 100
 * @param weight its weight, for round robin
 * @param maxConcurrent executions it takes at once, for least loaded
 * @param timeoutSeconds longest attempt that the region allows
 * @param latitude degrees, for nearest and for the data's region
 * @param longitude degrees, for nearest and for the data's region
 * @param costPerExecution price of one execution
 * @param costPerToken price of one token
 * @param egressCostPerGb price of moving 10^9 bytes out of the region that holds the data; filled
 *     in for cost optimized and where the stage has data to move
 * @param circuit its breaker's state
 * @param online false if its last probe failed
 * @param polled false if nobody polled its task queue lately
 * @param latencyMs measured latency in milliseconds
 * @param inFlight executions running in the region
 * @param backlog tasks that wait in its queue
 * @param picks stages that were sent to it since load was last refreshed
 * @param turn its lag behind its fair share in round robin, in turns
 * @param egressCostPerGbTo price of moving 10^9 bytes out of it to each of these regions, where
 *     that is not {@link #egressCostPerGb}; for a region that may hold the stage's data
 * @param meanTokens tokens that an execution in it used on average; read where the region has a
 *     price per token and the stage gives no expected_tokens
 * @param comingBack true if it was away and takes little work yet: it ranks after all others
 * @param hedgeAfterMs the time after which an execution in it counts as slow, in milliseconds, for
 *     a stage that hedges after a percentile; null while too little is known of it
 * @param honoursKey true if it executes an idempotency key once only, for a stage that hedges
 * @param nexusEndpoint the Nexus endpoint that reaches its workers in another namespace; null if
 *     they are reached by its task queue
 */
@WireRecord
public record RegionSnapshot(
    String name,
    @Nullable Boolean enabled,
    @Nullable Boolean drained,
    @Nullable List<String> tags,
    @Nullable Integer priority,
    @Nullable Double weight,
    @Nullable Integer maxConcurrent,
    @Nullable Double timeoutSeconds,
    @Nullable Double latitude,
    @Nullable Double longitude,
    @Nullable Double costPerExecution,
    @Nullable Double costPerToken,
    @Nullable Double egressCostPerGb,
    @Nullable CircuitState circuit,
    @Nullable Boolean online,
    @Nullable Boolean polled,
    @Nullable Double latencyMs,
    @Nullable Double inFlight,
    @Nullable Long backlog,
    @Nullable Integer picks,
    @Nullable Double turn,
    @Nullable Map<String, Double> egressCostPerGbTo,
    @Nullable Double meanTokens,
    @Nullable Boolean comingBack,
    @Nullable Double hedgeAfterMs,
    @Nullable Boolean honoursKey,
    @Nullable String nexusEndpoint) {
  public RegionSnapshot {
    egressCostPerGbTo =
        egressCostPerGbTo == null
            ? null
            : Collections.unmodifiableMap(new LinkedHashMap<>(egressCostPerGbTo));
  }

  /** The priority of a region whose federation file gives none. */
  public static final int DEFAULT_PRIORITY = 100;

  /** The priority, with its default. */
  public int priorityOrDefault() {
    return priority == null ? DEFAULT_PRIORITY : priority;
  }

  /** Where the region is, if it is known. */
  public @Nullable GeoPoint place() {
    return latitude == null || longitude == null ? null : new GeoPoint(latitude, longitude);
  }

  /** A region of which nothing but the name is known: enabled, eligible, without prices. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** Builds a snapshot of one region; everything is unknown until it is set. */
  public static final class Builder {
    private final String name;
    private @Nullable Boolean enabled;
    private @Nullable Boolean drained;
    private @Nullable List<String> tags;
    private @Nullable Integer priority;
    private @Nullable Double weight;
    private @Nullable Integer maxConcurrent;
    private @Nullable Double timeoutSeconds;
    private @Nullable Double latitude;
    private @Nullable Double longitude;
    private @Nullable Double costPerExecution;
    private @Nullable Double costPerToken;
    private @Nullable Double egressCostPerGb;
    private @Nullable CircuitState circuit;
    private @Nullable Boolean online;
    private @Nullable Boolean polled;
    private @Nullable Double latencyMs;
    private @Nullable Double inFlight;
    private @Nullable Long backlog;
    private @Nullable Integer picks;
    private @Nullable Double turn;
    private @Nullable Map<String, Double> egressCostPerGbTo;
    private @Nullable Double meanTokens;
    private @Nullable Boolean comingBack;
    private @Nullable Double hedgeAfterMs;
    private @Nullable Boolean honoursKey;
    private @Nullable String nexusEndpoint;

    private Builder(String name) {
      this.name = name;
    }

    /** Sets enabled, see {@link RegionSnapshot}. */
    public Builder enabled(@Nullable Boolean enabled) {
      this.enabled = enabled;
      return this;
    }

    /** Sets drained, see {@link RegionSnapshot}. */
    public Builder drained(@Nullable Boolean drained) {
      this.drained = drained;
      return this;
    }

    /** Sets tags, see {@link RegionSnapshot}. */
    public Builder tags(@Nullable List<String> tags) {
      this.tags = tags;
      return this;
    }

    /** Sets priority, see {@link RegionSnapshot}. */
    public Builder priority(@Nullable Integer priority) {
      this.priority = priority;
      return this;
    }

    /** Sets weight, see {@link RegionSnapshot}. */
    public Builder weight(@Nullable Double weight) {
      this.weight = weight;
      return this;
    }

    /** Sets maxConcurrent, see {@link RegionSnapshot}. */
    public Builder maxConcurrent(@Nullable Integer maxConcurrent) {
      this.maxConcurrent = maxConcurrent;
      return this;
    }

    /** Sets timeoutSeconds, see {@link RegionSnapshot}. */
    public Builder timeoutSeconds(@Nullable Double timeoutSeconds) {
      this.timeoutSeconds = timeoutSeconds;
      return this;
    }

    /** Sets latitude, see {@link RegionSnapshot}. */
    public Builder latitude(@Nullable Double latitude) {
      this.latitude = latitude;
      return this;
    }

    /** Sets longitude, see {@link RegionSnapshot}. */
    public Builder longitude(@Nullable Double longitude) {
      this.longitude = longitude;
      return this;
    }

    /** Sets costPerExecution, see {@link RegionSnapshot}. */
    public Builder costPerExecution(@Nullable Double costPerExecution) {
      this.costPerExecution = costPerExecution;
      return this;
    }

    /** Sets costPerToken, see {@link RegionSnapshot}. */
    public Builder costPerToken(@Nullable Double costPerToken) {
      this.costPerToken = costPerToken;
      return this;
    }

    /** Sets egressCostPerGb, see {@link RegionSnapshot}. */
    public Builder egressCostPerGb(@Nullable Double egressCostPerGb) {
      this.egressCostPerGb = egressCostPerGb;
      return this;
    }

    /** Sets circuit, see {@link RegionSnapshot}. */
    public Builder circuit(@Nullable CircuitState circuit) {
      this.circuit = circuit;
      return this;
    }

    /** Sets online, see {@link RegionSnapshot}. */
    public Builder online(@Nullable Boolean online) {
      this.online = online;
      return this;
    }

    /** Sets polled, see {@link RegionSnapshot}. */
    public Builder polled(@Nullable Boolean polled) {
      this.polled = polled;
      return this;
    }

    /** Sets latencyMs, see {@link RegionSnapshot}. */
    public Builder latencyMs(@Nullable Double latencyMs) {
      this.latencyMs = latencyMs;
      return this;
    }

    /** Sets inFlight, see {@link RegionSnapshot}. */
    public Builder inFlight(@Nullable Double inFlight) {
      this.inFlight = inFlight;
      return this;
    }

    /** Sets backlog, see {@link RegionSnapshot}. */
    public Builder backlog(@Nullable Long backlog) {
      this.backlog = backlog;
      return this;
    }

    /** Sets picks, see {@link RegionSnapshot}. */
    public Builder picks(@Nullable Integer picks) {
      this.picks = picks;
      return this;
    }

    /** Sets turn, see {@link RegionSnapshot}. */
    public Builder turn(@Nullable Double turn) {
      this.turn = turn;
      return this;
    }

    /** Sets egressCostPerGbTo, see {@link RegionSnapshot}. */
    public Builder egressCostPerGbTo(@Nullable Map<String, Double> egressCostPerGbTo) {
      this.egressCostPerGbTo = egressCostPerGbTo;
      return this;
    }

    /** Sets meanTokens, see {@link RegionSnapshot}. */
    public Builder meanTokens(@Nullable Double meanTokens) {
      this.meanTokens = meanTokens;
      return this;
    }

    /** Sets comingBack, see {@link RegionSnapshot}. */
    public Builder comingBack(@Nullable Boolean comingBack) {
      this.comingBack = comingBack;
      return this;
    }

    /** Sets hedgeAfterMs, see {@link RegionSnapshot}. */
    public Builder hedgeAfterMs(@Nullable Double hedgeAfterMs) {
      this.hedgeAfterMs = hedgeAfterMs;
      return this;
    }

    /** Sets honoursKey, see {@link RegionSnapshot}. */
    public Builder honoursKey(@Nullable Boolean honoursKey) {
      this.honoursKey = honoursKey;
      return this;
    }

    /** Sets nexusEndpoint, see {@link RegionSnapshot}. */
    public Builder nexusEndpoint(@Nullable String nexusEndpoint) {
      this.nexusEndpoint = nexusEndpoint;
      return this;
    }

    /** The snapshot. */
    public RegionSnapshot build() {
      return new RegionSnapshot(
          name,
          enabled,
          drained,
          tags,
          priority,
          weight,
          maxConcurrent,
          timeoutSeconds,
          latitude,
          longitude,
          costPerExecution,
          costPerToken,
          egressCostPerGb,
          circuit,
          online,
          polled,
          latencyMs,
          inFlight,
          backlog,
          picks,
          turn,
          egressCostPerGbTo,
          meanTokens,
          comingBack,
          hedgeAfterMs,
          honoursKey,
          nexusEndpoint);
    }
  }
}
