package dev.federated.pipeline;

import static dev.federated.pipeline.Json.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.NamedSecret;
import dev.federated.model.RegionConfig;
import dev.federated.model.SecretSource;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.stage.FederatedStageResult;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineParserTest {
  private static final FederationConfig FEDERATION =
      FederationConfig.builder()
          .regions(
              List.of(
                  RegionConfig.builder("us-east-1").build(),
                  RegionConfig.builder("eu-west-1").build(),
                  RegionConfig.builder("ap-northeast-1").build(),
                  RegionConfig.builder("remote-1")
                      .endpoint(URI.create("https://remote.example.com"))
                      .build()))
          .secrets(
              Map.of(
                  "warehouse",
                  new NamedSecret(SecretSource.parse("${DSN}"), List.of("database_write"))))
          .components(List.of("my_model"))
          .build();

  private static final String GLOBAL_ANALYTICS =
      """
      {id: 'global-analytics', name: 'Global Analytics Pipeline',
       federation: {enabled: true, default_strategy: 'nearest'},
       stages: [
         {id: 'collect', type: 'http_request', config: {url: '{{input.data_url}}'}},
         {id: 'process', type: 'json_transform', depends_on: ['collect'],
          federation: {strategy: 'parallel', regions: ['us-east-1', 'eu-west-1', 'ap-northeast-1'],
                       aggregation: 'merge'}},
         {id: 'store', type: 'database_write', depends_on: ['process']}]}
      """;

  private static ParsedPipeline parse(String text) {
    return PipelineParser.parse(json(text), "p.json", FEDERATION);
  }

  private static List<Problem> problems(JsonNode json, @Nullable FederationConfig federation) {
    InvalidDocumentException refused =
        catchThrowableOfType(
            InvalidDocumentException.class, () -> PipelineParser.parse(json, "p.json", federation));
    return refused == null ? List.of() : refused.problems();
  }

  private static List<Problem> problems(String text) {
    return problems(json(text), FEDERATION);
  }

  /** The problems of a pipeline of those stages. */
  private static List<Problem> problemsOf(String... stages) {
    return problems("{id: 'p', stages: [" + String.join(",", stages) + "]}");
  }

  private static Problem onlyProblem(List<Problem> problems) {
    assertThat(problems).hasSize(1);
    return problems.get(0);
  }

  private static List<Problem> stageProblems(String text) {
    InvalidDocumentException refused =
        catchThrowableOfType(
            InvalidDocumentException.class,
            () -> PipelineParser.parseStage(json(text), "s.json", FEDERATION));
    return refused == null ? List.of() : refused.problems();
  }

  private static @Nullable FederationStrategy strategy(StageDefinition stage) {
    FederatedStageConfig block = stage.federation();
    return block == null ? null : block.strategy();
  }

  @Test
  void anEndlessNameOfAStageThatIsNotThereIsShownByItsBeginning() {
    List<Problem> problems =
        problems(
            "{id: 'p', output_stage_id: '%s', stages: [{id: 'a', type: 'filter'}]}"
                .formatted("x".repeat(5_000)));

    assertThat(problems)
        .filteredOn(problem -> problem.path().equals("output_stage_id"))
        .singleElement()
        .satisfies(
            problem ->
                assertThat(problem.message())
                    .startsWith("unknown stage 'xxx")
                    .hasSizeLessThan(1_000));
  }

  @Test
  void allProblemsAreFoundAtOnceInTheOrderOfTheDocument() {
    List<Problem> problems =
        problems(
            """
            {id: 'bad id', nme: 'x', federation: {enabled: 'yes', default_strategy: 'nearst'},
             output_stage_id: 'stor',
             stages: [
               {id: 'a', type: 'http_requst', depends_on: ['a', 'c', 'missing'], config: {}},
               {id: 'a', config: {expression: 5, colour: 1}},
               {id: 'c', depends_on: ['a'], inputs: '{{upstream.nowhere.x}} {{input.a'},
               {id: 'store', type: 'filter', federation: {regions: ['us-east-2'], hedge: true}}]}
            """);
    assertThat(problems)
        .extracting(Problem::path)
        .containsExactly(
            "id",
            "nme",
            "federation.enabled",
            "federation.default_strategy",
            "output_stage_id",
            "stages[0].type",
            "stages[0].depends_on[0]",
            "stages[0].depends_on[2]",
            "stages[0].depends_on[1]",
            "stages[1].config.expression",
            "stages[1].config.colour",
            "stages[1].id",
            "stages[2].inputs",
            "stages[3].federation.regions[0]",
            "stages[3].federation.hedge",
            "stages[3].config.jmespath_expression");
    assertThat(problems).extracting(Problem::file).containsOnly("p.json");
  }

  @Test
  void unknownNamesComeWithTheNearestValidOne() {
    assertThat(
            problems(
                """
                {id: 'p', output_stage_id: 'colect', federation: {default_strategy: 'nearst'},
                 stages: [{id: 'collect', typ: 'logger'},
                          {id: 'b', type: 'http_requst', depends_on: ['colect']},
                          {id: 'c', depends_on: ['collect'], config: {data: '{{upstream.colect}}'}},
                          {id: 'd', federation: {regions: ['us-east-2'], stratgy: 'parallel'}},
                          {id: 'e', type: 'database_write', config: {url: {secret: 'warehous'}}}]}
                """))
        .extracting(problem -> problem.suggestions().get(0))
        .containsExactly(
            "collect",
            "nearest",
            "type",
            "http_request",
            "collect",
            "collect",
            "us-east-1",
            "strategy",
            "warehouse");
  }

  @Test
  void aDocumentThatIsNoObjectIsRefused() {
    assertThat(onlyProblem(problems("[1]")).message()).contains("object");
    assertThat(problems("{}")).extracting(Problem::path).containsExactly("id", "stages");
  }

  @Test
  void aPipelineWithoutStagesIsRefused() {
    assertThat(onlyProblem(problems("{id: 'p', stages: []}")).path()).isEqualTo("stages");
    assertThat(onlyProblem(problems("{id: 'p', stages: {}}")).path()).isEqualTo("stages");
  }

  @Test
  void moreThanAThousandStagesAreRefused() {
    assertThat(problems(chain(1_000), FEDERATION)).isEmpty();
    assertThat(onlyProblem(problems(chain(1_001), FEDERATION)).message()).contains("1001", "1000");
  }

  private static ObjectNode chain(int length) {
    ObjectNode pipeline = JsonNodeFactory.instance.objectNode().put("id", "p");
    ArrayNode stages = pipeline.putArray("stages");
    for (int i = 0; i < length; i++) {
      ArrayNode dependsOn = stages.addObject().put("id", "s" + i).putArray("depends_on");
      if (i > 0) {
        dependsOn.add("s" + (i - 1));
      }
    }
    return pipeline;
  }

  @Test
  void jsonNestedTooDeepIsRefusedWithoutReadingIt() {
    JsonNode deep = JsonNodeFactory.instance.textNode("x");
    for (int i = 0; i < 20_000; i++) {
      deep = JsonNodeFactory.instance.arrayNode().add(deep);
    }
    ObjectNode pipeline = (ObjectNode) json("{id: 'p', stages: [{id: 'a'}]}");
    ((ObjectNode) pipeline.at("/stages/0")).set("inputs", deep);
    Problem problem = onlyProblem(problems(pipeline, FEDERATION));
    assertThat(problem.path()).startsWith("stages[0]");
    assertThat(problem.message()).contains("200");
  }

  @Test
  void aCycleIsNamed() {
    Problem problem =
        onlyProblem(
            problemsOf(
                "{id: 'a', depends_on: ['b']}",
                "{id: 'b', depends_on: ['x', 'a']}",
                "{id: 'x'}",
                "{id: 'after', depends_on: ['b']}"));
    assertThat(problem.message()).endsWith("a -> b -> a");
    assertThat(problem.path()).isEqualTo("stages[0].depends_on[0]");
    assertThat(problem.value()).isEqualTo(json("'b'"));
  }

  @Test
  void aSelfDependencyIsOneProblem() {
    assertThat(onlyProblem(problemsOf("{id: 'a', depends_on: ['a']}")).path())
        .isEqualTo("stages[0].depends_on[0]");
  }

  @Test
  void aDuplicateIdNamesTheFirst() {
    Problem problem = onlyProblem(problemsOf("{id: 'a'}", "{id: 'b'}", "{id: 'a'}"));
    assertThat(problem.path()).isEqualTo("stages[2].id");
    assertThat(problem.message()).contains("stages[0]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{depends_on: 'a'}~depends_on",
        "{depends_on: [1]}~depends_on[0]",
        "{depends_on: ['a', 'a']}~depends_on[1]",
        "{config: []}~config",
        "{type: 5}~type",
        "{type: 'logger', component_type: 'logger'}~component_type",
        "{retries: 5}~retries",
        "{federation: true}~federation",
        "{federation: {min_regions: 2, regions: ['us-east-1']}}~federation.min_regions",
        "{federation: {strategy: 'nearest', min_regions: 2}}~federation.min_regions",
        "{federation: {strategy: 'mesh'}}~federation.strategy",
        "{federation: {timeout_seconds: 0}}~federation.timeout_seconds",
        "{federation: {fallback_region: 'x'}}~federation.fallback_region"
      })
  void aBadValueIsNamedWithItsPlace(String extra, String path) {
    ObjectNode stage = (ObjectNode) json(extra);
    stage.put("id", "s");
    assertThat(problemsOf("{id: 'a'}", stage.toString()))
        .extracting(Problem::path)
        .contains("stages[1]." + path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{{upstream.nowhere.x}}~unknown stage 'nowhere'",
        "{{upstream.s.x}}~its own output",
        "{{upstream.later.x}}~runs after this one",
        "{{stages.other.x}}~add it to depends_on",
        "{{output.a}}~begins with 'output'",
        "{{input.a}~is not closed",
        "{{upstream.fed.result.sum}}~result.aggregated.sum",
        "{{upstream.fed.result[0]}}~no '[0]'"
      })
  void aTemplateThatPointsNowhereIsRefused(String template, String message) {
    Problem problem =
        onlyProblem(
            problemsOf(
                "{id: 'a'}",
                "{id: 'fed', depends_on: ['a'], federation: {}}",
                "{id: 's', depends_on: ['fed'], config: {data: ['x " + template + "']}}",
                "{id: 'later', depends_on: ['s']}",
                "{id: 'other'}"));
    assertThat(problem.path()).isEqualTo("stages[2].config.data[0]");
    assertThat(problem.message()).contains(message);
  }

  @Test
  void templatesMayReferToTheInputAndToEverythingBefore() {
    assertThat(
            problemsOf(
                "{id: 'a.b'}",
                "{id: 'fed', depends_on: ['a.b'], federation: {}}",
                """
                {id: 's', depends_on: ['fed'],
                 inputs: {a: '{{upstream["a.b"].result.x}}', b: '{{stages.fed.result.outcome}}',
                  c: '{{upstream.fed.result}}', d: '{{input}}', e: '\\\\{{nowhere}}',
                  f: '{{upstream.fed.x ?? {}}}'}}
                """))
        .isEmpty();
  }

  @Test
  void theRecordFieldsAreThoseOfTheResult() {
    List<String> names = new ArrayList<>();
    for (RecordComponent component : FederatedStageResult.class.getRecordComponents()) {
      names.add(component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
    }
    names.remove("aggregation_options");
    names.replaceAll(name -> name.equals("recorded_aggregate") ? "aggregated" : name);
    assertThat(PipelineParser.RECORD_FIELDS).containsExactlyElementsOf(names);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "postgres://app:hunter2@db.example.com/x",
        "see jdbc:postgresql://app:hunter2@db/x",
        "https://app:{{input.p}}hunter2@h/",
        "https://u:hun@ter2@h",
        "jdbc:postgresql://db/x?user=app&password=hunter2",
        "jdbc:postgresql://db/x?sslpassword=hunter2",
        "{{input.u ?? \"https://app:hunter2@h\"}}"
      })
  void aUrlWithAPasswordIsRefusedAndNeverRepeated(String url) {
    ObjectNode pipeline = (ObjectNode) json("{id: 'p', stages: [{id: 'a', type: 'x'}]}");
    ObjectNode stage = (ObjectNode) pipeline.at("/stages/0");
    stage.putObject("config").putArray("url").add(url);
    stage.put("databse", url);
    List<Problem> problems = problems(pipeline, FEDERATION);
    assertThat(problems)
        .extracting(Problem::path)
        .contains("stages[0].config.url[0]", "stages[0].databse");
    assertThat(problems.toString()).doesNotContain("hunter2").doesNotContain("ter2@");
  }

  @Test
  void otherUrlsAreAccepted() {
    assertThat(CredentialsInUrls.isFound("https://host:8080/a@b:c@d")).isFalse();
    assertThat(CredentialsInUrls.isFound("mail a:b@c or https://user@host/")).isFalse();
    assertThat(CredentialsInUrls.isFound("https://{{input.host ?? \"a:b@c\"}}/x")).isFalse();
  }

  @Test
  void theValueOfAMisspeltSecretKeyIsNotRepeated() {
    List<Problem> problems =
        problemsOf(
            "{id: 'a', type: 'database_write', config: {pasword: 'hunter2', x: {y: 'hunter2'}}}");
    assertThat(problems)
        .extracting(Problem::path)
        .containsExactly("stages[0].config.pasword", "stages[0].config.x");
    assertThat(problems.toString()).doesNotContain("hunter2");
  }

  @Test
  void aLiteralPasswordIsRefusedAndNotRepeated() {
    for (String password : List.of("'hunter2'", "'{{input.hunter2}}'", "{secret: 5}")) {
      Problem problem =
          onlyProblem(
              problemsOf(
                  "{id: 'a', type: 'database_write', config: {password: " + password + "}}"));
      assertThat(problem.path()).isEqualTo("stages[0].config.password");
      assertThat(problem.toString()).doesNotContain("hunter2");
    }
  }

  @Test
  void aSecretIsForItsComponentsOnly() {
    Problem problem =
        onlyProblem(
            problemsOf(
                """
                {id: 'a', type: 'http_request', config: {url: 'https://x.example.com',
                 headers: {Authorization: {secret: 'warehouse'}}}}
                """));
    assertThat(problem.path()).isEqualTo("stages[0].config.headers.Authorization.secret");
    assertThat(problem.message()).contains("http_request", "database_write");
  }

  @Test
  void theNameOfASecretIsNoTemplate() {
    String stage = "{id: 'a', type: 'database_write', config: {url: {secret: '{{input.s}}'}}}";
    assertThat(onlyProblem(problemsOf(stage)).path()).isEqualTo("stages[0].config.url.secret");
    assertThat(problems(json("{id: 'p', stages: [" + stage + "]}"), null)).hasSize(1);
  }

  @Test
  void aDefaultStrategyForOneRegionAllowsOneRegionOnly() {
    String stages = "stages: [{id: 'a', federation: {min_regions: 2}}]}";
    assertThat(
            onlyProblem(problems("{id: 'p', federation: {default_strategy: 'nearest'}, " + stages))
                .path())
        .isEqualTo("stages[0].federation.min_regions");
    FederationConfig nearest =
        FederationConfig.builder()
            .regions(FEDERATION.regions())
            .defaultStrategy(FederationStrategy.NEAREST)
            .build();
    assertThat(problems(json("{id: 'p', " + stages), nearest)).hasSize(1);
    assertThat(
            problems(
                json("{id: 'p', federation: {default_strategy: 'parallel'}, " + stages), nearest))
        .isEmpty();
    assertThat(problems("{id: 'p', " + stages)).isEmpty();
  }

  @Test
  void theConfigOfAStageIsCheckedUnlessEveryRegionDecidesForItself() {
    String config = "type: 'filter', config: {unknown: 1}";
    assertThat(problemsOf("{id: 'a', " + config + "}")).hasSize(2);
    assertThat(problemsOf("{id: 'a', " + config + ", federation: {}}")).hasSize(2);
    assertThat(
            problemsOf(
                "{id: 'a', "
                    + config
                    + ", federation: {regions: ['remote-1'], fallback_region: 'us-east-1'}}"))
        .hasSize(2);
    assertThat(problemsOf("{id: 'a', " + config + ", federation: {regions: ['remote-1']}}"))
        .isEmpty();
    assertThat(problemsOf("{id: 'a', type: 'own', federation: {residency: ['remote-1']}}"))
        .isEmpty();
    assertThat(problemsOf("{id: 'a', type: 'my_model', config: {anything: [1]}}")).isEmpty();
    assertThat(onlyProblem(problemsOf("{id: 'a', type: 'own', federation: {}}")).path())
        .isEqualTo("stages[0].type");
  }

  @Test
  void aFederationThatIsSwitchedOffRunsTheStageLocallyWithAWarning() {
    ParsedPipeline parsed =
        parse(
            "{id: 'p', federation: {enabled: false}, stages: [{id: 'a', federation: {}},"
                + " {id: 'b', depends_on: ['a'], config: {data: '{{upstream.a.result.sum}}'}}]}");
    assertThat(parsed.pipeline().stages().get(0).federation()).isNull();
    assertThat(parsed.warnings()).hasSize(1);
    assertThat(parsed.warnings().get(0)).startsWith("stages[0].federation: ");
    assertThat(
            problems(
                "{id: 'p', federation: {enabled: false}, stages: [{id: 'a', type: 'own',"
                    + " federation: {regions: ['remote-1']}}]}"))
        .hasSize(1);
  }

  @Test
  void withoutAFederationItsNamesAreLeftUnchecked() {
    ParsedPipeline parsed =
        PipelineParser.parse(
            json(
                """
                {id: 'p', stages: [
                  {id: 'a', type: 'own_type', config: {x: {secret: 'any'}}},
                  {id: 'b', type: 'anything', federation: {regions: ['nowhere']}},
                  {id: 'c', type: 'http_requst'}]}
                """),
            "p.json",
            null);
    assertThat(parsed.warnings()).hasSize(2);
    assertThat(parsed.warnings().get(1)).contains("stages[2].type", "http_request");
  }

  @Test
  void aSecretInDataIsWarnedOf() {
    assertThat(
            parse("{id: 'p', stages: [{id: 'a', type: 'logger', config: {data: {secret: 'x'}}}]}")
                .warnings())
        .hasSize(1)
        .allMatch(warning -> warning.startsWith("stages[0].config.data: "));
    assertThat(parse("{id: 'p', stages: [{id: 'a', inputs: [{secret: 'warehouse'}]}]}").warnings())
        .hasSize(1)
        .allMatch(warning -> warning.startsWith("stages[0].inputs[0]: "));
  }

  @Test
  void theReferencePipelineIsValidAsItStands() {
    ParsedPipeline parsed = parse(GLOBAL_ANALYTICS);
    assertThat(parsed.warnings()).isEmpty();
    PipelineDefinition pipeline = parsed.pipeline();
    assertThat(pipeline.id()).isEqualTo("global-analytics");
    assertThat(pipeline.name()).isEqualTo("Global Analytics Pipeline");
    assertThat(pipeline.execution()).isEqualTo(PipelineExecution.CHILD);
    assertThat(pipeline.stages())
        .extracting(StageDefinition::id)
        .containsExactly("collect", "process", "store");
    StageDefinition process = pipeline.stages().get(1);
    assertThat(strategy(process)).isEqualTo(FederationStrategy.PARALLEL);
    assertThat(pipeline.stages().get(2).config()).isEqualTo(json("{}"));
    assertThat(PipelineGraph.of(pipeline.stages()).topologicalOrder())
        .containsExactly("collect", "process", "store");
  }

  @Test
  void everyDefaultIsFilledIn() {
    PipelineDefinition pipeline =
        parse(
                "{id: 'p', federation: {default_strategy: 'COST_BASED', execution: 'inline'},"
                    + " input_schema: {type: 'object'}, output_stage_id: 'a',"
                    + " stages: [{id: 'a', federation: {}}, {id: 'b', component_type: 'logger'}]}")
            .pipeline();
    StageDefinition stage = pipeline.stages().get(0);
    assertThat(stage.type()).isEqualTo("transformer");
    assertThat(stage.inputs()).isNull();
    assertThat(stage.dependsOn()).isEmpty();
    assertThat(strategy(stage)).isEqualTo(FederationStrategy.COST_OPTIMIZED);
    assertThat(pipeline.stages().get(1).type()).isEqualTo("logger");
    assertThat(pipeline.execution()).isEqualTo(PipelineExecution.INLINE);
    assertThat(pipeline.inputSchema()).isEqualTo(json("{type: 'object'}"));
    assertThat(pipeline.outputStageId()).isEqualTo("a");
    assertThat(onlyProblem(problems("{id: 'p', input_schema: 'x', stages: [{id: 'a'}]}")).path())
        .isEqualTo("input_schema");
  }

  @Test
  void aDefinitionComesBackFromItsJsonUnchanged() throws Exception {
    PipelineDefinition pipeline = parse(GLOBAL_ANALYTICS).pipeline();
    String recorded = Json.MAPPER.writeValueAsString(pipeline);
    assertThat(recorded).contains("\"depends_on\"", "\"execution\":\"child\"");
    assertThat(Json.MAPPER.readValue(recorded, PipelineDefinition.class)).isEqualTo(pipeline);
  }

  @Test
  void aSingleStageNeedsAFederationBlockAndDependsOnNothing() {
    assertThat(
            stageProblems("{id: 'a', depends_on: ['b'], config: {data: '{{upstream.b.x}}'}, x: 1}"))
        .extracting(Problem::path)
        .containsExactly("federation", "depends_on", "config.data", "x");
    assertThat(stageProblems("{id: 'a', type: 'nope', federation: {regions: ['us-east-9']}}"))
        .extracting(Problem::path)
        .containsExactly("type", "federation.regions[0]");
  }

  @Test
  void aSingleStageMayReferToItsInput() {
    ParsedStage parsed =
        PipelineParser.parseStage(
            json(
                "{id: 'a', type: 'json_transform', inputs: {x: '{{input.x ?? 1}}'},"
                    + " federation: {strategy: 'nearest'}}"),
            "s.json",
            FEDERATION);
    assertThat(parsed.warnings()).isEmpty();
    assertThat(parsed.stage().id()).isEqualTo("a");
    assertThat(parsed.stage().federation()).isNotNull();
  }

  // Costs

  private static final FederationConfig PRICED =
      FederationConfig.of(
          List.of(
              RegionConfig.builder("us").costPerExecution(0.2).egressCostPerGb(0.1).build(),
              RegionConfig.builder("eu").costPerExecution(0.3).build(),
              RegionConfig.builder("off").enabled(false).build()));

  private static List<Problem> pricedProblems(String pipelineBlock, String stageBlock) {
    return problems(
        json(
            "{id: 'p', federation: %s, stages: [{id: 's', federation: %s}]}"
                .formatted(pipelineBlock, stageBlock)),
        PRICED);
  }

  @Test
  void aMaxCostThatEveryCandidateExceedsIsRefused() {
    assertThat(pricedProblems("{}", "{strategy: 'nearest', max_cost: 0.1}"))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.path()).isEqualTo("stages[0].federation.max_cost");
              assertThat(problem.message())
                  .isEqualTo(
                      "the stage cannot start: max_cost is 0.1, and the cheapest region, us, is"
                          + " estimated to cost 0.2");
            });
  }

  @Test
  void aMaxCostThatTheRegionsOfAReplicatedStageExceedTogetherIsRefused() {
    assertThat(pricedProblems("{}", "{max_cost: 0.4}"))
        .extracting(Problem::path)
        .containsExactly("stages[0].federation.max_cost");
    assertThat(pricedProblems("{}", "{max_cost: 0.5}")).isEmpty();
  }

  @Test
  void theMoveOfTheDataCountsForMaxCost() {
    String block =
        "{strategy: 'nearest', regions: ['eu'], data_location: 'us', data_size_bytes: 1e9, max_cost: %s}";

    assertThat(pricedProblems("{}", block.formatted(0.39))).hasSize(1);
    assertThat(pricedProblems("{}", block.formatted(0.4))).isEmpty();
  }

  @Test
  void aMaxCostOfThePipelineThatAStageCannotStartUnderIsRefusedAtTheStage() {
    assertThat(pricedProblems("{max_cost: 0.1}", "{strategy: 'nearest', max_cost: 5}"))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.path()).isEqualTo("stages[0].federation");
              assertThat(problem.message()).contains("the pipeline's max_cost is 0.1");
            });
    assertThat(pricedProblems("{max_cost: 0}", "{}"))
        .extracting(Problem::path)
        .containsExactly("federation.max_cost");
  }

  @Test
  void theMaxCostOfAPipelineIsRead() {
    assertThat(
            parse("{id: 'p', federation: {max_cost: 2.5}, stages: [{id: 's'}]}")
                .pipeline()
                .maxCost())
        .isEqualTo(2.5);
  }
}
