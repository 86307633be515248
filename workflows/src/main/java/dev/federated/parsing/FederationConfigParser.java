package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.NamedSecret;
import dev.federated.model.RegionConfig;
import dev.federated.model.SecretSource;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a federation file that has been parsed as JSON or YAML. */
public final class FederationConfigParser {
  private static final double LONGEST_SECONDS = 86_400;
  private static final int MOST_OUTPUT_BYTES = 1_500_000;
  private static final int MOST_REGIONS = 10_000;
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{[A-Za-z_][A-Za-z0-9_]*}");
  private static final Pattern CIDR = Pattern.compile("[0-9a-fA-F.:]+/[0-9]{1,3}");
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private FederationConfigParser() {}

  /**
   * Reads a federation.
   *
   * @param json the parsed file
   * @param file its name, for messages
   * @param digest a digest of its content that a snapshot may carry
   * @throws InvalidDocumentException with every problem of the file
   */
  public static FederationConfig parse(JsonNode json, String file, String digest) {
    Problems problems = new Problems(file);
    StrictObject root = StrictObject.of(json, "", problems);
    FederationConfig.Builder federation = FederationConfig.builder().digest(digest);

    List<RegionConfig> regions = new ArrayList<>();
    Set<String> names = new HashSet<>();
    root.items(
        "regions",
        (item, path) -> {
          RegionConfig region = region(item, path, problems);
          if (!region.name().isEmpty() && !names.add(region.name())) {
            problems.add(path + ".name", item.get("name"), "another region has the same name");
          }
          regions.add(region);
        });
    if (regions.isEmpty() && problems.isEmpty()) {
      problems.add("regions", root.node("regions"), "at least one region is required");
    }
    if (regions.size() > MOST_REGIONS) {
      problems.add(
          "regions", null, "has %d regions, at most %d".formatted(regions.size(), MOST_REGIONS));
    }
    federation.regions(regions);
    federation.defaultStrategy(
        root.constant("default_strategy", FederationStrategy.class, "strategy"));
    federation.defaultAggregation(
        root.constant("default_aggregation", AggregationStrategy.class, "aggregation"));
    federation.healthCheckIntervalSeconds(
        root.number("health_check_interval_seconds", 0.1, 3600, 30));
    StrictObject breaker = root.object("circuit_breaker");
    if (breaker != null) {
      federation.circuitBreaker(
          new CircuitBreakerConfig(
              (int) breaker.integer("threshold", 1, 1000, CircuitBreakerConfig.DEFAULT.threshold()),
              breaker.number(
                  "timeout_seconds",
                  0.1,
                  LONGEST_SECONDS,
                  CircuitBreakerConfig.DEFAULT.timeoutSeconds())));
      breaker.finish();
    }
    federation.maxOutputBytes(
        (int)
            root.integer(
                "max_output_bytes",
                1,
                MOST_OUTPUT_BYTES,
                FederationConfig.DEFAULT_MAX_OUTPUT_BYTES));
    federation.secrets(secrets(root));
    federation.outboundAllow(outboundAllow(root));
    federation.components(orEmpty(root.texts("components")));
    federation.reduceFunctions(orEmpty(root.texts("reduce_functions")));
    root.finish();
    problems.throwIfAny();
    return federation.build();
  }

  private static RegionConfig region(JsonNode json, String path, Problems problems) {
    StrictObject object = StrictObject.of(json, path, problems);
    RegionConfig.Builder region = RegionConfig.builder(object.requiredId("name"));
    region.allowPlaintext(object.bool("allow_plaintext", false));
    region.endpoint(endpoint(object));
    String key = object.secretText("api_key");
    if (key != null) {
      region.apiKey(secret(object, "api_key", key));
    }
    region.priority((int) object.integer("priority", -1_000_000, 1_000_000, 100));
    Double weight = object.number("weight", 0, 1_000_000);
    if (weight != null && weight == 0) {
      problems.add(object.pathOf("weight"), object.node("weight"), "has to be above 0");
    }
    region.weight(weight == null || weight == 0 ? 1 : weight);
    region.maxConcurrent((int) object.integer("max_concurrent", 1, 100_000, 10));
    region.timeoutSeconds(object.number("timeout_seconds", 0.1, LONGEST_SECONDS, 300));
    region.tags(orEmpty(object.texts("tags")));
    Double latitude = object.number("latitude", -90, 90);
    Double longitude = object.number("longitude", -180, 180);
    if (object.has("latitude") != object.has("longitude")) {
      problems.add(path, null, "latitude and longitude go together; one of them is missing");
    }
    region.latitude(latitude).longitude(longitude);
    region.costPerExecution(object.number("cost_per_execution", 0, 1e12));
    region.costPerToken(object.number("cost_per_token", 0, 1e12));
    region.egressCostPerGb(object.number("egress_cost_per_gb", 0, 1e12));
    region.enabled(object.bool("enabled", true));
    object.notYetSupported("transport", "namespace", "drained");
    object.finish();
    checkPlaintext(region.build(), object);
    return region.build();
  }

  private static @Nullable URI endpoint(StrictObject object) {
    String text = object.text("endpoint");
    if (text == null) {
      return null;
    }
    try {
      URI uri = new URI(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
      if (uri.getUserInfo() != null) {
        // The value is not repeated: it holds a password.
        object
            .problems()
            .add(object.pathOf("endpoint"), null, "must not hold a user or password; use api_key");
        return null;
      }
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      if (uri.getHost() == null
          || uri.getQuery() != null
          || uri.getFragment() != null
          || !(scheme.equals("http") || scheme.equals("https"))) {
        throw new URISyntaxException(text, "not a base URL");
      }
      return uri;
    } catch (URISyntaxException e) {
      object
          .problems()
          .add(
              object.pathOf("endpoint"),
              object.node("endpoint"),
              "has to be an http or https URL without query, such as https://region.example.com");
      return null;
    }
  }

  private static void checkPlaintext(RegionConfig region, StrictObject object) {
    URI endpoint = region.endpoint();
    if (endpoint == null || region.apiKey() == null || region.allowPlaintext()) {
      return;
    }
    boolean plain = "http".equalsIgnoreCase(endpoint.getScheme());
    if (plain && !LOOPBACK.contains(endpoint.getHost().toLowerCase(Locale.ROOT))) {
      object
          .problems()
          .add(
              object.pathOf("endpoint"),
              object.node("endpoint"),
              "the api_key would go over plain http; use https or set allow_plaintext: true");
    }
  }

  private static SecretSource secret(StrictObject object, String key, String text) {
    if (text.startsWith("${") && !VARIABLE.matcher(text).matches()) {
      object
          .problems()
          .add(object.pathOf(key), null, "has to name one environment variable, as ${NAME}");
    }
    return SecretSource.parse(text);
  }

  private static Map<String, NamedSecret> secrets(StrictObject root) {
    Map<String, NamedSecret> secrets = new LinkedHashMap<>();
    StrictObject object = root.object("secrets");
    if (object == null) {
      return secrets;
    }
    for (String name : object.keys()) {
      StrictObject secret = object.object(name);
      if (secret == null) {
        object.problems().add(object.pathOf(name), null, "needs a value and components");
        continue;
      }
      String value = secret.secretText("value");
      if (value == null && !secret.has("value")) {
        secret.problems().add(secret.pathOf("value"), null, "is required");
      }
      List<String> components = orEmpty(secret.texts("components"));
      if (components.isEmpty()) {
        secret
            .problems()
            .add(
                secret.pathOf("components"),
                null,
                "is required: the component types that may read the secret");
      }
      secrets.put(
          name, new NamedSecret(secret(secret, "value", value == null ? "" : value), components));
      secret.finish();
    }
    return secrets;
  }

  private static List<String> outboundAllow(StrictObject root) {
    StrictObject outbound = root.object("outbound");
    if (outbound == null) {
      return List.of();
    }
    List<String> allow = orEmpty(outbound.texts("allow"));
    for (String range : allow) {
      if (!CIDR.matcher(range).matches()) {
        outbound
            .problems()
            .add(
                outbound.pathOf("allow"),
                outbound.node("allow"),
                "'%s' is not an address range such as 10.0.0.0/8".formatted(range));
      }
    }
    outbound.finish();
    return allow;
  }

  private static List<String> orEmpty(@Nullable List<String> texts) {
    return texts == null ? List.of() : texts;
  }
}
