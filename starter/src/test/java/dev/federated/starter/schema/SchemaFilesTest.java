package dev.federated.starter.schema;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederationStrategy;
import dev.federated.model.WireName;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ComponentCatalog;
import dev.federated.pipeline.ConfigKey;
import dev.federated.starter.schema.SchemaFiles.Kind;
import dev.federated.starter.schema.SchemaFiles.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The schemas in docs/schema say what the parsers accept. To add a key to a parser, add it to the
 * schema with a description, its range and its default, and to docs/pipelines.md.
 */
class SchemaFilesTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final JsonMapper LENIENT =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .build();
  private static final Pattern VALID = Pattern.compile("valid: (.*)", Pattern.DOTALL);
  private static final String UNKNOWN = "no_such_key";

  private static JsonNode json(String text) {
    try {
      return LENIENT.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  private static JsonNode text(String text) {
    return JsonNodeFactory.instance.textNode(text);
  }

  private static List<Place> places() {
    return SchemaFiles.places();
  }

  /** A key of an object. */
  record Key(Place place, String name, JsonNode schema) {
    JsonNode document(JsonNode value) {
      return place.with(name, value);
    }

    /** What the parser says about the value itself. */
    List<String> refusals(JsonNode value) {
      return SchemaFiles.problems(place.kind(), document(value)).stream()
          .filter(problem -> problem.path().equals(place.pathOf(name)))
          .map(Problem::message)
          .filter(message -> message.startsWith("has to be") || message.startsWith("unknown"))
          .toList();
    }

    @Override
    public String toString() {
      return place + " " + name;
    }
  }

  private static Stream<Key> keys() {
    return places().stream()
        .flatMap(
            place ->
                place.schema().get("properties").properties().stream()
                    .map(
                        key ->
                            new Key(
                                place,
                                key.getKey(),
                                SchemaFiles.resolved(place.kind(), key.getValue()))));
  }

  private static Stream<Key> keysWithBounds() {
    return keys()
        .filter(key -> Set.of("number", "integer").contains(key.schema().path("type").asText()));
  }

  private static Stream<Key> keysWithDefaults() {
    return keys()
        .filter(key -> key.schema().has("default"))
        .filter(key -> !key.place().path().endsWith(".config"));
  }

  private static Stream<Key> keysWithNames() {
    return keys().filter(key -> key.schema().has("enum"));
  }

  @ParameterizedTest
  @MethodSource("places")
  void theKeysOfTheSchemaAreThoseOfTheParser(Place place) {
    JsonNode document = place.with(UNKNOWN, text("x"));
    List<Problem> problems =
        SchemaFiles.problems(place.kind(), document).stream()
            .filter(problem -> problem.path().equals(place.pathOf(UNKNOWN)))
            .toList();
    assertThat(problems).as("what the parser says about %s", document).hasSize(1);
    Matcher valid = VALID.matcher(problems.get(0).message());
    assertThat(valid.find()).as(problems.get(0).message()).isTrue();

    Set<String> inSchema = new TreeSet<>();
    place.schema().get("properties").fieldNames().forEachRemaining(inSchema::add);
    assertThat(inSchema).containsExactlyInAnyOrder(valid.group(1).split(", "));
    assertThat(SchemaFiles.violations(place.kind(), document)).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("places")
  void whatHasToBeThereIsEnoughForBoth(Place place) {
    assertThat(SchemaFiles.problems(place.kind(), place.least())).isEmpty();
    assertThat(SchemaFiles.violations(place.kind(), place.least())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("keys")
  void everyKeyIsDescribedAndStandsInTheReference(Key key) throws IOException {
    assertThat(key.schema().path("description").asText()).isNotBlank().endsWith(".");
    assertThat(Files.readString(ROOT.resolve("docs/pipelines.md"), UTF_8))
        .containsPattern("(?<![A-Za-z_])" + Pattern.quote(key.name()) + "(?![A-Za-z_])");
  }

  @ParameterizedTest
  @MethodSource("keysWithBounds")
  void aNumberIsAcceptedUpToItsBoundsAndNotBeyond(Key key) {
    JsonNode schema = key.schema();
    double most = schema.path("maximum").asDouble(Double.NaN);
    assertThat(most).as("a maximum").isNotNaN();
    boolean above = schema.has("exclusiveMinimum");
    double least = schema.path(above ? "exclusiveMinimum" : "minimum").asDouble(Double.NaN);
    assertThat(least).as("a minimum").isNotNaN();
    double step = schema.path("type").asText().equals("integer") ? 1 : 1e-7;

    assertThat(key.refusals(number(most))).isEmpty();
    assertThat(key.refusals(number(most + Math.max(step, Math.ulp(most))))).isNotEmpty();
    assertThat(key.refusals(number(above ? least + step : least))).isEmpty();
    assertThat(key.refusals(number(above ? least : least - step))).isNotEmpty();
    assertThat(key.refusals(text("x"))).isNotEmpty();
    if (step == 1) {
      assertThat(key.refusals(number(least + 0.5))).isNotEmpty();
    }
  }

  private static JsonNode number(double number) {
    return number == Math.rint(number)
        ? JsonNodeFactory.instance.numberNode((long) number)
        : JsonNodeFactory.instance.numberNode(number);
  }

  @ParameterizedTest
  @MethodSource("keysWithDefaults")
  void aDefaultMeansTheSameAsNothing(Key key) {
    JsonNode with = key.document(key.schema().get("default"));

    assertThat(SchemaFiles.violations(key.place().kind(), with)).isEmpty();
    assertThat(SchemaFiles.parsed(key.place().kind(), with))
        .isEqualTo(SchemaFiles.parsed(key.place().kind(), key.place().least()));
  }

  @ParameterizedTest
  @MethodSource("keysWithNames")
  void theNamesOfAChoiceAreThoseOfTheParser(Key key) {
    List<String> names = new ArrayList<>();
    key.schema().get("enum").forEach(name -> names.add(name.asText()));

    assertThat(names).allSatisfy(name -> assertThat(key.refusals(text(name))).isEmpty());
    List<String> refusals = key.refusals(text("no_such_name"));
    assertThat(refusals).hasSize(1);
    Matcher valid = VALID.matcher(refusals.get(0));
    assertThat(valid.find()).isTrue();
    List<String> expected = new ArrayList<>(List.of(valid.group(1).split(", ")));
    if (key.name().equals("on_resume_timeout")) {
      // One of the policies, which a second check refuses.
      expected.remove("wait");
    }
    assertThat(names).containsAll(expected);
  }

  @Test
  void otherNamesOfStrategiesAndAggregationsAreInTheSchema() {
    assertThat(namesOf("strategy")).isEqualTo(allNames(FederationStrategy.class));
    assertThat(namesOf("aggregation")).isEqualTo(allNames(AggregationStrategy.class));
  }

  private static Set<String> namesOf(String key) {
    Set<String> names = new TreeSet<>();
    keys()
        .filter(found -> found.name().equals(key))
        .forEach(found -> found.schema().get("enum").forEach(name -> names.add(name.asText())));
    return names;
  }

  private static <E extends Enum<E> & WireName> Set<String> allNames(Class<E> type) {
    Set<String> names = new TreeSet<>();
    for (E constant : type.getEnumConstants()) {
      names.add(constant.wireName());
      names.addAll(constant.aliases());
    }
    return names;
  }

  private static Stream<String> componentTypes() {
    return ComponentCatalog.names().stream();
  }

  @ParameterizedTest
  @MethodSource("componentTypes")
  void theChoicesAndRequiredKeysOfAComponentAreThoseOfTheCatalog(String type) {
    Place place =
        places().stream()
            .filter(found -> found.path().endsWith(".config"))
            .filter(found -> found.least().toString().contains('"' + type + '"'))
            .findFirst()
            .orElseThrow();
    for (ConfigKey key : ComponentCatalog.keys(type)) {
      JsonNode schema = place.schema().get("properties").get(key.name());
      List<String> choices = new ArrayList<>();
      schema.path("anyOf").path(0).path("enum").forEach(name -> choices.add(name.asText()));
      assertThat(choices).as(key.name()).isEqualTo(key.choices());
      boolean required = place.least().at("/stages/0/config").has(key.name());
      assertThat(required).as(key.name()).isEqualTo(key.required());
    }
  }

  private static Stream<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(ROOT.resolve("examples"))) {
      return files
          .filter(file -> file.toString().matches(".*\\.(json|yaml)"))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleFitsAndNamesItsSchema(Path example) throws IOException {
    String name = example.getFileName().toString();
    Kind kind =
        name.endsWith(".yaml")
            ? Kind.FEDERATION
            : name.startsWith("stage-") ? Kind.STAGE : Kind.PIPELINE;
    String content = Files.readString(example, UTF_8);
    JsonNode document =
        kind == Kind.FEDERATION ? new YAMLMapper().readTree(content) : json(content);

    assertThat(SchemaFiles.violations(kind, document)).isEmpty();
    String schema = "../docs/schema/" + kind.file();
    assertThat(content).contains(schema);
    assertThat(example.resolveSibling(schema)).exists();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FEDERATION | []",
        "FEDERATION | {}",
        "FEDERATION | {regions: []}",
        "FEDERATION | {regions: [{}]}",
        "FEDERATION | {regions: [{name: '-a'}]}",
        "FEDERATION | {regions: [{name: 'a', latitude: 1}]}",
        "FEDERATION | {regions: [{name: 'a', endpoint: 'ftp://a'}]}",
        "FEDERATION | {regions: [{name: 'a', endpoint: 'https://user:x@a'}]}",
        "FEDERATION | {regions: [{name: 'a', tags: ['b', 'b']}]}",
        "FEDERATION | {regions: [{name: 'a', transport: 'grpc'}]}",
        "FEDERATION | {regions: [{name: 'a', transport: 'nexus'}]}",
        "FEDERATION | {regions: [{name: 'a', transport: 'cluster'}]}",
        "FEDERATION | {regions: [{name: 'a', temporal_profile: 'eu'}]}",
        "FEDERATION | {regions: [{name: 'a', nexus_endpoint: 'to-eu'}]}",
        "FEDERATION | {regions: [{name: 'a'}], default_strategy: 'fastest'}",
        "FEDERATION | {regions: [{name: 'a'}], circuit_breaker: 5}",
        "FEDERATION | {regions: [{name: 'a'}], secrets: {s: {value: 'x'}}}",
        "FEDERATION | {regions: [{name: 'a'}], outbound: {allow: ['everything']}}",
        "FEDERATION | {regions: [{name: 'a'}], reduce_functions: ['sum']}",
        "FEDERATION | {regions: [{name: 'a'}], $schema: 5}",
        "PIPELINE | {stages: [{id: 'a'}]}",
        "PIPELINE | {id: 'p'}",
        "PIPELINE | {id: 'p', stages: []}",
        "PIPELINE | {id: 'p', stages: [{}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', $schema: 'x'}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'logger', component_type: 'logger'}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'http_request'}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'http_request', config: {url: 'x'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', component_type: 'filter', config: {}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', config: {expresion: 'x'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'logger', config: {level: 'loud'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'database_write', config: {mode: 'upsert'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'database_write', config: {password: 'x'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', depends_on: 'b'}]}",
        "PIPELINE | {id: 'p', federation: {execution: 'thread'}, stages: [{id: 'a'}]}",
        "PIPELINE | {id: 'p', input_schema: 5, stages: [{id: 'a'}]}",
        "STAGE | {id: 'a'}",
        "STAGE | {id: 'a', federation: {}, depends_on: ['b']}",
        "STAGE | {id: 'a', federation: {regions: []}}",
        "STAGE | {id: 'a', federation: {max_retries: 1, retry_count: 1}}",
        "STAGE | {id: 'a', federation: {partition_by: 'load'}}",
        "STAGE | {id: 'a', federation: {distribution: 'partition', region_inputs: {a: 1}}}",
        "STAGE | {id: 'a', federation: {distribution: 'partition', partition_items: 'a..b'}}",
        "STAGE | {id: 'a', federation: {distribution: 'partition', partition_location: 'a'}}",
        "STAGE | {id: 'a', federation: {data_location: '40.7,-74'}}",
        "STAGE | {id: 'a', federation: {data_location: {lat: 1}}}",
        "STAGE | {id: 'a', federation: {data_location: {datasets: {}}}}",
        "STAGE | {id: 'a', federation: {data_location: {datasets: {d: {size_bytes: 1}}}}}",
        "STAGE | {id: 'a', federation: {residency: {tags: []}}}",
        "STAGE | {id: 'a', federation: {on_resume_timeout: 'wait'}}",
        "STAGE | {id: 'a', federation: {timeout: 5}}",
        "STAGE | {id: 'a', federation: 'parallel'}",
      })
  void aWrongDocumentIsRefusedByBoth(Kind kind, String document) {
    assertThat(SchemaFiles.problems(kind, json(document))).as("parser").isNotEmpty();
    assertThat(SchemaFiles.violations(kind, json(document))).as("schema").isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PIPELINE | {$schema: 'x', id: 'p', stages: [{id: 'a', type: 'mine', config: {b: 1}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'filter', config: {condition: 'x'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'logger', config: {level: 'WARN'}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'http_request', config: {url: '{{input}}',"
            + " timeout_seconds: '{{input.t}}', method: 'post', headers: {a: {secret: 's'}}}}]}",
        "PIPELINE | {id: 'p', stages: [{id: 'a', type: 'filter', config: {where: 1},"
            + " federation: {}}]}",
        "STAGE | {$schema: 'x', id: 'a', inputs: [1], depends_on: [], federation: {strategy:"
            + " 'load_based', aggregation: 'vote', retry_count: 2}}",
        "STAGE | {id: 'a', federation: {data_location: 'us', residency: {tags: ['gpu']}}}",
        "STAGE | {id: 'a', federation: {data_location: {datasets: {d: {region: 'us',"
            + " size_bytes: 1}, e: {lat: 1, lon: 2, size_bytes: 1}}}}}",
        "STAGE | {id: 'a', federation: {distribution: 'partition', partition_by: 'location',"
            + " partition_location: 'at', partition_items: 'a.b'}}",
        "FEDERATION | {$schema: 'x', regions: [{name: 'a', endpoint: 'http://127.0.0.1:1/a/',"
            + " latitude: 1, longitude: 2, egress_cost_per_gb_to: {a: 1}}]}",
      })
  void aRightDocumentIsAcceptedByBoth(Kind kind, String document) {
    assertThat(SchemaFiles.problems(kind, json(document))).as("parser").isEmpty();
    assertThat(SchemaFiles.violations(kind, json(document))).as("schema").isEmpty();
  }

  @Test
  void theStageFileHasTheKeysOfAStageOfAPipelineAndItsSchema() {
    JsonNode stage =
        json(
            "{$schema: 'x', id: 'a', type: 'b', config: {}, inputs: 1, depends_on: [],"
                + " federation: {}}");
    Set<String> keys = new TreeSet<>(Set.of("$schema", "component_type"));
    stage.fieldNames().forEachRemaining(keys::add);
    Set<String> ofPipeline = new TreeSet<>(Set.of("$schema"));
    places().stream()
        .filter(place -> place.path().equals("stages[0]"))
        .forEach(
            place ->
                place.schema().get("properties").fieldNames().forEachRemaining(ofPipeline::add));

    assertThat(keys).isEqualTo(ofPipeline);
    assertThat(SchemaFiles.violations(Kind.STAGE, stage)).isEmpty();
    JsonNode byOtherName = json("{id: 'a', component_type: 'b', federation: {}}");
    assertThat(SchemaFiles.violations(Kind.STAGE, byOtherName)).isEmpty();
  }
}
