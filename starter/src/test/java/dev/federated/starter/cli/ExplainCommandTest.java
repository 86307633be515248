package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a stage would decide, and what another strategy would have decided. */
@Timeout(120)
class ExplainCommandTest {
  @TempDir private static Path directory;
  private static LocalServer server;

  @BeforeAll
  static void serve() throws IOException {
    write(
        "federation.yaml",
        """
        regions:
          - {name: dear, latitude: 52.5, longitude: 13.4, cost_per_execution: 0.04}
          - {name: cheap, latitude: 40.7, longitude: -74.0, cost_per_execution: 0.01}
          - {name: down, endpoint: "http://127.0.0.1:1", cost_per_execution: 0.001}
          - {name: off, enabled: false}
        health_check_interval_seconds: 0.2
        """);
    write("nearest.json", stage("nearest", "\"strategy\": \"nearest\""));
    write(
        "turns.json",
        stage("turns", "\"strategy\": \"round_robin\", \"regions\": [\"dear\", \"cheap\"]"));
    write("nowhere.json", stage("nowhere", "\"strategy\": \"nearest\", \"regions\": [\"off\"]"));
    write(
        "pipeline.json",
        "{\"id\": \"p\", \"stages\": [{\"id\": \"local\"}, %s, %s]}"
            .formatted(
                stage("near", "\"strategy\": \"nearest\""),
                stage("all", "\"strategy\": \"parallel\", \"regions\": [\"dear\", \"cheap\"]")));
    write(
        "inline.json",
        "{\"id\": \"p\", \"federation\": {\"execution\": \"inline\"}, \"stages\": [%s, %s]}"
            .formatted(
                stage("near", "\"strategy\": \"nearest\""),
                stage("all", "\"strategy\": \"parallel\", \"regions\": [\"dear\", \"cheap\"]")));
    server = LocalServer.start(directory).with(directory, "federation.yaml", Map.of());
  }

  private static String stage(String id, String block) {
    return "{\"id\": \"%s\", \"federation\": {%s, \"max_retries\": 0}}".formatted(id, block);
  }

  private static void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static CommandRun federate(String... arguments) {
    return CommandRun.of(directory, server.environment(), arguments);
  }

  private static CommandRun offline(String... arguments) {
    return CommandRun.of(directory, Map.of(), arguments);
  }

  private static String run(String stage) {
    CommandRun run = federate("stage", stage, "--from", "52,13", "-o", "json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run.json().path("workflow_id").asText();
  }

  @Test
  void whatNeitherAFileNorAPastStageAnswersIsExit2() {
    for (String[] wrong :
        new String[][] {
          {"explain"},
          {"explain", "missing.json"},
          {"explain", "pipeline.json"},
          {"explain", "pipeline.json", "--stage", "local"},
          {"explain", "nearest.json", "--strategy", "parallel"},
          {"explain", "nearest.json", "--embedded", "jvm"},
          {"explain", "--replay", "x"},
          {"explain", "--replay", "x", "--strategy", "fastest"},
          {"explain", "nearest.json", "--replay", "x", "--strategy", "parallel"},
          {"explain", "--replay", "nothing", "--strategy", "cost_optimized"},
        }) {
      CommandRun run = federate(wrong);
      assertThat(run.exitCode()).as(String.join(" ", wrong)).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.out()).isEmpty();
    }
    assertThat(federate("explain", "pipeline.json").err()).contains("near, all");
  }

  @Test
  void addressWhereNobodyListensIsExit5AndNotAnAnswerFromTheFile() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    Map<String, String> nowhere = Map.of("TEMPORAL_ADDRESS", "127.0.0.1:" + free);
    assertThat(CommandRun.of(directory, nowhere, "explain", "nearest.json").exitCode())
        .isEqualTo(ExitCodes.UNAVAILABLE);
    assertThat(CommandRun.of(directory, nowhere, "explain", "nearest.json", "--offline").exitCode())
        .isZero();
  }

  @Test
  void withoutServerTheFileAloneAnswersAndSaysSo() {
    CommandRun run =
        offline("explain", "nearest.json", "--offline", "--from", "52,13", "-o", "json");

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).startsWith("explained from federation.yaml alone");
    assertThat(run.json().properties().stream().map(Map.Entry::getKey))
        .containsExactly("strategy", "chosen", "reason", "candidates");
    for (JsonNode candidate : run.json().path("candidates")) {
      assertThat(candidate.properties().stream().map(Map.Entry::getKey))
          .containsExactlyInAnyOrder(
              "region", "eligible", "score", "reason", "estimated_cost", "estimated_latency_ms");
    }
    assertThat(run.json().at("/chosen/0").asText()).isEqualTo("dear");
    assertThat(run.json().at("/candidates/0/estimated_cost").asDouble()).isEqualTo(0.04);
    assertThat(run.json().at("/candidates/0/estimated_latency_ms").isNull()).isTrue();
    assertThat(run.json().at("/candidates/3/reason").asText()).contains("disabled");
  }

  @Test
  void withoutAnyEligibleRegionItIsExit1WithTheReasons() {
    CommandRun run = offline("explain", "nowhere.json", "--offline");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.out()).startsWith("no eligible region: off (disabled in the federation file)");
    assertThat(federate("explain", "nowhere.json").exitCode()).isEqualTo(ExitCodes.FAILED);
  }

  @Test
  void withAControlWorkerItTellsWhatThatKnows() {
    run("nearest.json");
    Awaitility.await()
        .untilAsserted(
            () -> {
              CommandRun run = federate("explain", "nearest.json", "--from", "52,13", "-o", "json");
              assertThat(run.exitCode()).as(run.err()).isZero();
              assertThat(run.err()).isEmpty();
              assertThat(run.json().at("/chosen/0").asText()).isEqualTo("dear");
              assertThat(run.json().at("/candidates/0/estimated_latency_ms").isNumber()).isTrue();
              assertThat(candidate(run.json(), "down").path("reason").asText())
                  .startsWith("offline");
            });
    assertThat(federate("explain", "nearest.json").out())
        .containsPattern("region +eligible +score +cost +ms +why")
        .containsPattern("\\* +(dear|cheap) +yes");
  }

  private static JsonNode candidate(JsonNode decision, String region) {
    for (JsonNode candidate : decision.path("candidates")) {
      if (candidate.path("region").asText().equals(region)) {
        return candidate;
      }
    }
    throw new AssertionError("no candidate " + region + " in " + decision);
  }

  @Test
  void askingTakesNobodysTurn() {
    Set<String> chosen = new HashSet<>();
    for (int i = 0; i < 2; i++) {
      String next = federate("explain", "turns.json", "-o", "json").json().at("/chosen").toString();
      assertThat(federate("explain", "turns.json", "-o", "json").json().at("/chosen").toString())
          .isEqualTo(next);
      CommandRun run = federate("stage", "turns.json", "-o", "json");
      assertThat(run.json().at("/decisions/0/chosen").toString()).isEqualTo(next);
      chosen.add(next);
    }
    assertThat(chosen).hasSize(2);
  }

  @Test
  void aStageOfAPipelineIsExplainedByItsId() {
    CommandRun run =
        offline("explain", "pipeline.json", "--offline", "--stage", "all", "-o", "json");

    assertThat(run.json().at("/chosen").toString()).isEqualTo("[\"dear\",\"cheap\"]");
  }

  @Test
  void replayTellsWhatAnotherStrategyWouldHaveDoneAndCost() {
    String id = run("nearest.json");

    CommandRun run =
        federate("explain", "--replay", id, "--strategy", "cost_optimized", "-o", "json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode stage = run.json().at("/stages/0");
    JsonNode recorded = federate("show", id, "-o", "json").json().at("/decisions/0");
    assertThat(stage.at("/then/chosen")).isEqualTo(recorded.path("chosen"));
    assertThat(stage.at("/then/reason")).isEqualTo(recorded.path("reason"));
    assertThat(stage.at("/then/chosen/0").asText()).isEqualTo("dear");
    assertThat(stage.path("estimated_cost_then").asDouble()).isEqualTo(0.04);
    assertThat(stage.path("actual_cost").asDouble()).isEqualTo(0.04);
    assertThat(stage.path("not_recorded").isNull()).isTrue();
    double now = stage.path("estimated_cost_now").asDouble();
    assertThat(stage.at("/now/chosen/0").asText()).isEqualTo(now == 0.001 ? "down" : "cheap");
    assertThat(now).isIn(0.01, 0.001);
    assertThat(run.json().path("total_estimated_cost_now").asDouble()).isEqualTo(now);
  }

  @Test
  void replayOfWhatWasNotRecordedSaysSo() {
    String id = run("nearest.json");
    String turns = run("turns.json");

    CommandRun run = federate("explain", "--replay", id, turns, "--strategy", "least_loaded");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("not recorded: load");
    assertThat(run.out()).contains("0 of 2 stages compared");
  }

  @Test
  void replayOfAPipelineAnswersForEachFederatedStageWhereverItRan() {
    for (String file : new String[] {"pipeline.json", "inline.json"}) {
      CommandRun ran = federate("run", file, "--from", "52,13", "-o", "json");
      assertThat(ran.exitCode()).as(ran.out()).isZero();
      String id = ran.json().path("workflow_id").asText();

      CommandRun run = federate("explain", "--replay", id, "--strategy", "parallel", "-o", "json");

      assertThat(run.json().path("stages")).as(file).hasSize(2);
      JsonNode near = run.json().at("/stages/0");
      assertThat(near.path("stage_id").asText()).isEqualTo("near");
      assertThat(near.at("/then/strategy").asText()).isEqualTo("nearest");
      assertThat(near.at("/then/chosen").toString()).isEqualTo("[\"dear\"]");
      assertThat(near.path("actual_cost").asDouble()).isEqualTo(0.04);
      JsonNode all = run.json().at("/stages/1");
      assertThat(all.at("/then/chosen").toString()).isEqualTo("[\"dear\",\"cheap\"]");
      assertThat(all.path("estimated_cost_now").asDouble()).isEqualTo(0.05);
      assertThat(all.path("actual_cost").asDouble()).isEqualTo(0.05);
    }
  }

  @Test
  void replayOfAWorkflowThatIsNotOursIsExit2() {
    WorkflowStub foreign =
        server
            .client()
            .newUntypedWorkflowStub(
                "OrderWorkflow",
                WorkflowOptions.newBuilder()
                    .setTaskQueue("orders")
                    .setWorkflowId("order-9")
                    .build());
    foreign.start();
    CommandRun run = federate("explain", "--replay", "order-9", "--strategy", "parallel");
    foreign.terminate("the test ends");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("OrderWorkflow");
  }
}
