package dev.federated.starter.reference;

import static dev.federated.starter.FederationEnvironment.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.Hop;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.SecretSource;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.parsing.FederationConfigParser;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineResult;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.RegionHealth;
import dev.federated.starter.DataRouter;
import dev.federated.starter.FederationEnvironment;
import dev.federated.starter.RemoteExecutor;
import dev.federated.worker.node.NodeAnswer;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import dev.federated.worker.node.RequestFilter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Java counterpart of each example of the reference document, in its order. */
@Timeout(120)
class ReferenceDocumentTest {
  private static final GeoPoint NEW_YORK = new GeoPoint(40.7128, -74.006);
  private static final JsonNode DATA = json("{\"data\": [3, 1, 2]}");

  private static final RequestFilter FAILING =
      (request, next) ->
          request.path().endsWith("/execute")
              ? new NodeAnswer(503, Map.of(), "{}")
              : next.handle(request);

  @TempDir Path directory;

  private final ComponentExecutor components = ComponentExecutor.builder().build();
  private final List<RegionNode> nodes = new ArrayList<>();

  @AfterEach
  void stopTheNodes() {
    nodes.forEach(RegionNode::close);
    components.close();
  }

  private static RegionConfig.Builder usEast() {
    return RegionConfig.builder("us-east-1")
        .priority(1)
        .weight(1.0)
        .maxConcurrent(10)
        .timeoutSeconds(300)
        .tags(List.of("gpu", "high-memory"))
        .latitude(37.7749)
        .longitude(-122.4194)
        .costPerExecution(0.01)
        .costPerToken(0.00001);
  }

  private static RegionConfig.Builder euWest() {
    return RegionConfig.builder("eu-west-1").priority(2).latitude(51.5074).longitude(-0.1278);
  }

  private static RegionConfig.Builder apNortheast() {
    return RegionConfig.builder("ap-northeast-1");
  }

  /** Regions whose workers execute the components themselves. */
  private static FederationConfig local() {
    return FederationConfig.builder()
        .regions(List.of(usEast().build(), euWest().build(), apNortheast().build()))
        .defaultStrategy(FederationStrategy.NEAREST)
        .build();
  }

  /** A region behind HTTP. */
  private RegionConfig behindHttp(RegionConfig.Builder region, String key, RequestFilter filter)
      throws Exception {
    RegionNode node =
        RegionNode.start(
            RegionNodeOptions.builder(region.build().name())
                .key(key)
                .executor(components)
                .filter(filter)
                .build());
    nodes.add(node);
    return region.endpoint(node.endpoint()).apiKey(SecretSource.parse(key)).build();
  }

  private FederationEnvironment start(RegionConfig... regions) {
    return FederationEnvironment.start(FederationConfig.of(List.of(regions)), directory);
  }

  @Test
  void regionConfiguration() {
    RegionConfig usEast =
        usEast()
            .endpoint(URI.create("https://us-east.example.com"))
            .apiKey(SecretSource.parse("us-east-key"))
            .build();
    RegionConfig euWest =
        euWest()
            .endpoint(URI.create("https://eu-west.example.com"))
            .apiKey(SecretSource.parse("eu-west-key"))
            .build();
    FederationConfig config =
        FederationConfig.builder()
            .regions(List.of(usEast, euWest))
            .defaultStrategy(FederationStrategy.NEAREST)
            .build();

    FederationConfig file =
        FederationConfigParser.parse(
            json(
                """
                {"regions": [
                  {"name": "us-east-1", "endpoint": "https://us-east.example.com",
                   "api_key": "us-east-key", "priority": 1, "weight": 1.0, "max_concurrent": 10,
                   "timeout_seconds": 300, "tags": ["gpu", "high-memory"],
                   "latitude": 37.7749, "longitude": -122.4194,
                   "cost_per_execution": 0.01, "cost_per_token": 0.00001},
                  {"name": "eu-west-1", "endpoint": "https://eu-west.example.com",
                   "api_key": "eu-west-key", "priority": 2,
                   "latitude": 51.5074, "longitude": -0.1278}],
                 "default_strategy": "nearest"}
                """),
            "federation.json",
            "in-code");
    assertThat(config).isEqualTo(file);
    assertThat(config.toString()).doesNotContain("us-east-key", "eu-west-key");
  }

  @Test
  void stageConfiguration() {
    PipelineDefinition pipeline =
        PipelineParser.parse(
                json(
                    """
                    {"id": "p", "stages": [{
                      "id": "process-data",
                      "type": "transformer",
                      "federation": {
                        "strategy": "parallel",
                        "regions": ["us-east-1", "eu-west-1", "ap-northeast-1"],
                        "data_locality": true,
                        "aggregation": "merge"}}]}
                    """),
                "pipeline.json",
                local())
            .pipeline();

    assertThat(pipeline.stages().get(0).federation())
        .isEqualTo(
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.PARALLEL)
                .regions(List.of("us-east-1", "eu-west-1", "ap-northeast-1"))
                .dataLocality(true)
                .aggregation(AggregationStrategy.MERGE)
                .build());
  }

  @Test
  void coordinator() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(List.of("us-east-1", "eu-west-1"))
            .dataLocality(true)
            .aggregation(AggregationStrategy.MERGE)
            .timeoutSeconds(300)
            .retryOnFailure(true)
            .fallbackRegion("us-east-1")
            .build();
    try (FederationEnvironment environment = FederationEnvironment.start(local(), directory)) {
      FederatedStageResult result =
          environment.coordinator().executeFederated("process-data", stage, DATA);

      assertThat(result.regionResults()).hasSize(2);
      assertThat(result.aggregated()).isEqualTo(DATA);
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.totalCost()).isEqualTo(0.01);
    }
  }

  @Test
  void remoteExecutor() throws Exception {
    try (FederationEnvironment environment =
        start(
            behindHttp(usEast(), "us-east-key", RequestFilter.NONE),
            behindHttp(euWest(), "eu-west-key", RequestFilter.NONE))) {
      RemoteExecutor executor = new RemoteExecutor(environment.coordinator());

      RegionResult one = executor.execute("us-east-1", "process", DATA);
      assertThat(one.output()).isEqualTo(DATA);
      assertThat(one.executedIn()).isEqualTo("us-east-1");

      Map<String, RegionResult> several =
          executor.executeParallel(List.of("us-east-1", "eu-west-1"), "process", DATA);
      assertThat(several.keySet()).containsExactly("us-east-1", "eu-west-1");
      assertThat(several.values()).allMatch(result -> result.status() == RegionStatus.SUCCEEDED);
    }
    assertThat(nodes.get(0).executions()).hasSize(2);
    assertThat(nodes.get(1).executions()).hasSize(1);
  }

  @Test
  void dataRouter() {
    DataRouter router = new DataRouter(local());

    assertThat(router.optimalRegion(NEW_YORK)).isEqualTo("us-east-1");
    assertThat(router.routeData(DATA, FederationStrategy.NEAREST, NEW_YORK))
        .isEqualTo(Map.of("us-east-1", DATA));
  }

  @Test
  void pipelineConfiguration() throws Exception {
    PipelineDefinition pipeline =
        PipelineParser.parse(
                json(
                    """
                    {
                      "id": "global-analytics",
                      "name": "Global Analytics Pipeline",
                      "federation": {"enabled": true, "default_strategy": "nearest"},
                      "stages": [
                        {"id": "collect", "type": "http_request",
                         "config": {"url": "{{input.data_url}}"}},
                        {"id": "process", "type": "json_transform", "depends_on": ["collect"],
                         "federation": {
                           "strategy": "parallel",
                           "regions": ["us-east-1", "eu-west-1", "ap-northeast-1"],
                           "aggregation": "merge"}},
                        {"id": "store", "type": "database_write", "depends_on": ["process"]}
                      ]
                    }
                    """),
                "pipeline.json",
                local())
            .pipeline();
    FederationConfig federation =
        FederationConfig.builder()
            .regions(local().regions())
            .outboundAllow(List.of("127.0.0.0/8"))
            .build();
    try (MockWebServer server = new MockWebServer();
        FederationEnvironment environment = FederationEnvironment.start(federation, directory)) {
      server.start();
      server.enqueue(
          new MockResponse.Builder()
              .addHeader("Content-Type", "application/json")
              .body("{\"visits\": 7}")
              .build());
      String url = "http://127.0.0.1:%d/data".formatted(server.getPort());

      PipelineResult result =
          environment
              .coordinator()
              .startPipeline(pipeline, json("{\"data_url\": \"%s\"}".formatted(url)))
              .result();

      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.stages().get("process").result().successfulRegions()).hasSize(3);
      assertThat(result.stages().get("process").output().at("/result/body/visits").asInt())
          .isEqualTo(7);
      assertThat(result.output().path("rows_written").asInt()).isEqualTo(1);
    }
  }

  @Test
  void healthChecks() throws Exception {
    RegionConfig away = apNortheast().endpoint(URI.create("http://127.0.0.1:1")).build();
    try (FederationEnvironment environment =
        start(
            behindHttp(usEast(), "us-east-key", RequestFilter.NONE),
            behindHttp(euWest(), "eu-west-key", RequestFilter.NONE),
            away)) {
      Map<String, RegionHealth> health = environment.coordinator().checkHealth();

      assertThat(health.keySet()).containsExactly("us-east-1", "eu-west-1", "ap-northeast-1");
      RegionHealth usEast = health.get("us-east-1");
      assertThat(usEast.healthy()).isTrue();
      assertThat(usEast.latencyMs()).isNotNegative();
      assertThat(usEast.currentLoad()).isZero();
      assertThat(usEast.maxConcurrent()).isEqualTo(10);
      assertThat(health.get("ap-northeast-1").healthy()).isFalse();
      assertThat(health.get("ap-northeast-1").reason()).isNotBlank();
    }
  }

  @Test
  void failover() throws Exception {
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.NEAREST)
            .regions(List.of("us-east-1", "eu-west-1"))
            .sourceLocation(NEW_YORK)
            .retryOnFailure(true)
            .maxRetries(3)
            .retryDelaySeconds(0.01)
            .fallbackRegion("eu-west-1")
            .build();
    try (FederationEnvironment environment =
        start(
            behindHttp(usEast(), "us-east-key", FAILING),
            behindHttp(euWest(), "eu-west-key", RequestFilter.NONE))) {
      FederatedStageResult result =
          environment.coordinator().executeFederated("process-data", stage, DATA);

      RegionResult share = result.regionResults().get("us-east-1");
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.aggregated()).isEqualTo(DATA);
      assertThat(share.executedIn()).isEqualTo("eu-west-1");
      assertThat(share.attempts()).isEqualTo(5);
      assertThat(share.hops()).hasSize(1);
      Hop hop = share.hops().get(0);
      assertThat(hop.region()).isEqualTo("us-east-1");
      assertThat(hop.attempts()).isEqualTo(4);
      assertThat(hop.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    }
  }

  @Test
  void partialFailures() throws Exception {
    FederatedStageConfig stage =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(List.of("us-east-1", "eu-west-1"))
            .retryOnFailure(false)
            .build();
    try (FederationEnvironment environment =
        start(
            behindHttp(usEast(), "us-east-key", RequestFilter.NONE),
            behindHttp(euWest(), "eu-west-key", FAILING))) {
      FederatedStageResult result =
          environment
              .coordinator()
              .executeFederated(
                  new StageRequest("process-data", "transformer", json("{}"), DATA, stage));

      assertThat(result.hasPartialFailure()).isTrue();
      assertThat(result.failedRegions()).containsExactly("eu-west-1");
      assertThat(result.successfulRegions()).containsExactly("us-east-1");
      assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    }
  }
}
