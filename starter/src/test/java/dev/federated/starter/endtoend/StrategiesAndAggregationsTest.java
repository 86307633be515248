package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.Candidate;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
@RealServer.Needed
class StrategiesAndAggregationsTest {
  private static final List<String> REGIONS = List.of("us", "eu", "ap");
  private static final GeoPoint LONDON = new GeoPoint(51.5, 0);

  /** What the regions answer to every aggregation but concat. */
  private static final Map<String, JsonNode> OUTPUTS =
      Map.of(
          "us", Json.of("{n: 1, score: 0.2, label: 'cat', tags: ['a'], deep: {us: 1}}"),
          "eu", Json.of("{n: 2, score: 0.9, label: 'dog', tags: ['b'], deep: {eu: 2}}"),
          "ap", Json.of("{n: 4, score: 0.5, label: 'dog', tags: ['c'], deep: {ap: 4}}"));

  /** What they answer to concat. */
  private static final Map<String, JsonNode> LISTS =
      Map.of("us", Json.of("[1]"), "eu", Json.of("[2, 3]"), "ap", Json.of("4"));

  private Deployment deployment;
  private FederationCoordinator coordinator;

  @BeforeEach
  void connect(Deployment deployment) {
    this.deployment = deployment;
    this.coordinator = deployment.coordinator();
  }

  static Stream<Arguments> everyStrategyWithEveryAggregation() {
    List<Arguments> all = new ArrayList<>();
    for (FederationStrategy strategy : FederationStrategy.values()) {
      for (AggregationStrategy aggregation : AggregationStrategy.values()) {
        all.add(Arguments.of(strategy, aggregation));
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource
  void everyStrategyWithEveryAggregation(
      FederationStrategy strategy, AggregationStrategy aggregation) {
    FederatedStageResult result = run(strategy, aggregation);

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.strategy()).isEqualTo(strategy);
    assertThat(result.aggregation()).isEqualTo(aggregation);
    if (strategy.replicated()) {
      assertThat(result.aggregated()).isEqualTo(ofAll(strategy, aggregation));
      assertThat(result.regionResults().keySet()).containsExactlyElementsOf(REGIONS);
    } else {
      String region = onlyRegion(result);
      assertThat(result.aggregated()).isEqualTo(ofOne(region, aggregation));
      assertChosenByRule(strategy, region, result);
    }
    assertStatuses(strategy, aggregation, result);
  }

  private FederatedStageResult run(FederationStrategy strategy, AggregationStrategy aggregation) {
    boolean race =
        strategy == FederationStrategy.PARALLEL && aggregation == AggregationStrategy.FIRST;
    String id = "matrix-%s-%s".formatted(strategy.wireName(), aggregation.wireName());
    try {
      return coordinator.executeFederated(
          new StageRequest(
              id,
              "transformer",
              Json.of("{}"),
              inputs(aggregation, race ? List.of("us", "ap") : List.of()),
              FederatedStageConfig.builder()
                  .strategy(strategy)
                  .regions(REGIONS)
                  .aggregation(aggregation)
                  .voteField("label")
                  .sourceLocation(LONDON)
                  .maxRetries(0)
                  .build()));
    } finally {
      REGIONS.forEach(region -> deployment.node(region).release(id));
    }
  }

  private static Map<String, JsonNode> outputs(AggregationStrategy aggregation) {
    return aggregation == AggregationStrategy.CONCAT ? LISTS : OUTPUTS;
  }

  private static JsonNode inputs(AggregationStrategy aggregation, List<String> held) {
    ObjectNode inputs = JsonNodeFactory.instance.objectNode();
    inputs.setAll(outputs(aggregation));
    held.forEach(inputs.putArray("hold")::add);
    return inputs;
  }

  /** The aggregate of all three regions in the order us, eu, ap. */
  private static JsonNode ofAll(FederationStrategy strategy, AggregationStrategy aggregation) {
    return switch (aggregation) {
      case MERGE ->
          Json.of("{n: 4, score: 0.5, label: 'dog', tags: ['c'], deep: {us: 1, eu: 2, ap: 4}}");
      case REDUCE -> Json.of("{n: 7, score: 1.6}");
      // Region eu answers while the others are held; in sequence the first listed one answers.
      case FIRST -> OUTPUTS.get(strategy == FederationStrategy.PARALLEL ? "eu" : "us");
      case ALL ->
          Json.of(
              "[" + OUTPUTS.get("us") + "," + OUTPUTS.get("eu") + "," + OUTPUTS.get("ap") + "]");
      case MAJORITY -> OUTPUTS.get("eu");
      case CONCAT -> Json.of("[1, 2, 3, 4]");
      case BEST -> OUTPUTS.get("eu");
    };
  }

  /** The aggregate of one region's output. */
  private static JsonNode ofOne(String region, AggregationStrategy aggregation) {
    return switch (aggregation) {
      case MERGE, FIRST, MAJORITY, BEST -> OUTPUTS.get(region);
      case REDUCE ->
          switch (region) {
            case "us" -> Json.of("{n: 1, score: 0.2, deep: {us: 1}}");
            case "eu" -> Json.of("{n: 2, score: 0.9, deep: {eu: 2}}");
            default -> Json.of("{n: 4, score: 0.5, deep: {ap: 4}}");
          };
      case ALL -> Json.of("[" + OUTPUTS.get(region) + "]");
      case CONCAT ->
          switch (region) {
            case "us" -> Json.of("[1]");
            case "eu" -> Json.of("[2, 3]");
            default -> Json.of("[4]");
          };
    };
  }

  private static void assertStatuses(
      FederationStrategy strategy, AggregationStrategy aggregation, FederatedStageResult result) {
    Map<String, RegionStatus> statuses = new LinkedHashMap<>();
    result.regionResults().forEach((region, each) -> statuses.put(region, each.status()));
    if (aggregation != AggregationStrategy.FIRST || !strategy.replicated()) {
      assertThat(statuses.values()).containsOnly(RegionStatus.SUCCEEDED);
      assertThat(result.regionResults().values())
          .extracting(RegionResult::attempts)
          .containsOnly(1);
    } else if (strategy == FederationStrategy.PARALLEL) {
      assertThat(statuses)
          .containsEntry("us", RegionStatus.CANCELLED)
          .containsEntry("eu", RegionStatus.SUCCEEDED)
          .containsEntry("ap", RegionStatus.CANCELLED);
    } else {
      assertThat(statuses)
          .containsEntry("us", RegionStatus.SUCCEEDED)
          .containsEntry("eu", RegionStatus.SKIPPED)
          .containsEntry("ap", RegionStatus.SKIPPED);
    }
  }

  private static void assertChosenByRule(
      FederationStrategy strategy, String region, FederatedStageResult result) {
    switch (strategy) {
      case NEAREST -> assertThat(region).isEqualTo("eu");
      case COST_OPTIMIZED -> assertThat(region).as("the free one").isEqualTo("ap");
      default ->
          assertThat(region)
              .isEqualTo(
                  result.decisions().get(0).candidates().stream()
                      .min(Comparator.comparingDouble(Candidate::score))
                      .orElseThrow()
                      .region());
    }
  }

  private static String onlyRegion(FederatedStageResult result) {
    assertThat(result.regionResults()).hasSize(1);
    return result.regionResults().keySet().iterator().next();
  }

  @Test
  void costsOfTheRegionsAddUp() {
    FederatedStageResult result = run(FederationStrategy.PARALLEL, AggregationStrategy.ALL);
    assertThat(result.totalCost()).isCloseTo(0.015, within(1e-9));
    assertThat(result.latencyMs()).isPositive();
  }

  @Test
  void roundRobinSharesStagesEvenly() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (int i = 0; i < 6; i++) {
      FederatedStageResult result =
          coordinator.executeFederated(
              "turns",
              FederatedStageConfig.builder()
                  .strategy(FederationStrategy.ROUND_ROBIN)
                  .regions(List.of("us", "eu"))
                  .build(),
              Json.of("{us: 1, eu: 2}"));
      counts.merge(onlyRegion(result), 1, Integer::sum);
    }
    assertThat(counts).containsOnly(Map.entry("us", 3), Map.entry("eu", 3));
  }

  @Test
  void leastLoadedAvoidsRegionsThatAreBusy() {
    FederatedStageConfig parallel =
        FederatedStageConfig.builder().regions(List.of("us", "eu")).build();
    Execution<FederatedStageResult> busy =
        coordinator.startFederated(
            new StageRequest(
                "busy",
                "transformer",
                Json.of("{}"),
                Json.of("{us: {a: 1}, eu: {b: 2}, hold: ['us', 'eu']}"),
                parallel));
    try {
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> deployment.node("us").holds("busy") && deployment.node("eu").holds("busy"));
      Set<String> chosen = new TreeSet<>();
      // The load is known with the next health check, after at most a second.
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> {
                FederatedStageResult result =
                    coordinator.executeFederated(
                        "idle",
                        FederatedStageConfig.builder()
                            .strategy(FederationStrategy.LEAST_LOADED)
                            .regions(REGIONS)
                            .build(),
                        Json.of("{us: 1, eu: 2, ap: 3}"));
                chosen.add(onlyRegion(result));
                List<Candidate> candidates = result.decisions().get(0).candidates();
                assertThat(candidates.get(0).region()).isEqualTo("ap");
                assertThat(candidates.get(1).score()).isGreaterThan(candidates.get(0).score());
              });
      assertThat(chosen).contains("ap");
    } finally {
      deployment.node("us").release("busy");
      deployment.node("eu").release("busy");
    }
    assertThat(busy.result().aggregated()).isEqualTo(Json.of("{a: 1, b: 2}"));
  }
}
