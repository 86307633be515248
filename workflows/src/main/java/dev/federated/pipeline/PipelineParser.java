package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.NamedSecret;
import dev.federated.model.RegionConfig;
import dev.federated.model.Residency;
import dev.federated.model.TaskPriority;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.NearestNames;
import dev.federated.parsing.Problem;
import dev.federated.parsing.Problems;
import dev.federated.parsing.StageFederationParser;
import dev.federated.parsing.StrictObject;
import dev.federated.parsing.TaskPriorityParser;
import dev.federated.pipeline.TemplateReference.Segment;
import dev.federated.routing.FederationSnapshots;
import dev.federated.routing.RegionSelector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads a pipeline or a single stage that has been parsed as JSON. */
public final class PipelineParser {
  /** The most stages of one pipeline. */
  public static final int MOST_STAGES = 1_000;

  /** The deepest nesting of objects and lists in a document. */
  public static final int DEEPEST = 200;

  /** The fields of a federated stage's record, as {@code {{stages.<id>.result.<field>}}}. */
  static final List<String> RECORD_FIELDS =
      List.of(
          "stage_id",
          "outcome",
          "strategy",
          "aggregation",
          "aggregated",
          "winner",
          "error",
          "warnings",
          "has_partial_failure",
          "successful_regions",
          "failed_regions",
          "region_results",
          "decisions",
          "total_cost",
          "total_tokens",
          "latency_ms",
          "workflow_id",
          "run_id",
          "redrive_of",
          "key_root",
          "interventions",
          "carried_regions",
          "complete",
          "missing_regions",
          "late_workflow_id");

  private static final int MOST_NAMES_LISTED = 20;
  private static final Pattern PLACE =
      Pattern.compile("([^.\\[]*)(?:\\[([0-9]{1,9})])?.*", Pattern.DOTALL);

  private final @Nullable FederationConfig federation;
  private final Problems problems;
  private final List<String> warnings = new ArrayList<>();

  private PipelineParser(String file, @Nullable FederationConfig federation) {
    this.federation = federation;
    this.problems = new Problems(file);
  }

  /**
   * Reads a pipeline.
   *
   * @param json the parsed document
   * @param file its name, for messages
   * @param federation the federation that the names of regions, secrets, reduce functions and
   *     custom component types are checked against; null leaves them unchecked
   * @throws InvalidDocumentException with every problem of the document, in its order
   */
  public static ParsedPipeline parse(
      JsonNode json, String file, @Nullable FederationConfig federation) {
    PipelineParser parser = new PipelineParser(file, federation);
    JsonNode document = parser.prepared(json);
    PipelineDefinition pipeline = parser.pipeline(document);
    parser.throwIfAny(document);
    return new ParsedPipeline(pipeline, parser.warnings);
  }

  /**
   * Reads one stage as it stands in the stages of a pipeline. It needs a federation block, depends
   * on nothing, and its templates refer to {@code {{input}}} only.
   *
   * @param json the parsed document
   * @param file its name, for messages
   * @param federation the federation that names are checked against; null leaves them unchecked
   * @throws InvalidDocumentException with every problem of the document, in its order
   */
  public static ParsedStage parseStage(
      JsonNode json, String file, @Nullable FederationConfig federation) {
    PipelineParser parser = new PipelineParser(file, federation);
    JsonNode document = parser.prepared(json);
    StageDefinition stage = parser.singleStage(document);
    parser.throwIfAny(document);
    return new ParsedStage(stage, parser.warnings);
  }

  /** What a pipeline says about federation as a whole. */
  private record Defaults(
      boolean enabled,
      @Nullable FederationStrategy strategy,
      @Nullable Double maxCost,
      @Nullable TaskPriority priority) {}

  /** A stage and where it stands. */
  private record PlacedStage(StageDefinition stage, String place) {}

  /** The document without passwords in URLs, if it can be read at all. */
  private JsonNode prepared(JsonNode json) {
    String tooDeep = placeDeeperThanAllowed(json);
    if (tooDeep != null) {
      problems.add(tooDeep, null, "is nested deeper than %d levels".formatted(DEEPEST));
    } else if (!json.isObject()) {
      problems.add("", json, "has to be an object");
    }
    problems.throwIfAny();
    return CredentialsInUrls.remove(json, problems);
  }

  private PipelineDefinition pipeline(JsonNode json) {
    StrictObject root = StrictObject.of(json, "", problems);
    root.ignoreSchema();
    String id = root.requiredId("id");
    String name = root.text("name");

    boolean enabled = true;
    FederationStrategy strategy = null;
    PipelineExecution execution = null;
    Double maxCost = null;
    TaskPriority priority = null;
    StrictObject block = root.object("federation");
    if (block != null) {
      enabled = block.bool("enabled", true);
      strategy = block.constant("default_strategy", FederationStrategy.class, "strategy");
      execution = block.constant("execution", PipelineExecution.class, "execution");
      maxCost = block.positive("max_cost", StageFederationParser.MOST_COST);
      priority = TaskPriorityParser.parse(block);
      block.finish();
    }
    Defaults defaults = new Defaults(enabled, strategy, maxCost, priority);

    JsonNode inputSchema = root.node("input_schema");
    if (inputSchema != null && !inputSchema.isObject()) {
      problems.add("input_schema", inputSchema, "has to be an object: a JSON schema");
    }
    String outputStageId = root.text("output_stage_id");

    List<PlacedStage> stages = new ArrayList<>();
    JsonNode items = root.node("stages");
    if (items == null || (items.isArray() && items.isEmpty())) {
      problems.add("stages", items, "at least one stage is required");
    } else if (items.size() > MOST_STAGES && items.isArray()) {
      problems.add(
          "stages", null, "has %d stages, at most %d".formatted(items.size(), MOST_STAGES));
    } else {
      root.items(
          "stages",
          (item, place) -> stages.add(new PlacedStage(stage(item, place, defaults), place)));
      checkGraph(stages, items, outputStageId);
    }
    root.finish();
    return new PipelineDefinition(
        id,
        name,
        execution == null ? PipelineExecution.CHILD : execution,
        inputSchema,
        outputStageId,
        stages.stream().map(PlacedStage::stage).toList(),
        maxCost,
        priority);
  }

  private StageDefinition singleStage(JsonNode json) {
    StageDefinition stage = stage(json, "", new Defaults(true, null, null, null));
    if (stage.federation() == null) {
      problems.add("federation", null, "is required: without it there is nothing to federate");
    }
    if (!stage.dependsOn().isEmpty()) {
      problems.add(
          "depends_on", json.get("depends_on"), "has to be empty: the stage runs on its own");
    }
    for (TemplateReference reference : references(stage, "")) {
      if (reference.readsStage()) {
        problems.add(
            reference.place(),
            JsonNodeFactory.instance.textNode(reference.source()),
            "refers to a stage, but the stage runs on its own; only {{input…}} is there");
      }
    }
    return stage;
  }

  private StageDefinition stage(JsonNode json, String place, Defaults defaults) {
    StrictObject object = StrictObject.of(json, place, problems);
    if (place.isEmpty()) {
      object.ignoreSchema();
    }
    String id = object.requiredId("id");
    String typeKey = object.has("type") ? "type" : "component_type";
    if (object.has("type") && object.has("component_type")) {
      problems.add(
          object.pathOf("component_type"),
          object.node("component_type"),
          "is another name of type, which is given as well");
    }
    String givenType = object.text(typeKey);
    String type = givenType == null ? StageDefinition.DEFAULT_TYPE : givenType;

    JsonNode config = object.node("config");
    boolean hasConfig = config != null && config.isObject();
    if (config != null && !config.isObject()) {
      problems.add(object.pathOf("config"), config, "has to be an object");
    }
    if (config == null || !hasConfig) {
      config = JsonNodeFactory.instance.objectNode();
    }
    JsonNode inputs = object.node("inputs");
    List<String> dependsOn = dependsOn(object);

    FederatedStageConfig block = null;
    JsonNode blockJson = object.node("federation");
    if (blockJson != null) {
      block = federationBlock(blockJson, object.pathOf("federation"), defaults);
      checkMaxCost(block, object.pathOf("federation"), defaults);
      if (!defaults.enabled()) {
        warnings.add(
            "%s: the stage runs locally, because the pipeline's federation.enabled is false"
                .formatted(object.pathOf("federation")));
        block = null;
      }
    }
    object.finish();

    checkComponent(id, type, config, block, object, typeKey);
    if (inputs != null) {
      warnOfSecretsInData(inputs, object.pathOf("inputs"));
    }
    if (block != null && block.regionInputs() != null) {
      warnOfSecretsInData(
          json.path("federation").path("region_inputs"),
          object.pathOf("federation") + ".region_inputs");
      if (inputs != null) {
        warnings.add(
            "%s: nothing reads this, because region_inputs gives every region its own"
                .formatted(object.pathOf("inputs")));
      }
    }
    return new StageDefinition(id, type, config, inputs, dependsOn, block);
  }

  private List<String> dependsOn(StrictObject object) {
    List<String> dependsOn = new ArrayList<>();
    object.items(
        "depends_on",
        (item, place) -> {
          if (!item.isTextual() || item.textValue().isBlank()) {
            problems.add(place, item, "has to be the id of a stage");
          } else if (dependsOn.contains(item.textValue())) {
            problems.add(place, item, "stands in the list twice");
          } else {
            dependsOn.add(item.textValue());
          }
        });
    return dependsOn;
  }

  private FederatedStageConfig federationBlock(JsonNode json, String place, Defaults defaults) {
    FederatedStageConfig parsed = StageFederationParser.parse(json, place, federation, problems);
    TaskPriority own = parsed.taskPriority();
    FederatedStageConfig block =
        defaults.priority() == null
            ? parsed
            : parsed.toBuilder()
                .taskPriority(own == null ? defaults.priority() : own.orElse(defaults.priority()))
                .build();
    if (json.hasNonNull("strategy")) {
      return block;
    }
    FederationStrategy resolved = defaults.strategy();
    if (resolved == null && federation != null) {
      resolved = federation.defaultStrategy();
    }
    if (resolved != null || federation != null) {
      StageFederationParser.checkDefaultStrategy(
          json, place, resolved == null ? FederationStrategy.PARALLEL : resolved, problems);
    }
    if (resolved != null && !resolved.replicated() && block.partitioned()) {
      problems.add(
          place + ".distribution",
          json.get("distribution"),
          "partition needs parallel or sequential; the default strategy %s runs in one region"
              .formatted(resolved.wireName()));
    }
    if (resolved != null && !resolved.replicated() && block.minRegions() > 1) {
      problems.add(
          place + ".min_regions",
          json.get("min_regions"),
          "has to be 1: the default strategy %s runs the stage in one region"
              .formatted(resolved.wireName()));
    }
    return defaults.strategy() == null
        ? block
        : block.toBuilder().strategy(defaults.strategy()).build();
  }

  /** Whether the stage could start at all by the prices that the federation file has. */
  private void checkMaxCost(FederatedStageConfig block, String place, Defaults defaults) {
    if (federation == null
        || !defaults.enabled()
        || !Set.copyOf(federation.regionNames()).containsAll(block.regions())) {
      return;
    }
    Double own = block.maxCost();
    boolean ofPipeline = own == null || (defaults.maxCost() != null && defaults.maxCost() < own);
    FederatedStageConfig limited =
        ofPipeline ? block.toBuilder().maxCost(defaults.maxCost()).build() : block;
    String over = RegionSelector.overMaxCost(limited, FederationSnapshots.of(federation, limited));
    if (over != null) {
      problems.add(
          ofPipeline ? place : place + ".max_cost",
          null,
          "the stage cannot start: " + (ofPipeline ? "the pipeline's " : "") + over);
    }
  }

  private void checkComponent(
      String id,
      String type,
      JsonNode config,
      @Nullable FederatedStageConfig block,
      StrictObject stage,
      String typeKey) {
    if (block != null && (federation == null || isSentUnchecked(block, federation))) {
      return;
    }
    String place = stage.pathOf("config");
    if (ComponentCatalog.isBuiltIn(type)) {
      ComponentCatalog.check(type, config, id, place, problems);
    } else if (federation == null) {
      List<String> near = NearestNames.of(type, ComponentCatalog.names());
      warnings.add(
          "%s: '%s' is not built in, and there is no federation file that names it%s"
              .formatted(
                  stage.pathOf(typeKey),
                  type,
                  near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?"));
    } else if (!federation.components().contains(type)) {
      List<String> valid = new ArrayList<>(ComponentCatalog.names());
      valid.addAll(federation.components());
      problems.addUnknown(stage.pathOf(typeKey), "type", type, valid);
    }
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      String fieldPlace = Template.fieldPlace(place, field.getKey());
      if (ComponentCatalog.isData(type, field.getKey())) {
        warnOfSecretsInData(field.getValue(), fieldPlace);
      } else {
        checkSecrets(field.getValue(), type, fieldPlace);
      }
    }
  }

  /** Whether every region that may execute the stage has an endpoint, which decides on its own. */
  private static boolean isSentUnchecked(FederatedStageConfig block, FederationConfig federation) {
    List<RegionConfig> listed = new ArrayList<>();
    List<RegionConfig> possible = new ArrayList<>();
    Residency residency = block.residency();
    for (RegionConfig region : federation.regions()) {
      boolean named =
          block.regions().isEmpty() ? region.enabled() : block.regions().contains(region.name());
      if (named || region.name().equals(block.fallbackRegion())) {
        listed.add(region);
        if ((residency == null || residency.allows(region.name(), region.tags()))
            && region.tags().containsAll(block.requiredTags())) {
          possible.add(region);
        }
      }
    }
    // Where no region is possible, the stage ends as NoEligibleRegion, which is no fault of config.
    List<RegionConfig> regions = possible;
    if (regions.isEmpty()) {
      regions = listed.isEmpty() ? federation.regions() : listed;
    }
    return regions.stream().allMatch(region -> region.endpoint() != null);
  }

  private void checkSecrets(JsonNode value, String type, String place) {
    String name = Template.secretName(value);
    if (name != null) {
      checkSecret(name, type, Template.fieldPlace(place, "secret"));
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        checkSecrets(value.get(i), type, place + "[" + i + "]");
      }
    } else {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        checkSecrets(field.getValue(), type, Template.fieldPlace(place, field.getKey()));
      }
    }
  }

  private void checkSecret(String name, String type, String place) {
    JsonNode text = JsonNodeFactory.instance.textNode(name);
    if (Template.isTemplate(text)) {
      problems.add(place, text, "the name of a secret cannot be a template");
      return;
    }
    if (federation == null) {
      return;
    }
    Map<String, NamedSecret> secrets = new TreeMap<>(federation.secrets());
    NamedSecret secret = secrets.get(name);
    if (secret == null) {
      unknown(place, text, "secret", name, secrets.keySet());
    } else if (!secret.components().contains(type)) {
      problems.add(
          place,
          text,
          "components of type '%s' may not read this secret; its components: %s"
              .formatted(type, String.join(", ", secret.components())));
    }
  }

  private void warnOfSecretsInData(JsonNode value, String place) {
    if (Template.secretName(value) != null) {
      warnings.add(
          "%s: a secret is not resolved in data; this stays as it is written".formatted(place));
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        warnOfSecretsInData(value.get(i), place + "[" + i + "]");
      }
    } else {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        warnOfSecretsInData(field.getValue(), Template.fieldPlace(place, field.getKey()));
      }
    }
  }

  private void checkGraph(
      List<PlacedStage> stages, JsonNode items, @Nullable String outputStageId) {
    Map<String, PlacedStage> byId = new LinkedHashMap<>();
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (PlacedStage placed : stages) {
      String id = placed.stage().id();
      if (id.isEmpty()) {
        continue;
      }
      PlacedStage first = byId.putIfAbsent(id, placed);
      if (first == null) {
        edges.put(id, placed.stage().dependsOn().stream().filter(d -> !d.equals(id)).toList());
      } else {
        problems.add(
            placed.place() + ".id",
            JsonNodeFactory.instance.textNode(id),
            "%s has the same id".formatted(first.place()));
      }
    }
    for (int i = 0; i < stages.size(); i++) {
      checkDependencies(stages.get(i), items.get(i), byId);
    }
    PipelineGraph graph = PipelineGraph.of(edges);
    for (List<String> cycle : graph.cycles()) {
      reportCycle(cycle, byId, items);
    }
    if (outputStageId != null && !byId.containsKey(outputStageId)) {
      unknown(
          "output_stage_id",
          JsonNodeFactory.instance.textNode(outputStageId),
          "stage",
          outputStageId,
          byId.keySet());
    }
    for (PlacedStage placed : stages) {
      for (TemplateReference reference : references(placed.stage(), placed.place())) {
        if (reference.stageId() != null) {
          checkReference(reference, reference.stageId(), placed.stage(), byId, graph);
        }
      }
    }
  }

  private void checkDependencies(PlacedStage placed, JsonNode json, Map<String, PlacedStage> byId) {
    for (String dependency : placed.stage().dependsOn()) {
      String place = dependencyPlace(placed.place(), json, dependency);
      JsonNode value = JsonNodeFactory.instance.textNode(dependency);
      if (dependency.equals(placed.stage().id())) {
        problems.add(place, value, "a stage cannot depend on itself");
      } else if (!byId.containsKey(dependency)) {
        List<String> others = new ArrayList<>(byId.keySet());
        others.remove(placed.stage().id());
        unknown(place, value, "stage", dependency, others);
      }
    }
  }

  private void reportCycle(List<String> cycle, Map<String, PlacedStage> byId, JsonNode items) {
    PlacedStage first = byId.get(cycle.get(0));
    if (first == null) {
      throw new IllegalStateException("a cycle of unknown stages: " + cycle);
    }
    String next = cycle.get(1);
    JsonNode json = items.get(stageIndex(first.place()));
    problems.add(
        dependencyPlace(first.place(), json, next),
        JsonNodeFactory.instance.textNode(next),
        "the stages wait for each other: %s -> %s"
            .formatted(String.join(" -> ", cycle), cycle.get(0)));
  }

  private static String dependencyPlace(String stagePlace, JsonNode json, String dependency) {
    JsonNode dependsOn = json.path("depends_on");
    int index = 0;
    while (index < dependsOn.size() && !dependency.equals(dependsOn.get(index).textValue())) {
      index++;
    }
    return "%s.depends_on[%d]".formatted(stagePlace, index);
  }

  private List<TemplateReference> references(StageDefinition stage, String place) {
    List<TemplateReference> references = new ArrayList<>();
    references.addAll(
        Template.references(stage.config(), Template.fieldPlace(place, "config"), problems));
    if (stage.inputs() != null) {
      references.addAll(
          Template.references(stage.inputs(), Template.fieldPlace(place, "inputs"), problems));
    }
    FederatedStageConfig block = stage.federation();
    if (block != null && block.regionInputs() != null) {
      String inputs =
          Template.fieldPlace(Template.fieldPlace(place, "federation"), "region_inputs");
      for (Map.Entry<String, JsonNode> region : block.regionInputs().entrySet()) {
        String regionPlace = Template.fieldPlace(inputs, region.getKey());
        references.addAll(Template.references(region.getValue(), regionPlace, problems));
      }
    }
    return references;
  }

  private void checkReference(
      TemplateReference reference,
      String target,
      StageDefinition stage,
      Map<String, PlacedStage> byId,
      PipelineGraph graph) {
    JsonNode source = JsonNodeFactory.instance.textNode(reference.source());
    PlacedStage found = byId.get(target);
    if (found == null) {
      List<String> others = new ArrayList<>(byId.keySet());
      others.remove(stage.id());
      unknown(reference.place(), source, "stage", target, others);
    } else if (target.equals(stage.id())) {
      problems.add(reference.place(), source, "a stage cannot refer to its own output");
    } else if (stage.id().isEmpty() || graph.dependsOn(stage.id(), target)) {
      checkRecordField(reference, source, found.stage());
    } else if (graph.dependsOn(target, stage.id())) {
      problems.add(
          reference.place(),
          source,
          "stage '%s' runs after this one and has no output yet".formatted(target));
    } else {
      problems.add(
          reference.place(),
          source,
          "stage '%s' may not have run yet; add it to depends_on of '%s'"
              .formatted(target, stage.id()));
    }
  }

  private void checkRecordField(
      TemplateReference reference, JsonNode source, StageDefinition target) {
    List<Segment> path = reference.path();
    if (target.federation() == null
        || path.size() < 2
        || !path.get(0).equals(new Segment.Field("result"))) {
      return;
    }
    String field = path.get(1).toString();
    if (!RECORD_FIELDS.contains(field)) {
      problems.add(
          reference.place(),
          source,
          ("the record of a federated stage has no '%s'; a field of its output is"
                  + " result.aggregated.%s; valid: %s")
              .formatted(field, field, String.join(", ", RECORD_FIELDS)),
          NearestNames.of(field, RECORD_FIELDS));
    }
  }

  private void unknown(
      String place, JsonNode value, String kind, String name, Collection<String> valid) {
    String listed =
        valid.isEmpty()
            ? "there is none"
            : "valid: "
                + valid.stream()
                    .limit(MOST_NAMES_LISTED)
                    .map(Problems::shown)
                    .collect(Collectors.joining(", "))
                + (valid.size() > MOST_NAMES_LISTED ? ", … (%d)".formatted(valid.size()) : "");
    problems.add(
        place,
        value,
        "unknown %s '%s'; %s".formatted(kind, Problems.shown(name), listed),
        NearestNames.of(name, valid));
  }

  /** The place of something nested too deep, its first levels only; null if there is nothing. */
  private static @Nullable String placeDeeperThanAllowed(JsonNode json) {
    record Nested(JsonNode value, int depth, String place) {}
    int levelsShown = 3;
    Deque<Nested> open = new ArrayDeque<>();
    open.push(new Nested(json, 1, ""));
    while (!open.isEmpty()) {
      Nested nested = open.pop();
      if (!nested.value().isContainerNode()) {
        continue;
      }
      if (nested.depth() > DEEPEST) {
        return nested.place();
      }
      boolean shown = nested.depth() <= levelsShown;
      int depth = nested.depth() + 1;
      for (int i = 0; nested.value().isArray() && i < nested.value().size(); i++) {
        String place = shown ? nested.place() + "[" + i + "]" : nested.place();
        open.push(new Nested(nested.value().get(i), depth, place));
      }
      for (Map.Entry<String, JsonNode> field : nested.value().properties()) {
        String place = shown ? Template.fieldPlace(nested.place(), field.getKey()) : nested.place();
        open.push(new Nested(field.getValue(), depth, place));
      }
    }
    return null;
  }

  private static int stageIndex(String place) {
    Matcher matcher = PLACE.matcher(place);
    return matcher.matches() && matcher.group(2) != null ? Integer.parseInt(matcher.group(2)) : -1;
  }

  private void throwIfAny(JsonNode document) {
    List<String> keys = new ArrayList<>();
    document.fieldNames().forEachRemaining(keys::add);
    Comparator<Problem> byPlace =
        Comparator.<Problem>comparingInt(problem -> keys.indexOf(firstKey(problem.path())))
            .thenComparingInt(problem -> stageIndex(problem.path()));
    List<Problem> found = problems.found().stream().sorted(byPlace).toList();
    if (!found.isEmpty()) {
      throw new InvalidDocumentException(found);
    }
  }

  private static String firstKey(String place) {
    Matcher matcher = PLACE.matcher(place);
    return matcher.matches() ? String.valueOf(matcher.group(1)) : "";
  }
}
