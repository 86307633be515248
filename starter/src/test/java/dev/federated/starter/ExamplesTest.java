package dev.federated.starter;

import static dev.federated.starter.FederationEnvironment.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.Candidate;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.ItemRanges;
import dev.federated.model.RegionConfig;
import dev.federated.model.RoutingDecision;
import dev.federated.model.SecretSource;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.ParsedPipeline;
import dev.federated.pipeline.ParsedStage;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.StageDefinition;
import dev.federated.routing.FederationSnapshots;
import dev.federated.routing.Partition;
import dev.federated.routing.RegionSelector;
import dev.federated.stage.FederatedStageResult;
import dev.federated.worker.config.FederationConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
class ExamplesTest {
  private static final Path EXAMPLES = Path.of("..", "examples").toAbsolutePath().normalize();
  private static final FederationConfigLoader LOADER =
      new FederationConfigLoader(Map.of(), EXAMPLES);

  /** Names a secret, which only the federation with keys has. */
  private static final String NEEDS_A_SECRET = "warehouse.json";

  /** Needs a server for its data; has a test of its own. */
  private static final String NEEDS_A_SERVER = "global-analytics.json";

  @TempDir Path directory;

  private static List<String> examples() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json"))
          .sorted()
          .toList();
    }
  }

  private static Stream<String> localExamples() throws IOException {
    return examples().stream().filter(name -> !name.equals(NEEDS_A_SECRET));
  }

  private static Stream<String> localPipelines() throws IOException {
    return localExamples().filter(name -> !isStage(name) && !name.equals(NEEDS_A_SERVER));
  }

  private static Stream<String> stages() throws IOException {
    return examples().stream().filter(ExamplesTest::isStage);
  }

  private static boolean isStage(String name) {
    return name.startsWith("stage-");
  }

  private static FederationConfig federation(String name) {
    return LOADER.load(name).config();
  }

  private static JsonNode read(String name) throws IOException {
    return json(Files.readString(EXAMPLES.resolve(name), UTF_8));
  }

  private static ParsedPipeline pipeline(String name, FederationConfig federation)
      throws IOException {
    return PipelineParser.parse(read(name), name, federation);
  }

  private static ParsedStage stage(String name, FederationConfig federation) throws IOException {
    return PipelineParser.parseStage(read(name), name, federation);
  }

  private static List<String> warnings(String name, FederationConfig federation)
      throws IOException {
    return isStage(name)
        ? stage(name, federation).warnings()
        : pipeline(name, federation).warnings();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void isValidWithTheRegionsBehindHttps(String name) throws IOException {
    assertThat(warnings(name, federation("federation.yaml"))).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("localExamples")
  void isValidWithTheRegionsOnOneMachine(String name) throws IOException {
    assertThat(warnings(name, federation("federation-local.yaml"))).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void hasAnInputAndALineInTheReadme(String name) throws IOException {
    assertThat(read("inputs/" + name).isObject()).isTrue();
    assertThat(Files.readString(EXAMPLES.resolve("README.md"))).contains("`" + name + "`");
  }

  @Test
  void keysComeFromTheEnvironmentAndNoneIsNeededOnOneMachine() {
    assertThat(federation("federation.yaml").regions())
        .hasSize(3)
        .allSatisfy(
            region -> {
              assertThat(region.endpoint().getScheme()).isEqualTo("https");
              assertThat(region.apiKey().kind()).isEqualTo(SecretSource.Kind.ENVIRONMENT);
            });
    assertThat(federation("federation-local.yaml").secrets()).isEmpty();
    assertThat(federation("federation-local.yaml").regions())
        .allSatisfy(
            region -> {
              assertThat(region.endpoint()).isNull();
              assertThat(region.apiKey()).isNull();
            });
  }

  @Test
  void bothFilesDescribeTheSameRegions() {
    List<RegionConfig> behindHttps = federation("federation.yaml").regions();
    List<RegionConfig> local = federation("federation-local.yaml").regions();
    assertThat(local)
        .usingRecursiveComparison()
        .ignoringFields("endpoint", "apiKey")
        .isEqualTo(behindHttps);
  }

  private static RoutingDecision decision(String name) throws IOException {
    FederationConfig federation = federation("federation.yaml");
    FederatedStageConfig block = stage(name, federation).stage().federation();
    return RegionSelector.decide(block, FederationSnapshots.of(federation, block));
  }

  /** 2 GB at Ireland's egress price of 0.09 outweigh the lower price of an execution in Tokyo. */
  @Test
  void theCheapestRegionIsFoundFromExecutionTokensAndMovedData() throws IOException {
    List<Candidate> candidates = decision("stage-cheapest.json").candidates();

    assertThat(candidates)
        .extracting(Candidate::region)
        .containsExactly("eu-west-1", "us-east-1", "ap-northeast-1");
    assertThat(candidates.get(0).score()).isCloseTo(0.012 + 0.015, within(1e-9));
    assertThat(candidates.get(1).score()).isCloseTo(0.01 + 0.015 + 0.18, within(1e-9));
    assertThat(candidates.get(2).score()).isCloseTo(0.008 + 0.018 + 0.18, within(1e-9));
  }

  @Test
  void theNearestRegionIsTheOneByTheData() throws IOException {
    assertThat(decision("stage-nearest.json").chosen()).containsExactly("eu-west-1");
  }

  @Test
  void tagsAndResidencyLeaveOneRegionAndSayWhyNotTheOthers() throws IOException {
    RoutingDecision decision = decision("stage-residency.json");

    assertThat(decision.chosen()).containsExactly("eu-west-1");
    assertThat(decision.candidates())
        .filteredOn(candidate -> !candidate.eligible())
        .extracting(Candidate::reason)
        .containsOnly("outside the residency [eu-west-1]")
        .hasSize(2);
  }

  @Test
  void anArrayIsSplitByWeightOverTheRegionsInsideTheResidency() throws IOException {
    String name = "stage-partition.json";
    FederationConfig federation = federation("federation.yaml");
    FederatedStageConfig block = stage(name, federation).stage().federation();
    StageRequest request =
        new StageRequest("partition", "transformer", json("{}"), read("inputs/" + name), block);

    assertThat(Partition.ofStage(request, FederationSnapshots.of(federation, block)).parts())
        .isEqualTo(
            Map.of("us-east-1", ItemRanges.parse("0-3"), "eu-west-1", ItemRanges.parse("4-5")));
  }

  @ParameterizedTest
  @MethodSource("stages")
  void theStageRunsOnOneMachine(String name) throws IOException {
    FederationConfig federation = federation("federation-local.yaml");
    StageDefinition stage = stage(name, federation).stage();
    try (FederationEnvironment environment = FederationEnvironment.start(federation, directory)) {
      FederatedStageResult result =
          environment
              .coordinator()
              .executeFederated(
                  new StageRequest(
                      stage.id(),
                      stage.type(),
                      stage.config(),
                      read("inputs/" + name),
                      stage.federation()));
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.aggregated()).isEqualTo(json(STAGE_OUTPUTS.get(name)));
    }
  }

  private static final Map<String, String> STAGE_OUTPUTS =
      Map.of(
          "stage-nearest.json", "3",
          "stage-majority.json", "{\"label\": \"invoice\", \"seen\": 2}",
          "stage-first.json", "{\"question\": \"which region answers first?\"}",
          "stage-cheapest.json", "{\"prompt\": \"summarise the order book\"}",
          "stage-rollout.json",
              "[{\"version\": \"2026.1\"}, {\"version\": \"2026.1\"}, {\"version\": \"2026.1\"}]",
          "stage-partition.json",
              """
              [{"id": 1, "amount": 40}, {"id": 2, "amount": 15}, {"id": 3, "amount": 99},
               {"id": 4, "amount": 12}, {"id": 5, "amount": 7}, {"id": 6, "amount": 63}]
              """,
          "stage-residency.json", "{\"patient\": 17}");

  @ParameterizedTest
  @MethodSource("localPipelines")
  void thePipelineRunsOnOneMachine(String name) throws IOException {
    FederationConfig federation = federation("federation-local.yaml");
    try (FederationEnvironment environment = FederationEnvironment.start(federation, directory)) {
      PipelineResult result =
          environment
              .coordinator()
              .startPipeline(pipeline(name, federation).pipeline(), read("inputs/" + name))
              .result();
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      switch (name) {
        case "balanced.json" -> assertThat(result.output().asDouble()).isEqualTo(200);
        case "failover.json" ->
            assertThat(result.output())
                .isEqualTo(json("{\"customer\": \"Ada\", \"tier\": \"gold\"}"));
        case "partial-failure.json" ->
            assertThat(result.output().get("total"))
                .isEqualTo(json("{\"visits\": 3600, \"errors\": 9}"));
        default -> assertThat(name).as("an example without an expectation").isEmpty();
      }
    }
  }

  @Test
  void theReferencePipelineCollectsProcessesInThreeRegionsAndStores() throws Exception {
    FederationConfig federation = federation("federation-local.yaml");
    ObjectNode input = (ObjectNode) read("inputs/" + NEEDS_A_SERVER);
    try (MockWebServer server = new MockWebServer();
        FederationEnvironment environment = FederationEnvironment.start(federation, directory)) {
      server.start();
      server.enqueue(
          new MockResponse.Builder()
              .addHeader("Content-Type", "application/json")
              .body(read("data/orders.json").toString())
              .build());
      input.put("data_url", "http://127.0.0.1:%d/orders.json".formatted(server.getPort()));

      PipelineResult result =
          environment
              .coordinator()
              .startPipeline(pipeline(NEEDS_A_SERVER, federation).pipeline(), input)
              .result();

      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.stages().get("process").result().successfulRegions())
          .containsExactly("us-east-1", "eu-west-1", "ap-northeast-1");
      assertThat(result.output().path("result").path("revenue").asDouble()).isEqualTo(284.5);
      assertThat(result.stages().get("store").output())
          .isEqualTo(
              json("{\"table\": \"global_analytics\", \"rows_written\": 1, \"repeated\": false}"));
    }
    assertThat(row("SELECT dataset, orders FROM global_analytics")).isEqualTo("orders-2026-01, 4");
  }

  private String row(String query) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("data.db"));
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      assertThat(rows.next()).isTrue();
      return rows.getString(1) + ", " + rows.getString(2);
    }
  }
}
