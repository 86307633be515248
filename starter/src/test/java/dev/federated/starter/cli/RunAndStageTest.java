package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.NonNull;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands run and stage against one server with workers. */
@Timeout(120)
class RunAndStageTest {
  @TempDir private static Path directory;
  private static LocalServer server;
  private static MockWebServer broken;

  @BeforeAll
  static void serve() throws IOException {
    broken = new MockWebServer();
    broken.setDispatcher(
        new Dispatcher() {
          @Override
          public @NonNull MockResponse dispatch(@NonNull RecordedRequest request) {
            return new MockResponse.Builder().code(400).body("no").build();
          }
        });
    broken.start();
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - {name: us, latitude: 40.7, longitude: -74.0, priority: 1, cost_per_execution: 0.01}
          - {name: eu, latitude: 52.5, longitude: 13.4, priority: 2}
          - {name: bad, endpoint: "%s", priority: 9, enabled: true}
        """
            .formatted(broken.url("/").toString().replaceAll("/$", "")));
    server = LocalServer.start(directory).with(directory, "federation.yaml", Map.of());
  }

  @AfterAll
  static void stop() {
    server.close();
    broken.close();
  }

  @BeforeEach
  void files() throws IOException {
    stage("good.json", "[\"us\", \"eu\"]", "");
    stage("partial.json", "[\"us\", \"bad\"]", "");
    stage("failed.json", "[\"bad\"]", "");
  }

  private static void stage(String file, String regions, String more) throws IOException {
    Files.writeString(
        directory.resolve(file),
        """
        {"id": "process", "type": "transformer", "config": {},
         "federation": {"strategy": "parallel", "regions": %s, "aggregation": "all"%s}}
        """
            .formatted(regions, more));
    Files.writeString(
        directory.resolve("pipeline-" + file),
        """
        {"id": "p", "name": "A pipeline",
         "input_schema": {"type": "object", "required": ["n"]},
         "stages": [{"id": "process", "type": "transformer", "config": {}, "depends_on": [],
         "federation": {"strategy": "parallel", "regions": %s, "aggregation": "all"%s}}]}
        """
            .formatted(regions, more));
  }

  private static CommandRun federate(String... arguments) {
    return CommandRun.of(directory, server.environment(), arguments);
  }

  private static JsonNode json(String text) throws IOException {
    return CommandRun.MAPPER.readTree(text);
  }

  @Test
  void stageThatFailedIsExit1AndItsResultIsTheOneDocument() {
    CommandRun run = federate("stage", "failed.json", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.json().path("outcome").asText()).isEqualTo("failed");
    assertThat(run.json().at("/region_results/bad/error/type").asText())
        .isEqualTo("RegionRejected");
    assertThat(run.err()).contains("started process-", "process in bad failed: RegionRejected");
    assertThat(run.err()).doesNotContain("Exception", "\tat ");
  }

  @Test
  void thePauseOfAWaveAndTheGraceOfAQuorumAreNotTakenForAStageThatWaits() throws IOException {
    stage("wave.json", "[\"us\", \"eu\"]", ", \"pause_seconds\": 1");
    Files.writeString(
        directory.resolve("wave.json"),
        Files.readString(directory.resolve("wave.json")).replace("parallel", "sequential"));
    stage("grace.json", "[\"us\", \"eu\"]", ", \"max_parallel\": 1, \"grace_seconds\": 60");

    for (String file : new String[] {"wave.json", "grace.json"}) {
      CommandRun run = federate("stage", file, "-o", "json");
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCEEDED);
      assertThat(run.json().has("complete")).isFalse();
    }
  }

  @Test
  void whoIsMissingIsSaidInTheTextToo() throws IOException {
    stage("quorum.json", "[\"us\", \"eu\"]", ", \"max_parallel\": 1, \"grace_seconds\": 0");

    CommandRun run = federate("stage", "quorum.json");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCEEDED);
    assertThat(run.out()).contains("not complete, missing: eu");
  }

  @Test
  void partialStageIsExit3() {
    CommandRun run = federate("stage", "partial.json", "-o", "json", "--input", "{\"n\": 1}");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.PARTIAL);
    assertThat(run.json().path("has_partial_failure").asBoolean()).isTrue();
    assertThat(run.json().at("/aggregated/0/n").asInt()).isEqualTo(1);
  }

  @Test
  void pipelineThatFailedIsExit1AndPartialIsExit3() {
    CommandRun failed =
        federate("run", "pipeline-failed.json", "-o", "json", "--input", "{\"n\":1}");
    assertThat(failed.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(failed.json().path("outcome").asText()).isEqualTo("failed");
    assertThat(failed.json().at("/stages/process/result/region_results/bad/attempts").asInt())
        .isEqualTo(1);
    CommandRun partial =
        federate("run", "pipeline-partial.json", "-o", "json", "--input", "{\"n\":1}");
    assertThat(partial.exitCode()).isEqualTo(ExitCodes.PARTIAL);
    assertThat(partial.json().at("/stages/process/status").asText()).isEqualTo("partial");
  }

  @Test
  void pipelineThatSucceededPrintsTheWholeShape() {
    CommandRun run = federate("run", "pipeline-good.json", "-o", "json", "--input", "{\"n\":1}");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().properties().stream().map(Map.Entry::getKey))
        .contains(
            "pipeline_id",
            "outcome",
            "output",
            "stages",
            "total_cost",
            "total_tokens",
            "latency_ms",
            "workflow_id",
            "run_id");
    assertThat(run.json().path("output").toString()).isEqualTo("[{\"n\":1},{\"n\":1}]");
    assertThat(run.err()).contains("process in us succeeded", "process in eu succeeded");
  }

  @Test
  void textIsForPeopleAndTheExitCodeTheSame() {
    CommandRun run = federate("stage", "partial.json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.PARTIAL);
    assertThat(run.out()).startsWith("stage process: partial").contains("RegionRejected");
  }

  @Test
  void inputIsTheTemplateAndWithoutInputsTheInputsOfTheStage() throws IOException {
    Files.writeString(
        directory.resolve("template.json"),
        """
        {"id": "s", "type": "transformer", "config": {}, "inputs": {"double": "{{input.n}}"},
         "federation": {"strategy": "nearest", "regions": ["us"]}}
        """);
    CommandRun template = federate("stage", "template.json", "--input", "{\"n\": 7}", "-o", "json");
    assertThat(template.json().path("aggregated")).isEqualTo(json("{\"double\": 7}"));
    CommandRun plain = federate("stage", "good.json", "--input", "[1]", "-o", "json");
    assertThat(plain.json().path("aggregated")).isEqualTo(json("[[1],[1]]"));
  }

  @Test
  void placeThatTheTemplateMissesIsExit2WithTheSegment() throws IOException {
    Files.writeString(
        directory.resolve("missing.json"),
        """
        {"id": "s", "type": "transformer", "config": {"a": "{{input.deep.er}}"},
         "federation": {"strategy": "nearest", "regions": ["us"]}}
        """);
    CommandRun run = federate("stage", "missing.json", "--input", "{}", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/message").asText()).contains("{{input.deep.er}}", "deep");
  }

  @Test
  void upstreamOfAStageOnItsOwnIsExit2() throws IOException {
    Files.writeString(
        directory.resolve("upstream.json"),
        """
        {"id": "s", "type": "transformer", "config": {}, "inputs": "{{upstream.a.b}}",
         "federation": {"strategy": "nearest", "regions": ["us"]}}
        """);
    CommandRun run = federate("stage", "upstream.json", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/problems/0/message").asText())
        .contains("the stage runs on its own");
  }

  @Test
  void callersPlaceDecidesForNearest() throws IOException {
    Files.writeString(
        directory.resolve("nearest.json"),
        """
        {"id": "s", "type": "transformer", "config": {},
         "federation": {"strategy": "nearest", "regions": ["us", "eu"]}}
        """);
    assertThat(successful("nearest.json", "48.1,11.6")).isEqualTo("[\"eu\"]");
    assertThat(successful("nearest.json", "-33.9,-70.7")).isEqualTo("[\"us\"]");
  }

  private static String successful(String stage, String place) {
    CommandRun run = federate("stage", stage, "--from", place, "-o", "json");
    return run.json().path("successful_regions").toString();
  }

  @Test
  void inputThatTheSchemaRefusesIsExit2BeforeAnythingStarts() {
    CommandRun run = federate("run", "pipeline-good.json", "-o", "json", "--input", "{}");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/problems/0/file").asText()).isEqualTo("--input");
    assertThat(run.json().at("/error/problems/0/message").asText()).contains("n");
    assertThat(run.err()).doesNotContain("started");
  }

  @Test
  void pipelineOrStageThatTemporalWouldNotTakeIsExit2() throws IOException {
    Files.writeString(
        directory.resolve("large.json"),
        """
        {"id": "s", "type": "transformer", "config": {}, "inputs": "%s",
         "federation": {"strategy": "nearest", "regions": ["us"]}}
        """
            .formatted("x".repeat(2_100_000)));
    Files.writeString(
        directory.resolve("large-pipeline.json"),
        "{\"id\": \"p\", \"stages\": [%s]}"
            .formatted(Files.readString(directory.resolve("large.json"))));
    for (String[] arguments :
        new String[][] {{"stage", "large.json"}, {"run", "large-pipeline.json"}}) {
      CommandRun run = federate(arguments[0], arguments[1], "-o", "json");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(run.json().at("/error/message").asText()).contains("2,000,000");
    }
  }

  @Test
  void stageWithoutFederationBlockIsExit2() throws IOException {
    Files.writeString(
        directory.resolve("local.json"), "{\"id\": \"s\", \"type\": \"transformer\"}");
    CommandRun run = federate("stage", "local.json", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/message").asText()).contains("federation");
  }

  @Test
  void detachPrintsTheIdsAndShowTheResultLater() {
    CommandRun run = federate("stage", "good.json", "--detach", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().properties().stream().map(Map.Entry::getKey))
        .containsExactly("workflow_id", "run_id");
    String id = run.json().path("workflow_id").asText();
    server.client().newUntypedWorkflowStub(id).getResult(JsonNode.class);
    CommandRun show = federate("show", id, "-o", "json");
    assertThat(show.exitCode()).isZero();
    assertThat(show.json().path("outcome").asText()).isEqualTo("succeeded");
    assertThat(show.json().path("run_id")).isEqualTo(run.json().path("run_id"));
  }

  @Test
  void closedIdWithTheSameRequestPrintsTheStoredResultWithItsExitCode() {
    String[] arguments = {"stage", "failed.json", "--workflow-id", "stored", "-o", "json"};
    CommandRun first = federate(arguments);
    CommandRun second = federate(arguments);
    assertThat(second.exitCode()).isEqualTo(first.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(second.json()).isEqualTo(first.json());
    assertThat(second.err()).contains("attached to stored");
  }

  @Test
  void idOfAnotherRequestIsExit2AndOfTheSameWithRerunStartsAnew() {
    CommandRun first = federate("stage", "good.json", "--workflow-id", "again", "-o", "json");
    CommandRun other =
        federate("stage", "good.json", "--workflow-id", "again", "--input", "1", "-o", "json");
    assertThat(other.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(other.json().at("/error/message").asText()).contains("again", "another request");
    CommandRun rerun =
        federate("stage", "good.json", "--workflow-id", "again", "--rerun", "-o", "json");
    assertThat(rerun.exitCode()).isZero();
    assertThat(rerun.json().path("run_id")).isNotEqualTo(first.json().path("run_id"));
  }

  @Test
  void rerunWithoutIdAndIdsThatTemporalWouldNotTakeAreExit2() {
    assertThat(federate("stage", "good.json", "--rerun").exitCode()).isEqualTo(2);
    assertThat(federate("stage", "good.json", "--workflow-id", " ").exitCode()).isEqualTo(2);
    assertThat(federate("stage", "good.json", "--workflow-id", "x".repeat(1001)).exitCode())
        .isEqualTo(2);
  }
}
