package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.aggregation.BuiltInReduce;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.MergeConflict;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.Residency;
import dev.federated.model.WireName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the {@code federation} block of a stage. */
public final class StageFederationParser {
  /** The largest max_cost. */
  public static final double MOST_COST = 1e12;

  static final double LONGEST_SECONDS = 86_400;
  private static final double LONGEST_RESUME_SECONDS = 365 * 86_400;
  private static final double LONGEST_TOTAL_SECONDS = 30 * 86_400;
  static final long LARGEST_COUNT = 1_000_000_000_000_000L;
  static final int MOST_REGIONS = 10_000;

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

    if (!json.isObject()) {
      return defaults;
    }
    FederationStrategy strategy = block.constant("strategy", FederationStrategy.class, "strategy");
    config.strategy(strategy);
    AggregationStrategy aggregation =
        block.constant("aggregation", AggregationStrategy.class, "aggregation");
    config.aggregation(aggregation);
    List<String> regions = regionNames(block, "regions", federation);
    config.regions(regions == null ? List.of() : regions);
    config.residency(residency(block, federation));
    config.fallbackRegion(regionName(block, "fallback_region", federation));
    config.requiredTags(orEmpty(block.texts("required_tags")));

    config.dataLocality(block.bool("data_locality", defaults.dataLocality()));
    config.dataLocation(DataLocationParser.parse(block, federation));
    config.sourceLocation(DataLocationParser.sourceLocation(block));
    config.dataSizeBytes(
        block.integer("data_size_bytes", 0, LARGEST_COUNT, defaults.dataSizeBytes()));
    config.expectedTokens(
        block.integer("expected_tokens", 0, LARGEST_COUNT, defaults.expectedTokens()));

    config.maxCost(block.positive("max_cost", MOST_COST));

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

    config.minRegions((int) block.integer("min_regions", 1, MOST_REGIONS, defaults.minRegions()));
    config.maxParallel((int) block.integer("max_parallel", 1, 1_000, defaults.maxParallel()));
    config.onPartialFailure(
        block.constant("on_partial_failure", PartialFailurePolicy.class, "policy"));
    config.resumeTimeoutSeconds(
        block.number("resume_timeout_seconds", 0.1, LONGEST_RESUME_SECONDS));
    PartialFailurePolicy onTimeout =
        block.constant("on_resume_timeout", PartialFailurePolicy.class, "policy");
    if (onTimeout == PartialFailurePolicy.WAIT) {
      problems.add(
          block.pathOf("on_resume_timeout"),
          block.node("on_resume_timeout"),
          "has to be proceed or fail: the stage has waited by then");
    } else {
      config.onResumeTimeout(onTimeout);
    }

    String function = reduceFunction(block, federation);
    config.reduceFunction(function == null ? defaults.reduceFunction() : function);
    String scoreField = block.text("score_field");
    config.scoreField(scoreField == null ? defaults.scoreField() : scoreField);
    config.voteField(block.text("vote_field"));
    config.requireMajority(block.bool("require_majority", defaults.requireMajority()));
    MergeConflict conflict =
        block.constant("merge_conflict", MergeConflict.class, "merge conflict rule");
    config.mergeConflict(conflict == null ? defaults.mergeConflict() : conflict);

    DistributionParser.parse(block, federation, config);
    HedgeParser.parse(block, federation, config);
    config.quorum(QuorumParser.parse(block));
    config.wave(WaveParser.parse(block));
    config.taskPriority(TaskPriorityParser.parse(block));

    block.notYetSupported("transport");
    block.misplaced(
        "to the stage, beside its federation block",
        "id",
        "name",
        "type",
        "component_type",
        "config",
        "inputs",
        "depends_on");
    block.misplaced(
        "to the federation block of the pipeline", "enabled", "default_strategy", "execution");
    block.misplaced(
        "to the region in the federation file",
        "api_key",
        "endpoint",
        "tags",
        "weight",
        "max_concurrent",
        "idempotency",
        "latitude",
        "longitude",
        "cost_per_execution",
        "cost_per_token",
        "egress_cost_per_gb",
        "egress_cost_per_gb_to");
    block.finish();

    FederatedStageConfig parsed = config.build();
    checkResidency(parsed, block, federation);
    List<String> possible = possibleRegions(parsed, federation);
    checkMinRegions(parsed, block, possible);
    QuorumParser.check(parsed, block, possible);
    WaveParser.check(parsed, block);
    return parsed;
  }

  /**
   * Reports the keys of a block without a strategy that its default strategy does not read.
   *
   * @param json the block
   * @param strategy the default
   */
  public static void checkDefaultStrategy(
      JsonNode json, String path, FederationStrategy strategy, Problems problems) {
    if (!json.isObject()) {
      return;
    }
    StrictObject block = StrictObject.of(json, path, problems);
    FederatedStageConfig resolved = FederatedStageConfig.builder().strategy(strategy).build();
    if (!strategy.replicated()) {
      QuorumParser.check(resolved, block, List.of());
    }
    if (strategy != FederationStrategy.SEQUENTIAL) {
      WaveParser.check(resolved, block);
    }
  }

  private static @Nullable String reduceFunction(
      StrictObject block, @Nullable FederationConfig federation) {
    String function = block.text("reduce_function");
    if (function == null) {
      return null;
    }
    List<String> registered = federation == null ? List.of() : federation.reduceFunctions();
    List<String> functions = new ArrayList<>(WireName.names(BuiltInReduce.class));
    functions.addAll(registered);
    if (functions.contains(function)) {
      return function;
    }
    for (String valid : functions) {
      if (valid.equalsIgnoreCase(function.trim())) {
        return valid;
      }
    }
    if (federation != null) {
      block
          .problems()
          .addUnknown(block.pathOf("reduce_function"), "reduce function", function, functions);
    }
    return function;
  }

  /** The regions that may run the stage by its own block; empty if that is not known. */
  private static List<String> possibleRegions(
      FederatedStageConfig config, @Nullable FederationConfig federation) {
    List<String> regions = config.regions();
    if (regions.isEmpty() && federation != null) {
      regions = federation.regionNames();
    }
    Residency residency = config.residency();
    if (residency != null && residency.regions() != null && regions.isEmpty()) {
      return residency.regions();
    }
    return residency == null
        ? regions
        : regions.stream().filter(name -> allows(residency, name, federation)).toList();
  }

  private static void checkMinRegions(
      FederatedStageConfig config, StrictObject block, List<String> regions) {
    int least = config.minRegions();
    if (least == 1) {
      return;
    }
    FederationStrategy strategy = config.strategy();
    String problem = null;
    if (strategy != null && !strategy.replicated()) {
      problem =
          "can only be 1 with strategy %s, which runs in one region".formatted(strategy.wireName());
    } else if (config.aggregation() == AggregationStrategy.FIRST) {
      problem = "can only be 1 with aggregation first, which ends at the first success";
    } else if (!regions.isEmpty() && least > regions.size()) {
      problem =
          "is more than the number of regions that may run the stage, %d".formatted(regions.size());
    }
    if (problem != null) {
      block.problems().add(block.pathOf("min_regions"), block.node("min_regions"), problem);
    }
  }

  private static @Nullable Residency residency(
      StrictObject block, @Nullable FederationConfig federation) {
    JsonNode value = block.node("residency");
    if (value == null || !value.isObject()) {
      List<String> names = regionNames(block, "residency", federation);
      return names == null ? null : Residency.inRegions(names);
    }
    StrictObject object = StrictObject.of(value, block.pathOf("residency"), block.problems());
    List<String> tags = orEmpty(object.texts("tags"));
    JsonNode given = object.node("tags");
    if (given == null || (given.isArray() && given.isEmpty())) {
      object.problems().add(object.pathOf("tags"), given, "is required, with at least one tag");
    }
    object.finish();
    Residency residency = Residency.inTags(tags);
    if (federation != null && !tags.isEmpty()) {
      checkTags(residency, tags, object, federation);
    }
    return residency;
  }

  private static void checkTags(
      Residency residency, List<String> tags, StrictObject object, FederationConfig federation) {
    Set<String> known = new TreeSet<>();
    federation.regions().forEach(region -> known.addAll(region.tags()));
    for (int i = 0; i < tags.size(); i++) {
      if (!known.contains(tags.get(i))) {
        object
            .problems()
            .addUnknown(object.pathOf("tags") + "[" + i + "]", "tag", tags.get(i), known);
      }
    }
    boolean nowhere =
        federation.regionNames().stream().noneMatch(name -> allows(residency, name, federation));
    if (known.containsAll(tags) && nowhere) {
      object
          .problems()
          .add(object.pathOf("tags"), object.node("tags"), "no region has every one of them");
    }
  }

  /** Whether a residency allows a region; one whose tags nobody can look up counts as allowed. */
  private static boolean allows(
      Residency residency, String name, @Nullable FederationConfig federation) {
    if (residency.regions() == null && federation == null) {
      return true;
    }
    List<String> tags =
        federation == null
            ? List.of()
            : federation.region(name).map(RegionConfig::tags).orElse(List.of());
    return residency.allows(name, tags);
  }

  private static void checkResidency(
      FederatedStageConfig config, StrictObject block, @Nullable FederationConfig federation) {
    Residency residency = config.residency();
    if (residency == null || (residency.regions() != null && residency.regions().isEmpty())) {
      return;
    }
    String fallback = config.fallbackRegion();
    if (fallback != null && !allows(residency, fallback, federation)) {
      block
          .problems()
          .add(
              block.pathOf("fallback_region"),
              block.node("fallback_region"),
              "is outside the residency " + residency);
    }
    if (!config.regions().isEmpty()
        && config.regions().stream().noneMatch(name -> allows(residency, name, federation))) {
      String key = block.has("regions") ? "regions" : "region_inputs";
      block
          .problems()
          .add(
              block.pathOf(key),
              block.has("regions") ? block.node("regions") : null,
              "none of them is inside the residency " + residency);
    }
  }

  private static @Nullable List<String> regionNames(
      StrictObject block, String key, @Nullable FederationConfig federation) {
    List<String> names = block.texts(key);
    if (names == null) {
      return null;
    }
    JsonNode list = block.node(key);
    if (list != null && list.isArray() && list.isEmpty()) {
      block
          .problems()
          .add(block.pathOf(key), list, "must not be empty; leave it out for all regions");
    }
    if (federation != null && list != null && list.isArray()) {
      Set<String> known = new HashSet<>(federation.regionNames());
      for (int i = 0; i < list.size(); i++) {
        String name = list.get(i).asText();
        if (list.get(i).isTextual() && !name.isBlank() && !known.contains(name)) {
          block
              .problems()
              .addUnknown(
                  block.pathOf(key) + "[" + i + "]", "region", name, federation.regionNames());
        }
      }
    }
    return names;
  }

  /** A text that names a region, or null. */
  static @Nullable String regionName(
      StrictObject block, String key, @Nullable FederationConfig federation) {
    String name = block.text(key);
    if (name != null && federation != null) {
      if (federation.region(name).isEmpty()) {
        block.problems().addUnknown(block.pathOf(key), "region", name, federation.regionNames());
      }
    }
    return name;
  }

  private static List<String> orEmpty(@Nullable List<String> texts) {
    return texts == null ? List.of() : texts;
  }
}
