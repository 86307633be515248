package dev.federated.model;

import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One region of the federation file.
 *
 * @param name its name, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,99}}
 * @param endpoint base URL of its node; null if its worker executes components itself
 * @param apiKey the key for the endpoint, or null
 * @param priority lower is preferred, default 100
 * @param weight share of round robin, above 0, default 1
 * @param maxConcurrent executions at once, 1 to 100000, default 10
 * @param timeoutSeconds longest attempt, 0.1 to 86400, default 300
 * @param tags what it offers
 * @param latitude degrees, -90 to 90, or null
 * @param longitude degrees, -180 to 180, or null
 * @param costPerExecution price of one execution, 0 or more, or null
 * @param costPerToken price of one token, 0 or more, or null
 * @param egressCostPerGb price of moving 10^9 bytes out of it, 0 or more, or null
 * @param egressCostPerGbTo the same to single regions, by name, 0 or more, where it differs;
 *     default none
 * @param enabled whether it may be selected, default true
 * @param idempotency whether it executes an idempotency key once only, so that a share may be sent
 *     to it while another region executes the same; null means {@link #honoursKey() by its kind}
 * @param allowPlaintext whether the key may go over plain HTTP to a host that is not loopback
 * @param tls certificates for the endpoint, or null for those of the platform
 * @param transport how stages reach its workers, default by its task queue
 * @param temporalProfile the profile of Temporal's configuration file that is the connection of a
 *     control worker to the region's cluster; null unless the transport is {@link
 *     RegionTransport#CLUSTER}
 * @param nexusEndpoint the Nexus endpoint whose target is the region's queue in the region's
 *     namespace; null unless the transport is {@link RegionTransport#NEXUS}
 */
public record RegionConfig(
    String name,
    @Nullable URI endpoint,
    @Nullable SecretSource apiKey,
    int priority,
    double weight,
    int maxConcurrent,
    double timeoutSeconds,
    List<String> tags,
    @Nullable Double latitude,
    @Nullable Double longitude,
    @Nullable Double costPerExecution,
    @Nullable Double costPerToken,
    @Nullable Double egressCostPerGb,
    Map<String, Double> egressCostPerGbTo,
    boolean enabled,
    @Nullable Boolean idempotency,
    boolean allowPlaintext,
    @Nullable RegionTls tls,
    RegionTransport transport,
    @Nullable String temporalProfile,
    @Nullable String nexusEndpoint) {
  public RegionConfig {
    tags = List.copyOf(tags);
    egressCostPerGbTo = Collections.unmodifiableMap(new LinkedHashMap<>(egressCostPerGbTo));
  }

  /** Where the region is, if the file says so. */
  public @Nullable GeoPoint place() {
    return latitude == null || longitude == null ? null : new GeoPoint(latitude, longitude);
  }

  /**
   * Whether the region honours the idempotency key. A region without an endpoint does unless it
   * says otherwise: its components are handed the key. Of an endpoint nobody knows unless it says
   * so.
   */
  public boolean honoursKey() {
    return idempotency == null ? endpoint == null : idempotency;
  }

  /** The same region at another endpoint. */
  public RegionConfig withEndpoint(URI elsewhere) {
    return new RegionConfig(
        name,
        elsewhere,
        apiKey,
        priority,
        weight,
        maxConcurrent,
        timeoutSeconds,
        tags,
        latitude,
        longitude,
        costPerExecution,
        costPerToken,
        egressCostPerGb,
        egressCostPerGbTo,
        enabled,
        idempotency,
        allowPlaintext,
        tls,
        transport,
        temporalProfile,
        nexusEndpoint);
  }

  /** A region of that name with every default. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** Builds a region; see {@link RegionConfig} for meaning and defaults. */
  public static final class Builder {
    private final String name;
    private @Nullable URI endpoint;
    private @Nullable SecretSource apiKey;
    private int priority = RegionSnapshot.DEFAULT_PRIORITY;
    private double weight = 1;
    private int maxConcurrent = 10;
    private double timeoutSeconds = 300;
    private List<String> tags = List.of();
    private @Nullable Double latitude;
    private @Nullable Double longitude;
    private @Nullable Double costPerExecution;
    private @Nullable Double costPerToken;
    private @Nullable Double egressCostPerGb;
    private Map<String, Double> egressCostPerGbTo = Map.of();
    private boolean enabled = true;
    private @Nullable Boolean idempotency;
    private boolean allowPlaintext;
    private @Nullable RegionTls tls;
    private RegionTransport transport = RegionTransport.TASK_QUEUE;
    private @Nullable String temporalProfile;
    private @Nullable String nexusEndpoint;

    private Builder(String name) {
      this.name = name;
    }

    /** Sets endpoint. */
    public Builder endpoint(@Nullable URI endpoint) {
      this.endpoint = endpoint;
      return this;
    }

    /** Sets api_key. */
    public Builder apiKey(@Nullable SecretSource apiKey) {
      this.apiKey = apiKey;
      return this;
    }

    /** Sets priority. */
    public Builder priority(int priority) {
      this.priority = priority;
      return this;
    }

    /** Sets weight. */
    public Builder weight(double weight) {
      this.weight = weight;
      return this;
    }

    /** Sets max_concurrent. */
    public Builder maxConcurrent(int maxConcurrent) {
      this.maxConcurrent = maxConcurrent;
      return this;
    }

    /** Sets timeout_seconds. */
    public Builder timeoutSeconds(double timeoutSeconds) {
      this.timeoutSeconds = timeoutSeconds;
      return this;
    }

    /** Sets tags. */
    public Builder tags(List<String> tags) {
      this.tags = tags;
      return this;
    }

    /** Sets latitude. */
    public Builder latitude(@Nullable Double latitude) {
      this.latitude = latitude;
      return this;
    }

    /** Sets longitude. */
    public Builder longitude(@Nullable Double longitude) {
      this.longitude = longitude;
      return this;
    }

    /** Sets cost_per_execution. */
    public Builder costPerExecution(@Nullable Double costPerExecution) {
      this.costPerExecution = costPerExecution;
      return this;
    }

    /** Sets cost_per_token. */
    public Builder costPerToken(@Nullable Double costPerToken) {
      this.costPerToken = costPerToken;
      return this;
    }

    /** Sets egress_cost_per_gb. */
    public Builder egressCostPerGb(@Nullable Double egressCostPerGb) {
      this.egressCostPerGb = egressCostPerGb;
      return this;
    }

    /** Sets egress_cost_per_gb_to. */
    public Builder egressCostPerGbTo(Map<String, Double> egressCostPerGbTo) {
      this.egressCostPerGbTo = egressCostPerGbTo;
      return this;
    }

    /** Sets enabled. */
    public Builder enabled(boolean enabled) {
      this.enabled = enabled;
      return this;
    }

    /** Sets idempotency. */
    public Builder idempotency(@Nullable Boolean idempotency) {
      this.idempotency = idempotency;
      return this;
    }

    /** Sets allow_plaintext. */
    public Builder allowPlaintext(boolean allowPlaintext) {
      this.allowPlaintext = allowPlaintext;
      return this;
    }

    /** Sets tls. */
    public Builder tls(@Nullable RegionTls tls) {
      this.tls = tls;
      return this;
    }

    /** Stages reach it in the Temporal cluster of that profile. */
    public Builder inCluster(String profile) {
      this.transport = RegionTransport.CLUSTER;
      this.temporalProfile = profile;
      return this;
    }

    /** Stages reach it in another namespace, by that Nexus endpoint. */
    public Builder byNexus(String endpoint) {
      this.transport = RegionTransport.NEXUS;
      this.nexusEndpoint = endpoint;
      return this;
    }

    /** The region. */
    public RegionConfig build() {
      return new RegionConfig(
          name,
          endpoint,
          apiKey,
          priority,
          weight,
          maxConcurrent,
          timeoutSeconds,
          tags,
          latitude,
          longitude,
          costPerExecution,
          costPerToken,
          egressCostPerGb,
          egressCostPerGbTo,
          enabled,
          idempotency,
          allowPlaintext,
          tls,
          transport,
          temporalProfile,
          nexusEndpoint);
    }
  }
}
