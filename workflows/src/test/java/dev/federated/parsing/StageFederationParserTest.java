package dev.federated.parsing;

import static dev.federated.parsing.Documents.FEDERATION;
import static dev.federated.parsing.Documents.federation;
import static dev.federated.parsing.Documents.json;
import static dev.federated.parsing.Documents.stage;
import static dev.federated.parsing.Documents.stageProblem;
import static dev.federated.parsing.Documents.stageProblems;
import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.Hedge;
import dev.federated.model.MergeConflict;
import dev.federated.model.PartialFailurePolicy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StageFederationParserTest {
  @Test
  void allProblemsAreFoundAtOnceEachWithItsPlace() {
    List<Problem> problems =
        stageProblems(
            "{strategy: 'nearst', aggregation: 'sum', regions: ['us-east-1', 'us-west-9', 7],"
                + " residency: [], fallback_region: 'eu-wst-1', max_retries: -1,"
                + " timeout_seconds: NaN, data_location: {lat: 91}, reduce_function: 'summ',"
                + " required_tags: 'gpu', hedge: true, on_partial_failure: 'waits', retires: 3}");

    assertThat(problems)
        .extracting(Problem::path)
        .map(path -> path.replace("stages[0].federation.", ""))
        .containsExactlyInAnyOrder(
            "strategy",
            "aggregation",
            "regions[1]",
            "regions[2]",
            "residency",
            "fallback_region",
            "max_retries",
            "timeout_seconds",
            "data_location.lat",
            "data_location.lon",
            "reduce_function",
            "required_tags",
            "hedge",
            "on_partial_failure",
            "retires");
    assertThat(problems).extracting(Problem::file).containsOnly("pipeline.json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "strategy: 'paralel' | strategy | parallel",
        "strategy: 'round-robin' | strategy | round_robin",
        "strategy: 'least-loaded' | strategy | least_loaded",
        "aggregation: 'mrege' | aggregation | merge",
        "regions: ['us-east-2'] | regions[0] | us-east-1",
        "regions: ['US-EAST-1'] | regions[0] | us-east-1",
        "residency: ['eu-wets-1'] | residency[0] | eu-west-1",
        "fallback_region: 'eu-west' | fallback_region | eu-west-1",
        "data_location: 'ap-south' | data_location | ap-south-1",
        "reduce_function: 'mean' | reduce_function | median",
        "merge_conflict: 'lst' | merge_conflict | last",
        "on_partial_failure: 'proced' | on_partial_failure | proceed",
        "maxRetries: 3 | maxRetries | max_retries",
        "timeout: 3 | timeout | timeout_seconds",
        "retry_counts: 3 | retry_counts | retry_count",
        "data_location: {latitude: 1, lat: 1, lon: 1} | data_location.latitude | lat",
      })
  void aMisspeltNameIsRefusedWithTheNearestMatch(String text, String path, String nearest) {
    Problem problem = stageProblem("{" + text + "}");

    assertThat(problem.path()).isEqualTo("stages[0].federation." + path);
    assertThat(problem.suggestions()).contains(nearest);
    assertThat(problem.message()).contains("valid: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "strategy: 5",
        "strategy: ''",
        "strategy: ['parallel']",
        "regions: 'us-east-1'",
        "regions: []",
        "regions: ['']",
        "regions: ['us-east-1', 'us-east-1']",
        "residency: []",
        "residency: 'eu-west-1'",
        "fallback_region: ['us-east-1']",
        "required_tags: 'gpu'",
        "required_tags: [null]",
        "data_locality: 'yes'",
        "data_location: 5",
        "data_location: '40.7,-74.0'",
        "data_location: [40.7, -74.0]",
        "source_location: 'us-east-1'",
        "data_size_bytes: -1",
        "data_size_bytes: '1GB'",
        "data_size_bytes: 1e16",
        "data_size_bytes: 0.5",
        "expected_tokens: -1",
        "expected_tokens: NaN",
        "timeout_seconds: 0",
        "timeout_seconds: -5",
        "timeout_seconds: 86401",
        "timeout_seconds: Infinity",
        "timeout_seconds: '300'",
        "queue_timeout_seconds: 0",
        "queue_timeout_seconds: 1e300",
        "total_timeout_seconds: 0",
        "total_timeout_seconds: 2592001",
        "retry_on_failure: 'no'",
        "max_retries: -1",
        "max_retries: 101",
        "max_retries: 1.5",
        "max_retries: Infinity",
        "max_retries: true",
        "retry_count: 101",
        "retry_delay_seconds: -1",
        "retry_delay_seconds: 61",
        "min_regions: 0",
        "min_regions: -1",
        "min_regions: 1.5",
        "max_parallel: 0",
        "max_parallel: 1001",
        "on_partial_failure: 'waits'",
        "resume_timeout_seconds: 0",
        "on_resume_timeout: 'wait'",
        "on_partial_failure: true",
        "reduce_function: ''",
        "score_field: 5",
        "vote_field: ''",
        "require_majority: 1",
        "merge_conflict: 'newest'",
      })
  void aBadValueIsRefusedWithItsPlaceAndValue(String text) {
    Problem problem = stageProblem("{" + text + "}");

    assertThat(problem.path())
        .startsWith("stages[0].federation." + text.substring(0, text.indexOf(':')));
    if (!text.contains("location: [") && !text.contains("[null]")) {
      assertThat(problem.value()).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{lat: 91, lon: 0}",
        "{lat: 0, lon: 181}",
        "{lat: 0}",
        "{lon: 0}",
        "{lat: NaN, lon: 0}",
        "{lat: '1', lon: 0}",
        "{lat: 0, lon: 0, alt: 5}"
      })
  void aPlaceThatIsNotOnTheEarthIsRefused(String place) {
    assertThat(stageProblem("{data_location: " + place + "}").path()).contains("data_location.");
    assertThat(stageProblem("{source_location: " + place + "}").path())
        .contains("source_location.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"transport: 'nexus'"})
  void whatIsNotBuiltYetIsRefusedAsSuch(String text) {
    assertThat(stageProblem("{" + text + "}").message()).contains("not supported yet");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "config: {} | beside its federation block",
        "type: 'transformer' | beside its federation block",
        "depends_on: [] | beside its federation block",
        "enabled: false | federation block of the pipeline",
        "default_strategy: 'nearest' | federation block of the pipeline",
        "tags: ['gpu'] | region in the federation file",
        "api_key: 'canary-4711' | region in the federation file",
      })
  void aKeyOfAnotherLevelIsSentThere(String text, String where) {
    Problem problem = stageProblem("{" + text + "}");
    assertThat(problem.message()).contains(where);
    assertThat(problem.toString()).doesNotContain("canary-4711");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{apiKey: 'canary-4711'}",
        "{token: 'canary-4711'}",
        "{regions: {api_key: 'canary-4711'}}",
        "{regions: [{name: 'us-east-1', api_key: 'canary-4711'}]}",
        "{strategy: {api_key: 'canary-4711'}}",
        "{data_location: {region: {api_key: 'canary-4711'}}}",
        "{data_location: [{api_key: 'canary-4711'}]}",
        "{source_location: [{api_key: 'canary-4711'}]}",
        "[{api_key: 'canary-4711'}]",
      })
  void noProblemRepeatsASecretThatWasPutHere(String text) {
    assertThat(stageProblems(text).toString()).doesNotContain("canary-4711");
  }

  @ParameterizedTest
  @ValueSource(strings = {"'parallel'", "true", "[]", "5"})
  void aBlockThatIsNoObjectIsRefused(String text) {
    Problem problem = stageProblem(text);
    assertThat(problem.path()).isEqualTo("stages[0].federation");
    assertThat(problem.value()).isEqualTo(json(text));
  }

  @Test
  void aFallbackOutsideTheResidencyIsRefused() {
    Problem problem = stageProblem("{residency: ['eu-west-1'], fallback_region: 'us-east-1'}");
    assertThat(problem.path()).endsWith("fallback_region");
    assertThat(problem.message()).contains("eu-west-1");
  }

  @Test
  void regionsThatAreAllOutsideTheResidencyAreRefused() {
    assertThat(stageProblem("{residency: ['eu-west-1'], regions: ['us-east-1']}").path())
        .endsWith("regions");
  }

  @Test
  void regionsThatAreInPartOutsideTheResidencyAreFine() {
    assertThat(stage("{residency: ['eu-west-1'], regions: ['us-east-1', 'eu-west-1']}").regions())
        .hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "regions: ['us-east-1', 'eu-west-1'], min_regions: 3 | run the stage, 2",
        "min_regions: 4 | run the stage, 3",
        "residency: ['eu-west-1'], min_regions: 2 | run the stage, 1",
        "regions: ['us-east-1', 'eu-west-1'], residency: ['eu-west-1'], min_regions: 2 | run the stage, 1",
        "strategy: 'nearest', min_regions: 2 | strategy nearest",
        "aggregation: 'first', min_regions: 2 | aggregation first",
      })
  void moreSuccessesThanThereCanBeAreRefused(String text, String why) {
    Problem problem = stageProblem("{" + text + "}");
    assertThat(problem.path()).endsWith("min_regions");
    assertThat(problem.message()).contains(why);
  }

  @Test
  void retriesUnderBothNamesAreRefused() {
    assertThat(stageProblem("{max_retries: 1, retry_count: 2}").path()).endsWith("retry_count");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "true | hedge | has to be an object",
        "{after: 'p42'} | hedge.after | has to be a number of seconds or one of p50, p75, p90, p95",
        "{after: 0} | hedge.after | between 0.001 and 86400",
        "{max_extra_load: 1.5} | hedge.max_extra_load | between 0 and 1",
        "{max: 4} | hedge.max | between 1 and 3",
        "{loser: 'kill'} | hedge.loser | unknown choice 'kill'",
        "{afer: 'p95'} | hedge.afer | unknown key",
      })
  void aHedgeThatMakesNoSenseIsRefused(String hedge, String place, String why) {
    Problem problem = stageProblem("{hedge: " + hedge + "}");
    assertThat(problem.path()).endsWith(place);
    assertThat(problem.message()).contains(why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"max_retries: 0", "retry_on_failure: false"})
  void aHedgeNeedsASecondAttempt(String retries) {
    Problem problem = stageProblem("{hedge: {}, " + retries + "}");
    assertThat(problem.path()).endsWith("hedge");
    assertThat(problem.message()).contains("there is only one");
  }

  @Test
  void aHedgeOfAStageThatIsNotIdempotentIsRefused() {
    assertThat(stageProblem("{hedge: {}, idempotent: false}").message())
        .contains("the stage is not idempotent");
  }

  @Test
  void aHedgeNeedsAnIdempotentStageOrTwoRegionsThatHonourTheKey() {
    String regions =
        "{regions: [{name: 'a', endpoint: 'https://a.example.com'}, {name: 'b'%s},"
            + " {name: 'c', endpoint: 'https://c.example.com', idempotency: true}]}";
    Problems problems = new Problems("pipeline.json");
    Documents.stage(
        "{hedge: {}, regions: ['a', 'b']}", federation(regions.formatted("")), problems);
    Documents.stage("{hedge: {}}", federation(regions.formatted(", idempotency: false")), problems);

    assertThat(problems.found())
        .hasSize(2)
        .allSatisfy(
            problem ->
                assertThat(problem.message())
                    .contains("idempotent: true", "idempotency: true for at least two"));

    Problems none = new Problems("pipeline.json");
    Documents.stage("{hedge: {}}", federation(regions.formatted("")), none);
    Documents.stage(
        "{hedge: {}, regions: ['a', 'b'], idempotent: true}",
        federation(regions.formatted("")),
        none);
    assertThat(none.found()).isEmpty();
  }

  @Test
  void aHedgeIsReadWithItsDefaults() {
    assertThat(stage("{hedge: {}}").hedge()).isEqualTo(new Hedge(95.0, null, 0.05, 1, false));
    assertThat(
            stage("{hedge: {after: 'P99.9', max_extra_load: 0.1, max: 2, loser: 'Wait'}}").hedge())
        .isEqualTo(new Hedge(99.9, null, 0.1, 2, true));
    assertThat(stage("{hedge: {after: 0.25, loser: 'cancel'}, idempotent: true}"))
        .satisfies(
            block -> {
              assertThat(block.hedge()).isEqualTo(new Hedge(null, 0.25, 0.05, 1, false));
              assertThat(block.idempotent()).isTrue();
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "'0.5'", "1e13", "[]", "true"})
  void aMaxCostIsANumberAboveZero(String value) {
    Problem problem = stageProblem("{max_cost: " + value + "}");
    assertThat(problem.path()).endsWith("max_cost");
    assertThat(problem.message()).isEqualTo("has to be a number above 0 and up to 1000000000000");
  }

  @Test
  void aSourceLocationIsAPlace() {
    assertThat(stageProblem("{source_location: 'us-east-1'}").message())
        .contains("has to be a place");
  }

  @Test
  void whatIsNotBuiltYetIsRefusedEvenIfNullSwitchesItOff() {
    assertThat(stageProblem("{transport: null}").message()).contains("not supported yet");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{strategy: null, regions: null, residency: null}"})
  void defaultsAreThoseOfTheDesign(String text) {
    assertThat(stage(text))
        .isEqualTo(
            new FederatedStageConfig(
                null,
                List.of(),
                null,
                false,
                null,
                null,
                0,
                0,
                300,
                null,
                null,
                true,
                3,
                1,
                null,
                List.of(),
                null,
                1,
                100,
                null,
                null,
                null,
                "sum",
                "score",
                null,
                false,
                MergeConflict.LAST,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null))
        .isEqualTo(FederatedStageConfig.builder().build());
  }

  @Test
  void everyKeyIsRead() {
    assertThat(
            stage(
                "{strategy: 'Sequential', regions: ['us-east-1', 'eu-west-1'],"
                    + " aggregation: 'ALL', data_locality: true, data_location: {lat: 0, lon: 0},"
                    + " source_location: {lat: 52.5, lon: 13.4}, data_size_bytes: 5000000000,"
                    + " expected_tokens: 7.0, timeout_seconds: 0.1, queue_timeout_seconds: 1,"
                    + " total_timeout_seconds: 2000, retry_on_failure: false, max_retries: 100,"
                    + " retry_delay_seconds: 0, fallback_region: 'ap-south-1',"
                    + " required_tags: ['gpu'],"
                    + " residency: ['us-east-1', 'eu-west-1', 'ap-south-1'], min_regions: 2,"
                    + " max_parallel: 1, on_partial_failure: 'Wait',"
                    + " resume_timeout_seconds: 60, on_resume_timeout: 'proceed', reduce_function: 'median',"
                    + " score_field: 's', vote_field: 'v', require_majority: true,"
                    + " merge_conflict: 'Collect', max_cost: 0.25}"))
        .isEqualTo(
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.SEQUENTIAL)
                .regions(List.of("us-east-1", "eu-west-1"))
                .aggregation(AggregationStrategy.ALL)
                .dataLocality(true)
                .dataLocation(DataLocation.at(new GeoPoint(0, 0)))
                .sourceLocation(new GeoPoint(52.5, 13.4))
                .dataSizeBytes(5_000_000_000L)
                .expectedTokens(7)
                .timeoutSeconds(0.1)
                .queueTimeoutSeconds(1.0)
                .totalTimeoutSeconds(2000.0)
                .retryOnFailure(false)
                .maxRetries(100)
                .retryDelaySeconds(0)
                .fallbackRegion("ap-south-1")
                .requiredTags(List.of("gpu"))
                .residency(List.of("us-east-1", "eu-west-1", "ap-south-1"))
                .minRegions(2)
                .maxParallel(1)
                .onPartialFailure(PartialFailurePolicy.WAIT)
                .resumeTimeoutSeconds(60.0)
                .onResumeTimeout(PartialFailurePolicy.PROCEED)
                .reduceFunction("median")
                .scoreField("s")
                .voteField("v")
                .requireMajority(true)
                .mergeConflict(MergeConflict.COLLECT)
                .maxCost(0.25)
                .build());
  }

  @Test
  void dataLocationMayBeARegion() {
    assertThat(stage("{data_location: 'eu-west-1'}").dataLocation())
        .isEqualTo(DataLocation.inRegion("eu-west-1"));
  }

  @Test
  void retryCountIsAnotherNameOfMaxRetries() {
    assertThat(stage("{retry_count: 7}").maxRetries()).isEqualTo(7);
  }

  @ParameterizedTest
  @EnumSource(AggregationStrategy.class)
  void everyAggregationGoesByItsNameInAnyCase(AggregationStrategy aggregation) {
    assertThat(stage("{aggregation: '" + aggregation.name() + "'}").aggregation())
        .isEqualTo(aggregation);
  }

  @Test
  void voteIsAnotherNameOfMajority() {
    assertThat(stage("{aggregation: 'Vote'}").aggregation())
        .isEqualTo(AggregationStrategy.MAJORITY);
  }

  @ParameterizedTest
  @CsvSource({"load_based, LEAST_LOADED", "Cost_Based, COST_OPTIMIZED", "NEAREST, NEAREST"})
  void strategiesGoByAnyCaseAndByTheirOtherNames(String name, FederationStrategy strategy) {
    assertThat(stage("{strategy: '" + name + "'}").strategy()).isEqualTo(strategy);
  }

  @ParameterizedTest
  @CsvSource({"SUM, sum", "Median, median", "max, max"})
  void reduceFunctionsGoByAnyCase(String name, String function) {
    assertThat(stage("{reduce_function: '" + name + "'}").reduceFunction()).isEqualTo(function);
  }

  @Test
  void withoutAFederationNamesAreNotChecked() {
    Problems problems = new Problems("pipeline.json");
    FederatedStageConfig block =
        stage(
            "{regions: ['anywhere'], fallback_region: 'elsewhere', data_location: 'here',"
                + " reduce_function: 'mine'}",
            null,
            problems);
    assertThat(problems.found()).isEmpty();
    assertThat(block.regions()).containsExactly("anywhere");
  }

  @Test
  void aDisabledRegionMayBeListedBecauseTheControlWorkerDecides() {
    Problems problems = new Problems("pipeline.json");
    stage(
        "{regions: ['off']}",
        Documents.federation("{regions: [{name: 'off', enabled: false}]}"),
        problems);
    assertThat(problems.found()).isEmpty();
    assertThat(FEDERATION.regionNames()).hasSize(3);
  }
}
