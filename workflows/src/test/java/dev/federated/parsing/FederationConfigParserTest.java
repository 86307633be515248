package dev.federated.parsing;

import static dev.federated.parsing.Documents.federation;
import static dev.federated.parsing.Documents.json;
import static dev.federated.parsing.Documents.problemOf;
import static dev.federated.parsing.Documents.problemsOf;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FederationConfigParserTest {
  private static final String CANARY = "canary-4711";

  private static String region(String more) {
    return "{regions: [{name: 'us', " + more + "}]}";
  }

  private static String root(String more) {
    return "{regions: [{name: 'us'}], " + more + "}";
  }

  @Test
  void allProblemsAreFoundAtOnceEachWithItsPlace() {
    List<Problem> problems =
        problemsOf(
            "{regions: [{name: 'us', weigth: 2, latitude: 91, longitude: 0},"
                + " {name: 'us', endpoint: 'nonsense'}, {priority: 1}],"
                + " default_strategy: 'nearst', default_aggregation: 5,"
                + " circuit_breaker: {threshold: 0, timeout: 1}, surprise: true}");

    assertThat(problems)
        .extracting(Problem::path)
        .containsExactlyInAnyOrder(
            "regions[0].weigth",
            "regions[0].latitude",
            "regions[1].endpoint",
            "regions[1].name",
            "regions[2].name",
            "default_strategy",
            "default_aggregation",
            "circuit_breaker.threshold",
            "circuit_breaker.timeout",
            "surprise");
    assertThat(problems).extracting(Problem::file).containsOnly("federation.yaml");
  }

  @Test
  void tlsIsForHttpsAndACertificateNeedsItsKey() {
    assertThat(problemOf(region("endpoint: 'http://localhost', tls: {ca: 'ca.pem'}")).toString())
        .contains("regions[0].tls", "https://");
    assertThat(problemOf(region("tls: {ca: 'ca.pem'}")).toString()).contains("https://");
    assertThat(
            problemOf(region("endpoint: 'https://a.example', tls: {certificate: 'a.pem'}"))
                .toString())
        .contains("certificate and key go together");
    assertThat(problemOf(region("endpoint: 'https://a.example', tls: {cert: 'a.pem'}")).path())
        .isEqualTo("regions[0].tls.cert");
  }

  @Test
  void aMisspeltKeyIsNamedWithTheNearestAndAllValidOnes() {
    Problem problem = problemOf(region("max_concurent: 3"));

    assertThat(problem.path()).isEqualTo("regions[0].max_concurent");
    assertThat(problem.value()).isEqualTo(json("3"));
    assertThat(problem.suggestions()).first().isEqualTo("max_concurrent");
    assertThat(problem.message()).contains("unknown key").contains("egress_cost_per_gb");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "default_strategy: 'nearst' | default_strategy | nearest",
        "default_strategy: 'round-robin' | default_strategy | round_robin",
        "default_aggregation: 'majorty' | default_aggregation | majority",
        "strategy: 'nearest' | strategy | default_strategy",
        "circuitBreaker: {} | circuitBreaker | circuit_breaker",
      })
  void aMisspeltNameIsRefusedWithTheNearestMatch(String text, String path, String nearest) {
    Problem problem = problemOf(root(text));
    assertThat(problem.path()).isEqualTo(path);
    assertThat(problem.suggestions()).contains(nearest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "priority: 1.5",
        "priority: 'first'",
        "priority: 10000000",
        "weight: 0",
        "weight: -1",
        "weight: NaN",
        "weight: Infinity",
        "weight: 1e7",
        "max_concurrent: 0",
        "max_concurrent: 100001",
        "max_concurrent: 1e400",
        "timeout_seconds: 0",
        "timeout_seconds: -1",
        "timeout_seconds: 86401",
        "timeout_seconds: '30'",
        "timeout_seconds: '30s'",
        "timeout_seconds: true",
        "cost_per_execution: -0.01",
        "cost_per_token: NaN",
        "egress_cost_per_gb: Infinity",
        "cost_per_execution: 1e13",
        "tags: 'gpu'",
        "tags: [1]",
        "tags: ['']",
        "tags: ['gpu', 'gpu']",
        "enabled: 'yes'",
        "enabled: 1",
        "allow_plaintext: 'true'",
        "endpoint: 5",
        "endpoint: ''",
        "drained: true",
        "transport: 'grpc'",
      })
  void aBadValueOfARegionIsRefusedWithItsPlaceAndValue(String text) {
    Problem problem = problemOf(region(text));

    assertThat(problem.path()).startsWith("regions[0]." + text.substring(0, text.indexOf(':')));
    if (!text.startsWith("transport")) {
      assertThat(problem.value()).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "health_check_interval_seconds: 0",
        "health_check_interval_seconds: 3601",
        "health_check_interval_seconds: NaN",
        "max_output_bytes: 0",
        "references: {allow: ['https://data.example.com/orders']}",
        "references: {allow: ['https://user:key@data.example.com/']}",
        "references: {allow: ['https://data.example.com/a/../']}",
        "references: {allow: ['file://host/srv/']}",
        "references: {allow: ['/srv/data/']}",
        "max_output_bytes: 67108865",
        "max_output_bytes: '1MB'",
        "max_output_bytes: 1.5",
        "components: 'a'",
        "components: ['a', 'a']",
        "reduce_functions: ['sum']",
        "reduce_functions: ['Sum']",
        "reduce_functions: {}",
      })
  void aBadValueOfTheFederationIsRefusedWithItsPlaceAndValue(String text) {
    Problem problem = problemOf(root(text));

    assertThat(problem.path()).startsWith(text.substring(0, text.indexOf(':')));
    assertThat(problem.value()).isNotNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{threshold: 0} | threshold",
        "{threshold: 1001} | threshold",
        "{threshold: 2.5} | threshold",
        "{timeout_seconds: 0.01} | timeout_seconds",
        "{timeout_seconds: 86401} | timeout_seconds",
        "{treshold: 3} | treshold",
      })
  void aBadBreakerIsRefused(String breaker, String key) {
    assertThat(problemOf(root("circuit_breaker: " + breaker)).path())
        .isEqualTo("circuit_breaker." + key);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "latitude: 91, longitude: 0 | regions[0].latitude",
        "latitude: -90.1, longitude: 0 | regions[0].latitude",
        "latitude: NaN, longitude: 0 | regions[0].latitude",
        "latitude: 0, longitude: 180.5 | regions[0].longitude",
        "latitude: 0 | regions[0]",
        "longitude: 0 | regions[0]",
      })
  void aPlaceThatIsNotOnTheEarthIsRefused(String text, String path) {
    assertThat(problemOf(region(text)).path()).isEqualTo(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{regions: []}", "{regions: null}"})
  void aFederationWithoutRegionsIsRefused(String text) {
    assertThat(problemOf(text).path()).isEqualTo("regions");
  }

  @Test
  void missingRegionsAreReportedBesideOtherProblems() {
    assertThat(problemsOf("{max_output_bytes: 0}"))
        .extracting(Problem::path)
        .containsExactly("regions", "max_output_bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "5", "null", "'regions'"})
  void aFileThatIsNoObjectIsRefused(String text) {
    assertThat(problemOf(text).message()).contains("object");
  }

  @Test
  void twoRegionsOfOneNameAreRefused() {
    Problem problem = problemOf("{regions: [{name: 'us'}, {name: 'eu'}, {name: 'us'}]}");
    assertThat(problem.path()).isEqualTo("regions[2].name");
    assertThat(problem.value()).isEqualTo(json("'us'"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"'a b'", "'-a'", "'a/b'", "'ü'", "5", "''", "false", "'a:b'"})
  void aNameThatIsNoIdentifierIsRefused(String name) {
    assertThat(problemOf("{regions: [{name: " + name + "}]}").path()).isEqualTo("regions[0].name");
  }

  @Test
  void aNameHasAtMost100Characters() {
    assertThat(federation("{regions: [{name: '" + "a".repeat(100) + "'}]}").regions()).hasSize(1);
    assertThat(problemOf("{regions: [{name: '" + "a".repeat(101) + "'}]}").path())
        .isEqualTo("regions[0].name");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "us-east.example.com",
        "localhost:8080",
        "ftp://us.example.com",
        "https://",
        "https://us_east.example.com",
        "https://us.example.com?x=1",
        "https://us.example.com#x",
        "https://us .example.com",
        "https://us.example.com:99999",
        "https://us.example.com:0",
        "https://us.example.com/api/v1/execute",
        "https://us.example.com/api/v1/",
      })
  void anEndpointThatIsNoBaseUrlIsRefused(String endpoint) {
    Problem problem = problemOf(region("endpoint: '" + endpoint + "'"));
    assertThat(problem.path()).isEqualTo("regions[0].endpoint");
    assertThat(problem.value()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://user:canary-4711@us.example.com",
        "https://canary-4711@us.example.com",
        "https://user:canary-4711@us_east.example.com",
        "https://user:canary-4711@us .example.com",
        "ftp://user:canary-4711@us.example.com",
        "https://us.example.com?token=canary-4711",
        "https://us_east?token=canary-4711",
        "https://us.example.com#canary-4711",
      })
  void aPasswordInAnEndpointIsRefusedAndNotRepeated(String endpoint) {
    Problem problem = problemOf(region("endpoint: '" + endpoint + "'"));
    assertThat(problem.path()).isEqualTo("regions[0].endpoint");
    assertThat(problem.toString()).doesNotContain(CANARY);
    if (endpoint.contains("@")) {
      assertThat(problem.message()).contains("user or password").contains("api_key");
    }
  }

  @Test
  void aKeyOverPlainHttpIsRefusedUnlessItIsAllowed() {
    String text = "endpoint: 'http://us.example.com', api_key: '${KEY}'";
    Problem problem = problemOf(region(text));
    assertThat(problem.path()).isEqualTo("regions[0].endpoint");
    assertThat(problem.message()).contains("allow_plaintext");

    assertThat(federation(region(text + ", allow_plaintext: true")).regions()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost:8080",
        "http://LOCALHOST",
        "http://127.0.0.1:1",
        "http://127.1.2.3",
        "http://[::1]:8080",
        "HTTPS://us.example.com",
      })
  void aKeyMayGoToLoopbackOrOverHttps(String endpoint) {
    assertThat(federation(region("endpoint: '" + endpoint + "', api_key: 'k'")).regions())
        .hasSize(1);
  }

  @Test
  void withoutAKeyPlainHttpIsFine() {
    assertThat(federation(region("endpoint: 'http://us.example.com'")).regions()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "${canary-4711}",
        "${}",
        "${A} canary-4711",
        "Bearer ${CANARY_4711}",
        "${A}${B}",
        "$CANARY_4711",
        "file:",
        "file:  ",
        "Bearer canary-4711",
        "bearer  canary-4711",
        "canary-4711 with a space",
        "canary-4711ü",
        "   ",
      })
  void aKeyThatCannotBeMeantIsRefusedAndNotRepeated(String key) {
    Problem problem = problemOf(region("api_key: '" + key + "'"));
    assertThat(problem.path()).isEqualTo("regions[0].api_key");
    assertThat(problem.value()).isNull();
    assertThat(problem.toString()).doesNotContainIgnoringCase("canary");
  }

  @Test
  void anUnquotedNumberAsKeyIsRefusedWithAHintAndNotRepeated() {
    Problem problem = problemOf(region("api_key: 4711"));
    assertThat(problem.message()).contains("quotes");
    assertThat(problem.toString()).doesNotContain("4711");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'canary-4711'",
        "['canary-4711']",
        "{regions: 'canary-4711'}",
        "{regions: {us: {api_key: 'canary-4711'}}}",
        "{regions: {name: 'us', api_key: 'canary-4711'}}",
        "{regions: ['canary-4711']}",
        "{regions: [['canary-4711']]}",
        "{regions: [{name: 'us', apikey: 'canary-4711'}]}",
        "{regions: [{name: 'us', apykee: 'canary-4711'}]}",
        "{regions: [{name: 'us', k: 'canary-4711'}]}",
        "{regions: [{name: 'us', k: ['canary-4711']}]}",
        "{regions: [{name: 'us', transport: {token: 'canary-4711'}}]}",
        "{regions: [{name: 'us', transport: 'canary-4711'}]}",
        "{regions: [{name: 'us', api_key: ['canary-4711']}]}",
        "{regions: [{name: 'us', api_key: {value: 'canary-4711'}}]}",
        "{regions: [{name: 'us', tags: {api_key: 'canary-4711'}}]}",
        "{regions: [{name: 'us', tags: [{api_key: 'canary-4711'}]}]}",
        "{regions: [{name: 'us', weight: {api_key: 'canary-4711'}}]}",
        "{regions: [{name: 'us', enabled: {api_key: 'canary-4711'}}]}",
        "{regions: [{name: {api_key: 'canary-4711'}}]}",
        "{regions: [{name: 'us', api_key: 'canary-4711', priority: 'x'}]}",
        "{regions: [{name: 'us', api_key: 'canary-4711', endpoint: 'http://example.com'}]}",
        "{regions: [{name: 'us'}], secrets: 'canary-4711'}",
        "{regions: [{name: 'us'}], secrets: ['canary-4711']}",
        "{regions: [{name: 'us'}], secrets: [{name: 'db', value: 'canary-4711'}]}",
        "{regions: [{name: 'us'}], secrets: {db: 'canary-4711'}}",
        "{regions: [{name: 'us'}], secrets: {db: ['canary-4711']}}",
        "{regions: [{name: 'us'}], secrets: {db: {value: 'canary-4711'}}}",
        "{regions: [{name: 'us'}], secrets: {db: {valeu: 'canary-4711', components: ['a']}}}",
        "{regions: [{name: 'us'}], secrets: {db: {value: ['canary-4711'], components: ['a']}}}",
        "{regions: [{name: 'us'}], secret: {db: {value: 'canary-4711'}}}",
        "{regions: [{name: 'us'}], circuit_breaker: 'canary-4711'}",
        "{regions: [{name: 'us'}], outbound: 'canary-4711'}",
        "{regions: [{name: 'us'}], default_strategy: {value: 'canary-4711'}}",
      })
  void noProblemRepeatsASecretWhereverItWasPut(String text) throws Exception {
    List<Problem> problems = problemsOf(text);

    assertThat(problems.toString()).doesNotContain(CANARY);
    assertThat(new InvalidDocumentException(problems)).hasMessageNotContaining(CANARY);
    assertThat(new ObjectMapper().writeValueAsString(problems)).doesNotContain(CANARY);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{db: null} | secrets.db",
        "{db: {}} | secrets.db.value",
        "{db: {components: ['a']}} | secrets.db.value",
        "{db: {value: '${DSN}'}} | secrets.db.components",
        "{db: {value: '${DSN}', components: []}} | secrets.db.components",
        "{db: {value: '${DSN}', components: 'a'}} | secrets.db.components",
        "{db: {value: '$DSN', components: ['a']}} | secrets.db.value",
        "{db: {value: 'x', components: ['a'], env: 'X'}} | secrets.db.env",
      })
  void aSecretNeedsAValueAndTheComponentsThatMayReadIt(String secrets, String path) {
    assertThat(problemsOf(root("secrets: " + secrets))).extracting(Problem::path).contains(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.0",
        "10.0.0.0/33",
        "10.0.0/8",
        "256.0.0.0/8",
        "010.0.0.0/8",
        "abc.de/8",
        "example.com/8",
        "fd00:/8",
        "fd00::/129",
        "1:2:3:4:5:6:7/64",
        "1:2:3:4:5:6:7:8:9/64",
        "::1::/8",
        "10.0.0.0/-1",
        "/8",
      })
  void anAddressRangeThatIsNoneIsRefused(String range) {
    assertThat(problemOf(root("outbound: {allow: ['" + range + "']}")).value())
        .isEqualTo(json("'" + range + "'"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.7/32", "fd00::/8", "::/0", "::1/128"})
  void anAddressRangeIsTakenAsItIs(String range) {
    assertThat(federation(root("outbound: {allow: ['" + range + "']}")).outboundAllow())
        .containsExactly(range);
  }

  @Test
  void thousandsOfUnknownNamesDoNotMakeEndlessMessages() {
    StringBuilder regions = new StringBuilder("{regions: [");
    for (int i = 0; i < 2_000; i++) {
      regions.append("{name: 'region-").append(i).append("'},");
    }
    FederationConfig large = federation(regions.append("{name: 'last'}]}").toString());
    Problems problems = new Problems("pipeline.json");
    Documents.stage("{regions: ['" + "x".repeat(100_000) + "\\u001b[31m']}", large, problems);

    assertThat(problems.found()).hasSize(1);
    assertThat(problems.found().get(0).toString()).hasSizeLessThan(2_000);
  }

  @Test
  void aPriceOfMovingDataToARegionThatIsNotThereIsRefused() {
    Problem problem =
        problemOf("{regions: [{name: 'us'}, {name: 'eu', egress_cost_per_gb_to: {uss: 0.02}}]}");
    assertThat(problem.path()).isEqualTo("regions[1].egress_cost_per_gb_to");
    assertThat(problem.message()).contains("unknown region 'uss'");
    assertThat(problem.suggestions()).containsExactly("us");
  }

  /** Found by fuzzing. */
  @Test
  void aSecretThatStandsForAPriceIsNotRepeated() {
    Problem problem =
        problemOf("{regions: [{name: 'us', egress_cost_per_gb_to: {value: 'planted-s3cret'}}]}");

    assertThat(problem.path()).isEqualTo("regions[0].egress_cost_per_gb_to.value");
    assertThat(problem.toString()).doesNotContain("planted-s3cret");
  }

  /** Found by fuzzing. */
  @Test
  void namesAndPlacesOfAnyLengthDoNotMakeEndlessMessages() {
    String longest = "x".repeat(40_000);
    List<Problem> problems =
        problemsOf(
            "{regions: [{name: '%1$s', %1$s: 1}, {name: 'us', egress_cost_per_gb_to: {eu: 1}}]}"
                .formatted(longest));

    assertThat(problems).hasSize(3);
    assertThat(problems)
        .extracting(Problem::toString)
        .allSatisfy(line -> assertThat(line).hasSizeLessThan(2_000));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-0.01", "'0.02'", "null", "{}"})
  void aPriceOfMovingDataToARegionIsANumberThatIsNotNegative(String price) {
    assertThat(
            problemOf("{regions: [{name: 'us', egress_cost_per_gb_to: {us: " + price + "}}]}")
                .path())
        .isEqualTo("regions[0].egress_cost_per_gb_to.us");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "transport: 'cluster' | temporal_profile | is required with transport: cluster",
        "temporal_profile: 'eu' | temporal_profile | is for transport: cluster",
        "transport: 'nexus' | nexus_endpoint | is required with transport: nexus",
        "nexus_endpoint: 'eu' | nexus_endpoint | is for transport: nexus",
        "transport: 'cluster', temporal_profile: 'eu', nexus_endpoint: 'eu' | nexus_endpoint | is for transport: nexus",
      })
  void aTransportThatLacksItsPlaceOrHasThatOfAnotherIsRefused(
      String keys, String at, String message) {
    Problem problem = problemOf("{regions: [{name: 'eu', " + keys + "}]}");

    assertThat(problem.path()).isEqualTo("regions[0]." + at);
    assertThat(problem.message()).contains(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "name: 'eu'",
        "name: 'eu', transport: 'cluster', temporal_profile: 'the eu'",
        "name: 'eu', transport: 'nexus', nexus_endpoint: 'to-eu'",
      })
  void aTransportSurvivesWritingAndReading(String text) {
    RegionConfig region = federation("{regions: [{" + text + "}]}").regions().get(0);

    assertThat(FederationConfigParser.region(RegionConfigJson.of(region), "a ledger"))
        .isEqualTo(region);
  }

  @Test
  void defaultsAreThoseOfTheDesign() {
    FederationConfig federation = federation("{regions: [{name: 'us'}]}");

    assertThat(federation)
        .isEqualTo(
            new FederationConfig(
                List.of(
                    new RegionConfig(
                        "us",
                        null,
                        null,
                        100,
                        1,
                        10,
                        300,
                        List.of(),
                        null,
                        null,
                        null,
                        null,
                        null,
                        Map.of(),
                        true,
                        null,
                        false,
                        null,
                        RegionTransport.TASK_QUEUE,
                        null,
                        null)),
                null,
                null,
                null,
                30,
                new CircuitBreakerConfig(5, 60),
                30,
                false,
                1_048_576,
                Map.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                "digest"));
  }

  @Test
  void everyKeyIsRead() {
    FederationConfig federation =
        federation(
            "{regions: [{name: 'us-east-1', endpoint: 'https://us-east.example.com/',"
                + " api_key: '${US_EAST_KEY}', priority: 1, weight: 0.5, max_concurrent: 3,"
                + " timeout_seconds: 0.1, tags: ['gpu', 'high-memory'], latitude: 0,"
                + " longitude: -122.4194, cost_per_execution: 0, cost_per_token: 0.00001,"
                + " egress_cost_per_gb: 0.09, egress_cost_per_gb_to: {us-east-1: 0},"
                + " tls: {ca: 'ca.pem', certificate: 'us.pem', key: 'us.key'},"
                + " enabled: false, idempotency: true, allow_plaintext: true,"
                + " transport: 'Cluster', temporal_profile: 'us'}],"
                + " default_strategy: 'NEAREST', default_aggregation: 'Vote',"
                + " default_on_partial_failure: 'wait',"
                + " health_check_interval_seconds: 0.1,"
                + " circuit_breaker: {threshold: 1, timeout_seconds: 0.1},"
                + " stabilization_seconds: 0, panic_mode: true,"
                + " max_output_bytes: 1500000,"
                + " secrets: {warehouse: {value: 'file:/run/dsn', components: ['database_write']}},"
                + " outbound: {allow: ['10.0.0.0/8']},"
                + " references: {allow: ['https://data.example.com/orders/', 'file:/srv/']},"
                + " components: ['my_model'],"
                + " reduce_functions: ['median']}");

    assertThat(federation)
        .isEqualTo(
            new FederationConfig(
                List.of(
                    new RegionConfig(
                        "us-east-1",
                        URI.create("https://us-east.example.com"),
                        new SecretSource(SecretSource.Kind.ENVIRONMENT, "US_EAST_KEY"),
                        1,
                        0.5,
                        3,
                        0.1,
                        List.of("gpu", "high-memory"),
                        0.0,
                        -122.4194,
                        0.0,
                        0.00001,
                        0.09,
                        Map.of("us-east-1", 0.0),
                        false,
                        true,
                        true,
                        new RegionTls("ca.pem", "us.pem", "us.key"),
                        RegionTransport.CLUSTER,
                        "us",
                        null)),
                FederationStrategy.NEAREST,
                AggregationStrategy.MAJORITY,
                PartialFailurePolicy.WAIT,
                0.1,
                new CircuitBreakerConfig(1, 0.1),
                0,
                true,
                1_500_000,
                Map.of(
                    "warehouse",
                    new NamedSecret(
                        new SecretSource(SecretSource.Kind.FILE, "/run/dsn"),
                        List.of("database_write"))),
                List.of("10.0.0.0/8"),
                List.of("https://data.example.com/orders/", "file:/srv/"),
                List.of("my_model"),
                List.of("median"),
                "digest"));
  }

  @ParameterizedTest
  @CsvSource({
    "load_based, LEAST_LOADED",
    "LOAD_BASED, LEAST_LOADED",
    "cost_based, COST_OPTIMIZED",
    "Round_Robin, ROUND_ROBIN",
    "PARALLEL, PARALLEL",
  })
  void strategiesGoByAnyCaseAndByTheirOtherNames(String name, FederationStrategy strategy) {
    assertThat(federation(root("default_strategy: '" + name + "'")).defaultStrategy())
        .isEqualTo(strategy);
  }
}
