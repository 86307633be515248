package dev.federated.parsing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTls;
import dev.federated.model.RegionTransport;
import org.jspecify.annotations.Nullable;

/** Writes a region as it stands in a federation file, without its key. */
public final class RegionConfigJson {
  private RegionConfigJson() {}

  /** The region as {@link FederationConfigParser#region} reads it. */
  public static ObjectNode of(RegionConfig region) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("name", region.name());
    if (region.endpoint() != null) {
      json.put("endpoint", region.endpoint().toString());
    }
    json.put("priority", region.priority());
    json.put("weight", region.weight());
    json.put("max_concurrent", region.maxConcurrent());
    json.put("timeout_seconds", region.timeoutSeconds());
    ArrayNode tags = json.putArray("tags");
    region.tags().forEach(tags::add);
    put(json, "latitude", region.latitude());
    put(json, "longitude", region.longitude());
    put(json, "cost_per_execution", region.costPerExecution());
    put(json, "cost_per_token", region.costPerToken());
    put(json, "egress_cost_per_gb", region.egressCostPerGb());
    if (!region.egressCostPerGbTo().isEmpty()) {
      ObjectNode prices = json.putObject("egress_cost_per_gb_to");
      region.egressCostPerGbTo().forEach(prices::put);
    }
    json.put("enabled", region.enabled());
    if (region.idempotency() != null) {
      json.put("idempotency", region.idempotency());
    }
    json.put("allow_plaintext", region.allowPlaintext());
    RegionTls tls = region.tls();
    if (tls != null) {
      ObjectNode files = json.putObject("tls");
      put(files, "ca", tls.ca());
      put(files, "certificate", tls.certificate());
      put(files, "key", tls.key());
    }
    if (region.transport() != RegionTransport.TASK_QUEUE) {
      json.put("transport", region.transport().wireName());
    }
    put(json, "temporal_profile", region.temporalProfile());
    put(json, "nexus_endpoint", region.nexusEndpoint());
    return json;
  }

  private static void put(ObjectNode json, String key, @Nullable String value) {
    if (value != null) {
      json.put(key, value);
    }
  }

  private static void put(ObjectNode json, String key, @Nullable Double value) {
    if (value != null) {
      json.put(key, value);
    }
  }
}
