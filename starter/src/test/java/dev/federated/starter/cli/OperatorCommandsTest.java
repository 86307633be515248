package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.config.FederationFile;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.awaitility.Awaitility;
import org.jspecify.annotations.NonNull;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator asks: health, stats, regions, route, show and setup. */
@Timeout(120)
class OperatorCommandsTest {
  @TempDir private static Path directory;
  private static final CountDownLatch released = new CountDownLatch(1);
  private static LocalServer server;
  private static MockWebServer slow;

  @BeforeAll
  static void serve() throws IOException {
    slow = new MockWebServer();
    slow.setDispatcher(
        new Dispatcher() {
          @Override
          public @NonNull MockResponse dispatch(@NonNull RecordedRequest request)
              throws InterruptedException {
            boolean health = String.valueOf(request.getUrl()).endsWith("/health");
            if (!health) {
              var unused = released.await(60, TimeUnit.SECONDS);
            }
            return new MockResponse.Builder()
                .body(
                    health
                        ? "{\"node_id\": \"slow\", \"load\": 0.5, \"capacity\": 4}"
                        : "{\"output\": 1}")
                .build();
          }
        });
    slow.start();
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - {name: here, max_concurrent: 3, latitude: 0, longitude: 0}
          - {name: off, max_concurrent: 5, enabled: false, latitude: 1, longitude: 1}
          - {name: unserved, max_concurrent: 6}
          - {name: down, max_concurrent: 7, endpoint: "http://127.0.0.1:1"}
          - {name: slow, max_concurrent: 8, endpoint: "%s", latitude: 52.5, longitude: 13.4}
        """
            .formatted(slow.url("/").toString().replaceAll("/$", "")));
    FederationFile file = new FederationConfigLoader(Map.of(), directory).load("federation.yaml");
    server =
        LocalServer.start(directory)
            .with(file, new WorkerRoles(true, List.of("here", "down", "slow")), Map.of());
    stage("slow.json", "slow");
    stage("here.json", "here");
    stage("down.json", "down");
  }

  private static void stage(String file, String region) throws IOException {
    String stage =
        """
        {"id": "process", "type": "transformer", "config": {},
         "federation": {"strategy": "nearest", "regions": ["%s"], "max_retries": 0}}
        """
            .formatted(region);
    Files.writeString(directory.resolve(file), stage);
    Files.writeString(
        directory.resolve("pipeline-" + file),
        "{\"id\": \"p\", \"stages\": [%s]}".formatted(stage));
  }

  @AfterAll
  static void stop() {
    released.countDown();
    server.close();
    slow.close();
  }

  private static CommandRun federate(String... arguments) {
    return CommandRun.of(directory, server.environment(), arguments);
  }

  @Test
  void statsOfAServerThatListsNothingAreApproximate() {
    assertThat(federate("stage", "here.json", "--input", "1").exitCode()).isZero();

    Awaitility.await("the worker has reported")
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                federate("stats", "-o", "json")
                        .json()
                        .at("/by_region/here/total_executions")
                        .asInt()
                    > 0);
    JsonNode stats = federate("stats", "-o", "json").json();

    assertThat(stats.path("approximate").asBoolean()).isTrue();
    assertThat(stats.path("total_executions").asInt()).isPositive();
    assertThat(stats.at("/by_region/here/success_rate").asDouble()).isEqualTo(100);
    assertThat(stats.at("/by_region/here/p95_latency_ms").isNumber()).isTrue();
    assertThat(federate("stats").out()).contains("all regions", "here", "approximate");
  }

  @Test
  void aRegionThatIsNotThereCannotBeDrained() {
    CommandRun run = federate("regions", "drain", "heer", "-o", "json");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.json().at("/error/message").asText()).contains("no region named heer");
    assertThat(federate("regions", "drain").exitCode()).isEqualTo(2);
    assertThat(federate("regions", "list", "here").exitCode()).isEqualTo(2);
    assertThat(federate("regions", "add", "nowhere").err())
        .contains("the federation file has no region 'nowhere' to add");
  }

  @Test
  void aDrainedRegionIsListedAsThatAndTakesNoStageUntilItIsEnabled() {
    Awaitility.await("the worker has told the names of its regions")
        .atMost(Duration.ofSeconds(20))
        .until(() -> federate("regions", "drain", "down", "--reason", "repair").exitCode() == 0);

    JsonNode down = region(federate("regions", "list", "-o", "json").json(), "down");
    assertThat(down.path("state").asText()).isEqualTo("drained");
    assertThat(down.path("reason").asText()).isEqualTo("repair");
    assertThat(
            region(federate("regions", "list", "-o", "json").json(), "off").path("state").asText())
        .isEqualTo("disabled");
    Awaitility.await("the control worker knows")
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                federate("stage", "down.json", "--input", "1", "-o", "json")
                    .out()
                    .contains("drained by an operator"));

    assertThat(federate("regions", "enable", "down").exitCode()).isZero();
    assertThat(federate("regions", "list").out()).doesNotContain("drained");
  }

  private static JsonNode region(JsonNode list, String name) {
    for (JsonNode region : list) {
      if (region.path("region").asText().equals(name)) {
        return region;
      }
    }
    throw new AssertionError("no region " + name + " in " + list);
  }

  @Test
  void healthTellsEveryRegionWithWhatTheFileSaysOfIt() {
    CommandRun run = federate("health", "-o", "json");
    assertThat(run.exitCode()).isZero();
    JsonNode health = run.json();
    assertThat(health.properties().stream().map(Map.Entry::getKey))
        .containsExactlyInAnyOrder("here", "off", "unserved", "down", "slow");
    for (JsonNode region : health) {
      assertThat(region.properties().stream().map(Map.Entry::getKey))
          .containsExactly(
              "healthy", "status", "latency_ms", "current_load", "max_concurrent", "reason");
    }
    assertThat(health.at("/here/healthy").asBoolean()).isTrue();
    assertThat(health.at("/here/reason").isNull()).isTrue();
    assertThat(health.at("/here/max_concurrent").asInt()).isEqualTo(3);
    assertThat(health.at("/off/healthy").asBoolean()).isFalse();
    assertThat(health.at("/off/status").asText()).isEqualTo("disabled");
    assertThat(health.at("/off/max_concurrent").asInt()).isEqualTo(5);
    assertThat(health.at("/unserved/status").asText()).isEqualTo("no_worker");
    assertThat(health.at("/unserved/max_concurrent").asInt()).isEqualTo(6);
    assertThat(health.at("/unserved/reason").asText())
        .contains("federate worker --region unserved");
    assertThat(health.at("/down/status").asText()).isEqualTo("offline");
    assertThat(health.at("/down/max_concurrent").asInt()).isEqualTo(7);
    assertThat(health.at("/down/reason").asText()).isNotEmpty();
    assertThat(health.at("/slow/current_load").asDouble()).isEqualTo(2.0);
    assertThat(health.at("/slow/latency_ms").isIntegralNumber()).isTrue();
  }

  @Test
  void healthInTextIsATable() {
    CommandRun run = federate("health");
    assertThat(run.out()).startsWith("region").contains("no_worker", "2/8");
  }

  @Test
  void routeTellsTheNearestEnabledRegionAndEveryCandidate() {
    CommandRun run = CommandRun.of(directory, Map.of(), "route", "--from", "1,1", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().properties().stream().map(Map.Entry::getKey))
        .containsExactly("region", "distance_km", "candidates");
    assertThat(run.json().path("region").asText()).isEqualTo("here");
    assertThat(run.json().path("distance_km").asDouble()).isBetween(156.0, 158.0);
    assertThat(run.json().path("candidates")).hasSize(5);
    assertThat(run.err()).isEmpty();
  }

  @Test
  void placeSouthOrWestIsAValueAndNotAnOption() {
    CommandRun run =
        CommandRun.of(directory, Map.of(), "route", "--from", "-33.9,-70.7", "-o", "json");
    assertThat(run.exitCode()).isZero();
    CommandRun none = CommandRun.of(directory, Map.of(), "route", "--from", "91,0", "-o", "json");
    assertThat(none.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
  }

  @Test
  void showOfAnUnknownIdIsExit2() {
    CommandRun run = federate("show", "nothing", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/message").asText()).contains("nothing");
  }

  @Test
  void showOfAWorkflowThatIsNotOursIsExit2AlsoWhileItRuns() {
    WorkflowStub foreign =
        server
            .client()
            .newUntypedWorkflowStub(
                "OrderWorkflow",
                WorkflowOptions.newBuilder()
                    .setTaskQueue("orders")
                    .setWorkflowId("order-1")
                    .build());
    foreign.start();
    CommandRun running = federate("show", "order-1", "-o", "json");
    assertThat(running.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(running.json().at("/error/message").asText()).contains("OrderWorkflow");
    foreign.terminate("the test ends");
    assertThat(federate("show", "order-1").exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
  }

  @Test
  void showOfAFailedExecutionPrintsItsResult() {
    CommandRun run = federate("run", "pipeline-down.json", "--workflow-id", "f", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    CommandRun show = federate("show", "f", "-o", "json");
    assertThat(show.exitCode()).isZero();
    assertThat(show.json()).isEqualTo(run.json());
    CommandRun stage = federate("show", "f:process", "-o", "json");
    assertThat(stage.json().path("outcome").asText()).isEqualTo("failed");
    assertThat(federate("show", "f:process").out()).startsWith("stage process: failed");
  }

  @Test
  void showOfARunningExecutionTellsWhereItRunsAndOfACancelledOneThatItWasCancelled()
      throws Exception {
    assertThat(federate("run", "pipeline-slow.json", "--workflow-id", "r", "--detach").exitCode())
        .isZero();
    Awaitility.await()
        .untilAsserted(
            () -> {
              CommandRun show = federate("show", "r:process", "-o", "json");
              assertThat(show.json().path("status").asText()).isEqualTo("running");
              assertThat(show.json().at("/running_in/0/region").asText()).isEqualTo("slow");
              assertThat(show.json().at("/running_in/0/attempt").asInt()).isEqualTo(1);
            });
    CommandRun pipeline = federate("show", "r", "-o", "json");
    assertThat(pipeline.json().at("/stages/0").asText()).isEqualTo("r:process");
    assertThat(federate("show", "r").out()).startsWith("r running");
    WorkflowStub stub = server.client().newUntypedWorkflowStub("r");
    stub.cancel();
    Awaitility.await()
        .untilAsserted(
            () -> {
              CommandRun show = federate("show", "r", "-o", "json");
              assertThat(show.exitCode()).isZero();
              assertThat(show.json().at("/error/type").asText()).isEqualTo("Cancelled");
              assertThat(show.json().at("/stages/process/status").asText()).isEqualTo("cancelled");
            });
  }

  @Test
  void setupRegistersTheSearchAttributesOnceAndSaysWhatWasThere() {
    try (LocalServer fresh = LocalServer.start(directory)) {
      CommandRun first = CommandRun.of(directory, fresh.environment(), "setup", "-o", "json");
      assertThat(first.exitCode()).as(first.out()).isZero();
      assertThat(first.json().path("added")).hasSize(4);
      CommandRun second = CommandRun.of(directory, fresh.environment(), "setup", "-o", "json");
      assertThat(second.exitCode()).isZero();
      assertThat(second.json().path("added")).isEmpty();
      assertThat(second.json().path("present")).hasSize(4);
    }
  }
}
