package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.aggregation.BuiltInReduce;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.MergeConflict;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.WireName;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the {@code federation} block of a stage. */
public final class StageFederationParser {
  private static final double LONGEST_SECONDS = 86_400;
  private static final double LONGEST_TOTAL_SECONDS = 30 * 86_400;
  private static final long LARGEST_COUNT = 1_000_000_000_000_000L;
  private static final int MOST_REGIONS = 10_000;

  private StageFederationParser() {}

  /**
   * Reads a block; every problem goes to the collector.
   *
   * @param json the block
   * @param path its place in the document
   * @param federation the federation that names are checked against; null leaves them unchecked
   * @param problems where problems go
   */
  public static FederatedStageConfig parse(
      JsonNode json, String path, @Nullable FederationConfig federation, Problems problems) {
    StrictObject block = StrictObject.of(json, path, problems);
    FederatedStageConfig.Builder config = FederatedStageConfig.builder();
    FederatedStageConfig defaults = config.build();

    FederationStrategy strategy = block.constant("strategy", FederationStrategy.class, "strategy");
    config.strategy(strategy);
    config.aggregation(block.constant("aggregation", AggregationStrategy.class, "aggregation"));
    List<String> regions = regionNames(block, "regions", federation);
    config.regions(regions == null ? List.of() : regions);
    config.residency(regionNames(block, "residency", federation));
    config.fallbackRegion(regionName(block, "fallback_region", federation));
    config.requiredTags(orEmpty(block.texts("required_tags")));

    config.dataLocality(block.bool("data_locality", defaults.dataLocality()));
    config.dataLocation(dataLocation(block, federation));
    config.sourceLocation(point(block.object("source_location")));
    config.dataSizeBytes(
        block.integer("data_size_bytes", 0, LARGEST_COUNT, defaults.dataSizeBytes()));
    config.expectedTokens(
        block.integer("expected_tokens", 0, LARGEST_COUNT, defaults.expectedTokens()));

    config.timeoutSeconds(
        block.number("timeout_seconds", 0.1, LONGEST_SECONDS, defaults.timeoutSeconds()));
    config.queueTimeoutSeconds(block.number("queue_timeout_seconds", 0.1, LONGEST_SECONDS));
    config.totalTimeoutSeconds(block.number("total_timeout_seconds", 0.1, LONGEST_TOTAL_SECONDS));
    config.retryOnFailure(block.bool("retry_on_failure", defaults.retryOnFailure()));
    if (block.has("max_retries") && block.has("retry_count")) {
      problems.add(
          block.pathOf("retry_count"),
          block.node("retry_count"),
          "is another name of max_retries, which is given as well");
    }
    String retries = block.has("max_retries") ? "max_retries" : "retry_count";
    config.maxRetries((int) block.integer(retries, 0, 100, defaults.maxRetries()));
    config.retryDelaySeconds(
        block.number("retry_delay_seconds", 0, 60, defaults.retryDelaySeconds()));

    config.minRegions(minRegions(block, regions, strategy, defaults.minRegions()));
    config.maxParallel((int) block.integer("max_parallel", 1, 1_000, defaults.maxParallel()));
    PartialFailurePolicy policy =
        block.constant("on_partial_failure", PartialFailurePolicy.class, "policy");
    if (policy == PartialFailurePolicy.WAIT) {
      problems.add(
          block.pathOf("on_partial_failure"),
          block.node("on_partial_failure"),
          "'wait' is not supported yet; use proceed or fail");
    } else if (policy != null) {
      config.onPartialFailure(policy);
    }

    String function = block.text("reduce_function");
    if (function != null) {
      config.reduceFunction(function);
      List<String> functions = new ArrayList<>(WireName.names(BuiltInReduce.class));
      if (federation != null) {
        functions.addAll(federation.reduceFunctions());
        if (!functions.contains(function)) {
          problems.addUnknown(
              block.pathOf("reduce_function"), "reduce function", function, functions);
        }
      }
    }
    String scoreField = block.text("score_field");
    config.scoreField(scoreField == null ? defaults.scoreField() : scoreField);
    config.voteField(block.text("vote_field"));
    config.requireMajority(block.bool("require_majority", defaults.requireMajority()));
    MergeConflict conflict =
        block.constant("merge_conflict", MergeConflict.class, "merge conflict rule");
    config.mergeConflict(conflict == null ? defaults.mergeConflict() : conflict);

    block.notYetSupported(
        "hedge",
        "max_cost",
        "distribution",
        "region_inputs",
        "require_available",
        "max_regions",
        "grace_seconds",
        "tolerated_failures",
        "on_late_result",
        "stop_on_failure",
        "health_gate",
        "priority",
        "fairness_key",
        "idempotent",
        "resume_timeout_seconds",
        "transport");
    block.finish();

    FederatedStageConfig parsed = config.build();
    checkResidency(parsed, block);
    return parsed;
  }

  private static long minRegionsLimit(@Nullable List<String> regions) {
    return regions == null || regions.isEmpty() ? MOST_REGIONS : regions.size();
  }

  private static int minRegions(
      StrictObject block,
      @Nullable List<String> regions,
      @Nullable FederationStrategy strategy,
      int absent) {
    boolean single = strategy != null && !strategy.replicated();
    long most = single ? 1 : minRegionsLimit(regions);
    return (int) block.integer("min_regions", 1, most, absent);
  }

  private static void checkResidency(FederatedStageConfig config, StrictObject block) {
    List<String> residency = config.residency();
    if (residency == null) {
      return;
    }
    if (config.fallbackRegion() != null && !residency.contains(config.fallbackRegion())) {
      block
          .problems()
          .add(
              block.pathOf("fallback_region"),
              block.node("fallback_region"),
              "is outside the residency " + residency);
    }
    if (!config.regions().isEmpty() && config.regions().stream().noneMatch(residency::contains)) {
      block
          .problems()
          .add(
              block.pathOf("regions"),
              block.node("regions"),
              "none of them is inside the residency " + residency);
    }
  }

  private static @Nullable List<String> regionNames(
      StrictObject block, String key, @Nullable FederationConfig federation) {
    List<String> names = block.texts(key);
    if (names == null) {
      return null;
    }
    if (names.isEmpty() && block.problems().isEmpty()) {
      block
          .problems()
          .add(
              block.pathOf(key),
              block.node(key),
              "must not be empty; leave it out for all regions");
    }
    if (federation != null) {
      for (int i = 0; i < names.size(); i++) {
        checkRegion(block.pathOf(key) + "[" + i + "]", names.get(i), federation, block.problems());
      }
    }
    return names;
  }

  private static @Nullable String regionName(
      StrictObject block, String key, @Nullable FederationConfig federation) {
    String name = block.text(key);
    if (name != null && federation != null) {
      checkRegion(block.pathOf(key), name, federation, block.problems());
    }
    return name;
  }

  private static void checkRegion(
      String path, String name, FederationConfig federation, Problems problems) {
    if (federation.region(name).isEmpty()) {
      problems.addUnknown(path, "region", name, federation.regionNames());
    }
  }

  private static @Nullable DataLocation dataLocation(
      StrictObject block, @Nullable FederationConfig federation) {
    JsonNode value = block.node("data_location");
    if (value == null) {
      return null;
    }
    if (value.isTextual()) {
      String region = regionName(block, "data_location", federation);
      return region == null ? null : DataLocation.inRegion(region);
    }
    GeoPoint point = point(block.object("data_location"));
    return point == null ? null : DataLocation.at(point);
  }

  private static @Nullable GeoPoint point(@Nullable StrictObject object) {
    if (object == null) {
      return null;
    }
    Double lat = object.number("lat", -90, 90);
    Double lon = object.number("lon", -180, 180);
    for (String key : List.of("lat", "lon")) {
      if (!object.has(key)) {
        object.problems().add(object.pathOf(key), null, "is required");
      }
    }
    object.finish();
    return lat == null || lon == null ? null : new GeoPoint(lat, lon);
  }

  private static List<String> orEmpty(@Nullable List<String> texts) {
    return texts == null ? List.of() : texts;
  }
}
