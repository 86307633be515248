package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.claimcheck.LargeData;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.connection.TemporalConnection;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Inputs of 20 MB over three regions, one of them behind a node, with a store of large data. */
@Timeout(240)
@RealServer.Needed
class LargeDataTest {
  private static final String NAMESPACE = "large-data";
  private static final int ROWS = 20_000;
  private static final int MOST_HISTORY_BYTES = 50_000;
  private static final Duration LONGEST = Duration.ofMinutes(2);

  @TempDir private Path directory;
  private Path store = Path.of("");

  @BeforeEach
  void makeTheStore() throws IOException {
    store = Files.createDirectory(directory.resolve("store"));
  }

  private static ObjectNode input() {
    ObjectNode input = JsonNodeFactory.instance.objectNode();
    input.putArray("hold").add("eu");
    ArrayNode rows = input.putArray("rows");
    for (int i = 0; i < ROWS; i++) {
      rows.add("%d %s".formatted(i, "x".repeat(1_000)));
    }
    return input;
  }

  private static StageRequest stage(String expression) {
    return new StageRequest(
        "large",
        "json_transform",
        Json.of("{jmespath_expression: '%s'}".formatted(expression)),
        input(),
        FederatedStageConfig.builder()
            .regions(List.of("us", "eu", "ap"))
            .strategy(FederationStrategy.PARALLEL)
            .aggregation(AggregationStrategy.ALL)
            .build());
  }

  private List<Path> stored() throws IOException {
    try (Stream<Path> files = Files.walk(store)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void theInputIsStoredOnceTheHistoryStaysSmallAndAKilledControlWorkerLosesNothing(
      RealServer server) throws Exception {
    server.newNamespace(NAMESPACE);
    Map<String, String> environment = new LinkedHashMap<>(server.environment(NAMESPACE));
    environment.put(LargeData.VARIABLE, store.toUri().toString());
    WorkflowClient client =
        WorkflowClient.newInstance(
            server.stubs(), TemporalConnection.load(environment).clientOptions());
    FederationCoordinator coordinator = new FederationCoordinator(client);
    try (TestNode eu = TestNode.start("eu", null)) {
      Files.writeString(
          directory.resolve("federation.yaml"),
          """
          regions: [{name: us}, {name: eu, endpoint: "%s"}, {name: ap}]
          max_output_bytes: 60000000
          """
              .formatted(eu.endpoint()));
      try (FederateProcess regions =
              start("large-regions", environment, "--region", "us", "eu", "ap");
          FederateProcess killed = start("large-control", environment, "--control")) {
        regions.awaitReady();
        killed.awaitReady();
        awaitSeen(coordinator);
        Execution<FederatedStageResult> execution =
            coordinator.startFederated(stage("rows[:3000]"));
        await().atMost(LONGEST).until(() -> eu.holds("large"));
        assertThat(stored())
            .as("the rows, whatever request they stand in, and the output of the other regions")
            .hasSizeBetween(1, 2);
        killed.kill();
        try (FederateProcess control = start("large-control", environment, "--control")) {
          control.awaitReady();
          eu.release("large");
          FederatedStageResult result =
              execution.resultAsync().get(LONGEST.toSeconds(), TimeUnit.SECONDS);
          assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
          JsonNode outputs = result.aggregated();
          assertThat(outputs).hasSize(3);
          assertThat(result.regionResults().get("eu").output().at("/result")).hasSize(3_000);
          assertThat(stored()).as("the rows, and the output that all regions gave").hasSize(2);
          assertThat(Files.size(stored().get(0))).isLessThan(2_000_000);
          assertThat(client.fetchHistory(execution.workflowId()).getHistory().getSerializedSize())
              .isLessThan(MOST_HISTORY_BYTES);
          assertThat(eu.executions().values()).containsOnly(1);
        }
      }
    }
  }

  /** The control worker may have started first: it has to see the regions' pollers. */
  private static void awaitSeen(FederationCoordinator coordinator) {
    FederatedStageConfig everywhere =
        FederatedStageConfig.builder()
            .regions(List.of("us", "eu", "ap"))
            .strategy(FederationStrategy.PARALLEL)
            .maxRetries(0)
            .build();
    await("the regions' workers are seen")
        .atMost(LONGEST)
        .ignoreExceptions()
        .until(
            () ->
                coordinator.executeFederated("seen", everywhere, Json.of("{}")).outcome()
                    == StageOutcome.SUCCEEDED);
  }

  private FederateProcess start(String name, Map<String, String> environment, String... roles) {
    return FederateProcess.start(
        name,
        directory,
        environment,
        Stream.concat(Stream.of("worker", "--metrics-port", "0"), Stream.of(roles))
            .toArray(String[]::new));
  }
}
