package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.aggregation.BuiltInReduce;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.NamedSecret;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTls;
import dev.federated.model.RegionTransport;
import dev.federated.model.SecretSource;
import dev.federated.model.WireName;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a federation file that has been parsed as JSON or YAML. */
public final class FederationConfigParser {
  private static final double LONGEST_SECONDS = 86_400;
  private static final int MOST_REGIONS = 10_000;
  private static final double LEAST_WEIGHT = 0.000001;
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{[A-Za-z_][A-Za-z0-9_]*}");
  private static final Pattern SHELL_VARIABLE = Pattern.compile("\\$[A-Z_][A-Z0-9_]*");
  private static final Pattern HEADER_VALUE = Pattern.compile("[\\x21-\\x7e]+");
  private static final Pattern BEARER = Pattern.compile("(?i)bearer\\s.*", Pattern.DOTALL);
  private static final Pattern PROTOCOL_PATH = Pattern.compile("(?i).*/api/v1(/execute|/health)?");
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[(::1|0:0:0:0:0:0:0:1)]");
  private static final int HIGHEST_PORT = 65_535;

  private static final String NO_BASE_URL =
      "has to be an http or https URL without query, such as https://region.example.com";

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
    StrictObject root = StrictObject.confidential(json, "", problems);
    problems.throwIfAny();
    root.ignoreSchema();
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
    JsonNode listed = root.node("regions");
    if (listed == null || (listed.isArray() && listed.isEmpty())) {
      problems.add("regions", listed, "at least one region is required");
    }
    if (regions.size() > MOST_REGIONS) {
      problems.add(
          "regions", null, "has %d regions, at most %d".formatted(regions.size(), MOST_REGIONS));
    }
    federation.regions(regions);
    checkEgressNames(regions, problems);
    federation.defaultStrategy(
        root.constant("default_strategy", FederationStrategy.class, "strategy"));
    federation.defaultAggregation(
        root.constant("default_aggregation", AggregationStrategy.class, "aggregation"));
    federation.defaultOnPartialFailure(
        root.constant("default_on_partial_failure", PartialFailurePolicy.class, "policy"));
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
    federation.stabilizationSeconds(
        root.number(
            "stabilization_seconds", 0, 3600, FederationConfig.DEFAULT_STABILIZATION_SECONDS));
    federation.panicMode(root.bool("panic_mode", false));
    federation.maxOutputBytes(
        (int)
            root.integer(
                "max_output_bytes",
                1,
                FederationConfig.MOST_OUTPUT_BYTES,
                FederationConfig.DEFAULT_MAX_OUTPUT_BYTES));
    federation.secrets(secrets(root));
    federation.outboundAllow(outboundAllow(root));
    federation.referencesAllow(referencesAllow(root));
    federation.components(orEmpty(root.texts("components")));
    federation.reduceFunctions(reduceFunctions(root));
    root.finish();
    problems.throwIfAny();
    return federation.build();
  }

  /**
   * Reads one region, as it stands in a federation file.
   *
   * @param file where it comes from, for messages
   * @throws InvalidDocumentException with every problem of the region
   */
  public static RegionConfig region(JsonNode json, String file) {
    Problems problems = new Problems(file);
    RegionConfig region = region(json, "", problems);
    problems.throwIfAny();
    return region;
  }

  private static RegionConfig region(JsonNode json, String path, Problems problems) {
    StrictObject object = StrictObject.confidential(json, path, problems);
    RegionConfig.Builder region = RegionConfig.builder(object.requiredId("name"));
    region.allowPlaintext(object.bool("allow_plaintext", false));
    region.endpoint(endpoint(object));
    region.tls(tls(object));
    String key = object.secretText("api_key");
    if (key != null) {
      region.apiKey(secret(object, "api_key", key));
      checkHeaderValue(object, key);
    }
    region.priority((int) object.integer("priority", -1_000_000, 1_000_000, 100));
    region.weight(object.number("weight", LEAST_WEIGHT, 1_000_000, 1));
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
    region.egressCostPerGbTo(egressTo(object));
    region.enabled(object.bool("enabled", true));
    region.idempotency(object.has("idempotency") ? object.bool("idempotency", false) : null);
    transport(object, region);
    object.notYetSupported("namespace", "drained");
    object.finish();
    checkPlaintext(region.build(), object);
    checkTls(region.build(), object);
    return region.build();
  }

  private static void transport(StrictObject object, RegionConfig.Builder region) {
    String name = object.text("transport");
    RegionTransport transport =
        name == null
            ? RegionTransport.TASK_QUEUE
            : WireName.find(RegionTransport.class, name).orElse(null);
    if (transport == null) {
      // Without its value, which may be a secret in the wrong place.
      String names = String.join(", ", WireName.names(RegionTransport.class));
      object.problems().add(object.pathOf("transport"), null, "unknown transport; valid: " + names);
    }
    place(object, "temporal_profile", RegionTransport.CLUSTER, transport, region::inCluster);
    place(object, "nexus_endpoint", RegionTransport.NEXUS, transport, region::byNexus);
  }

  /** The key that says where the region is, with that transport and no other. */
  private static void place(
      StrictObject object,
      String key,
      RegionTransport needing,
      @Nullable RegionTransport transport,
      Consumer<String> into) {
    String value = object.text(key);
    String needed = "transport: " + needing.wireName();
    if (transport == needing) {
      if (!object.has(key)) {
        object.problems().add(object.pathOf(key), null, "is required with " + needed);
      } else if (value != null) {
        into.accept(value);
      }
    } else if (transport != null && object.has(key)) {
      object.problems().add(object.pathOf(key), null, "is for " + needed);
    }
  }

  private static @Nullable RegionTls tls(StrictObject region) {
    StrictObject object = region.object("tls");
    if (object == null) {
      return null;
    }
    RegionTls tls =
        new RegionTls(object.text("ca"), object.text("certificate"), object.text("key"));
    if (object.has("certificate") != object.has("key")) {
      object
          .problems()
          .add(region.pathOf("tls"), null, "certificate and key go together; one is missing");
    }
    object.finish();
    return tls;
  }

  private static void checkTls(RegionConfig region, StrictObject object) {
    URI endpoint = region.endpoint();
    if (region.tls() != null
        && (endpoint == null || !"https".equalsIgnoreCase(endpoint.getScheme()))) {
      object
          .problems()
          .add(object.pathOf("tls"), null, "is for an endpoint that begins with https://");
    }
  }

  private static Map<String, Double> egressTo(StrictObject region) {
    Map<String, Double> prices = new LinkedHashMap<>();
    StrictObject object = region.object("egress_cost_per_gb_to");
    if (object != null) {
      for (String name : object.keys()) {
        JsonNode value = object.node(name);
        if (value != null && !value.isNumber()) {
          // Any name is a key here, so that a secret in a wrong place may stand under it.
          object.problems().add(object.pathOf(name), null, "has to be a number, the price");
          continue;
        }
        Double price = object.number(name, 0, 1e12);
        if (price == null && !object.has(name)) {
          object.problems().add(object.pathOf(name), null, "needs a price");
        } else if (price != null) {
          prices.put(name, price);
        }
      }
    }
    return prices;
  }

  /** The regions that prices of egress name have to be there, which is known after the last. */
  private static void checkEgressNames(List<RegionConfig> regions, Problems problems) {
    List<String> names = regions.stream().map(RegionConfig::name).toList();
    Set<String> known = new HashSet<>(names);
    for (int i = 0; i < regions.size(); i++) {
      String path = "regions[" + i + "].egress_cost_per_gb_to";
      for (String name : regions.get(i).egressCostPerGbTo().keySet()) {
        if (!known.contains(name)) {
          problems.addUnknown(path, "region", name, names);
        }
      }
    }
  }

  private static @Nullable URI endpoint(StrictObject object) {
    String text = object.text("endpoint");
    if (text == null) {
      return null;
    }
    String problem;
    try {
      URI uri = new URI(text.trim().replaceAll("/+$", ""));
      problem = problemOf(uri);
      if (problem == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      problem = NO_BASE_URL;
    }
    if (text.contains("@")) {
      problem = "must not hold a user or password; use api_key";
    }
    object.problems().add(object.pathOf("endpoint"), withoutSecrets(text), problem);
    return null;
  }

  private static @Nullable String problemOf(URI uri) {
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (uri.getUserInfo() != null
        || uri.getHost() == null
        || uri.getRawQuery() != null
        || uri.getRawFragment() != null
        || !(scheme.equals("http") || scheme.equals("https"))) {
      return NO_BASE_URL;
    }
    if (uri.getPort() == 0 || uri.getPort() > HIGHEST_PORT) {
      return "has a port that is not between 1 and " + HIGHEST_PORT;
    }
    if (PROTOCOL_PATH.matcher(uri.getPath()).matches()) {
      return "has to be the base URL; /api/v1/… is added to it";
    }
    return null;
  }

  /** What stands before an @, a ? or a # may be shown; the rest may be a password or a token. */
  private static @Nullable JsonNode withoutSecrets(String endpoint) {
    if (endpoint.contains("@")) {
      return null;
    }
    return JsonNodeFactory.instance.textNode(endpoint.replaceAll("[?#].*", "…"));
  }

  private static void checkPlaintext(RegionConfig region, StrictObject object) {
    URI endpoint = region.endpoint();
    if (endpoint == null || region.apiKey() == null || region.allowPlaintext()) {
      return;
    }
    boolean plain = "http".equalsIgnoreCase(endpoint.getScheme());
    if (plain && !LOOPBACK.matcher(endpoint.getHost().toLowerCase(Locale.ROOT)).matches()) {
      object
          .problems()
          .add(
              object.pathOf("endpoint"),
              object.node("endpoint"),
              "the api_key would go over plain http; use https or set allow_plaintext: true");
    }
  }

  private static SecretSource secret(StrictObject object, String key, String text) {
    String problem = null;
    if (text.contains("${") && !VARIABLE.matcher(text).matches()) {
      problem = "has to name one environment variable and nothing else, as ${NAME}";
    } else if (SHELL_VARIABLE.matcher(text).matches()) {
      problem = "looks like an environment variable; write ${NAME}";
    } else if (text.startsWith("file:") && text.substring("file:".length()).isBlank()) {
      problem = "has to name a file, such as file:/run/secrets/key";
    }
    if (problem != null) {
      object.problems().add(object.pathOf(key), null, problem);
    }
    return SecretSource.parse(text);
  }

  /** A key goes into the header {@code Authorization: Bearer <key>}. */
  private static void checkHeaderValue(StrictObject object, String key) {
    if (SecretSource.parse(key).kind() != SecretSource.Kind.LITERAL || key.contains("${")) {
      return;
    }
    if (BEARER.matcher(key).matches()) {
      object
          .problems()
          .add(object.pathOf("api_key"), null, "has to be the key alone; Bearer is added to it");
    } else if (!HEADER_VALUE.matcher(key).matches()) {
      object
          .problems()
          .add(
              object.pathOf("api_key"),
              null,
              "must not hold spaces, line breaks or characters beyond ASCII");
    }
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
      JsonNode listed = secret.node("components");
      if (listed == null || (listed.isArray() && listed.isEmpty())) {
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
      if (!AddressRange.isValid(range)) {
        outbound
            .problems()
            .add(
                outbound.pathOf("allow"),
                JsonNodeFactory.instance.textNode(range),
                "has to be an address range such as 10.0.0.0/8 or fd00::/8");
      }
    }
    outbound.finish();
    return allow;
  }

  private static List<String> referencesAllow(StrictObject root) {
    StrictObject references = root.object("references");
    if (references == null) {
      return List.of();
    }
    List<String> allow = orEmpty(references.texts("allow"));
    for (String prefix : allow) {
      if (!ReferencePrefix.isValid(prefix)) {
        references
            .problems()
            .add(
                references.pathOf("allow"),
                JsonNodeFactory.instance.textNode(prefix),
                "has to be the address of a directory, such as https://data.example.com/orders/ or file:/srv/data/");
      }
    }
    references.finish();
    return allow;
  }

  private static List<String> reduceFunctions(StrictObject root) {
    List<String> functions = orEmpty(root.texts("reduce_functions"));
    for (String function : functions) {
      if (WireName.find(BuiltInReduce.class, function).isPresent()) {
        root.problems()
            .add(
                root.pathOf("reduce_functions"),
                JsonNodeFactory.instance.textNode(function),
                "is built in; give yours another name");
      }
    }
    return functions;
  }

  private static List<String> orEmpty(@Nullable List<String> texts) {
    return texts == null ? List.of() : texts;
  }
}
