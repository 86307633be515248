package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DrillCommandTest {
  @TempDir private Path directory;

  @BeforeEach
  void files() throws IOException {
    // Nothing of it can be reached or resolved: a drill touches neither.
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - {name: us-east-1, endpoint: "https://us.invalid", api_key: "${NOT_SET}",
             cost_per_execution: 0.01}
          - {name: eu-west-1, endpoint: "https://eu.invalid", api_key: "file:/no/such/file",
             cost_per_execution: 0.02}
          - {name: ap-east-1, endpoint: "https://ap.invalid"}
        """);
    stage("cheapest.json", "\"strategy\": \"cost_optimized\"");
    stage("both.json", "\"strategy\": \"parallel\", \"aggregation\": \"all\"");
  }

  private void stage(String file, String federation) throws IOException {
    Files.writeString(
        directory.resolve(file),
        """
        {"id": "process", "type": "my_model",
         "federation": {%s, "regions": ["us-east-1", "eu-west-1"]}}
        """
            .formatted(federation));
  }

  private CommandRun drill(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "drill";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return CommandRun.of(directory, Map.of(), all);
  }

  @Test
  void unknownRegionIsExit2WithTheNearestName() {
    CommandRun run = drill("both.json", "--down", "us-esat-1", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/problems/0/path").asText()).isEqualTo("--down");
    assertThat(run.json().at("/error/problems/0/value").asText()).isEqualTo("us-esat-1");
    assertThat(run.json().at("/error/problems/0/suggestions/0").asText()).isEqualTo("us-east-1");
    assertThat(run.json().at("/error/message").asText()).contains("did you mean us-east-1?");
  }

  @Test
  void everyWrongOptionIsToldAtOnce() {
    CommandRun run =
        drill(
            "both.json",
            "--down=nowhere-1",
            "--down=us-east-1",
            "--slow=eu-west-1=soon",
            "--slow=ap-east-1=-1",
            "--refuse=eu-west-1=200",
            "--refuse=us-east-1=500",
            "-o",
            "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/problems")).hasSize(5);
    assertThat(run.err()).doesNotContain("started");
  }

  @Test
  void optionWithoutValueIsExit2() {
    assertThat(drill("both.json", "--slow", "us-east-1").exitCode()).isEqualTo(2);
    assertThat(drill("both.json", "--answer", "{").exitCode()).isEqualTo(2);
  }

  @Test
  void everyRegionDownFailsTheStageWithExit1AndIsNotAcceptable() {
    CommandRun run = drill("both.json", "--down=us-east-1", "--down=eu-west-1", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.json().path("outcome").asText()).isEqualTo("failed");
    assertThat(run.json().at("/drill/acceptable").asBoolean(true)).isFalse();
    assertThat(run.json().at("/drill/down")).hasSize(2);
  }

  @Test
  void oneOfTwoRegionsDownIsPartialWithExit3AndAcceptableUnlessTheStageSaysFail()
      throws IOException {
    CommandRun partial = drill("both.json", "--down", "us-east-1", "-o", "json");
    assertThat(partial.exitCode()).isEqualTo(ExitCodes.PARTIAL);
    assertThat(partial.json().at("/drill/acceptable").asBoolean()).isTrue();
    assertThat(partial.json().at("/region_results/us-east-1/attempts").asInt()).isEqualTo(4);
    stage("strict.json", "\"strategy\": \"parallel\", \"on_partial_failure\": \"fail\"");
    CommandRun strict = drill("strict.json", "--down", "us-east-1", "-o", "json");
    assertThat(strict.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(strict.json().at("/drill/acceptable").asBoolean(true)).isFalse();
  }

  @Test
  void regionThatIsDownIsDiscoveredByFailingAndLeft() {
    CommandRun run =
        drill("cheapest.json", "--down", "us-east-1", "--input", "{\"n\": 1}", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().at("/region_results/us-east-1/executed_in").asText())
        .isEqualTo("eu-west-1");
    assertThat(run.json().at("/region_results/us-east-1/hops/0/attempts").asInt()).isEqualTo(4);
    assertThat(run.json().at("/aggregated/n").asInt()).isEqualTo(1);
    assertThat(run.json().path("total_cost").asDouble()).isEqualTo(0.02);
    // Pauses of 1, 2 and 4 s between four attempts.
    assertThat(run.json().path("latency_ms").asLong()).isBetween(7_000L, 60_000L);
    assertThat(run.err()).contains("nothing real is called");
  }

  @Test
  void regionThatIsKnownToBeDownIsNotCalled() {
    CommandRun run = drill("cheapest.json", "--down", "us-east-1", "--known", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().at("/decisions/0/chosen/0").asText()).isEqualTo("eu-west-1");
    assertThat(run.json().at("/region_results/eu-west-1/attempts").asInt()).isEqualTo(1);
  }

  @Test
  void slowRegionTakesNoRealTimeAndIsTooSlowOnlyBeyondTheTimeout() throws IOException {
    long start = System.nanoTime();
    CommandRun slow = drill("cheapest.json", "--slow", "us-east-1=20", "-o", "json");
    assertThat(slow.exitCode()).isZero();
    assertThat(slow.json().at("/region_results/us-east-1/executed_in").asText())
        .isEqualTo("us-east-1");
    assertThat(slow.json().path("latency_ms").asLong()).isGreaterThanOrEqualTo(20_000);
    assertThat(slow.json().at("/drill/slow/us-east-1").asDouble()).isEqualTo(20);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
    stage("impatient.json", "\"strategy\": \"cost_optimized\", \"timeout_seconds\": 5");
    CommandRun tooSlow = drill("impatient.json", "--slow", "us-east-1=20", "-o", "json");
    assertThat(tooSlow.exitCode()).isZero();
    assertThat(tooSlow.json().at("/region_results/us-east-1/hops/0/error/type").asText())
        .isEqualTo("RegionTimeout");
    // Four attempts of 5 s, each less what a region worker needs to report it, and the pauses.
    assertThat(tooSlow.json().path("latency_ms").asLong()).isBetween(25_000L, 85_000L);
  }

  @Test
  void refusalAndAnswerAreTheOnesGiven() {
    CommandRun run =
        drill("cheapest.json", "--refuse", "us-east-1=403", "--answer", "{\"a\": 7}", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.json().at("/region_results/us-east-1/hops/0/error/http_status").asInt())
        .isEqualTo(403);
    assertThat(run.json().at("/aggregated/a").asInt()).isEqualTo(7);
    assertThat(run.json().at("/drill/refuse/us-east-1").asInt()).isEqualTo(403);
  }

  @Test
  void textTellsWhatTheDrillWasAndHowItEnded() {
    CommandRun run = drill("cheapest.json", "--down", "us-east-1", "--slow", "eu-west-1=5");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("left us-east-1: RegionUnavailable")
        .contains("drill: us-east-1 down, eu-west-1 slow by 5 s: acceptable after");
  }

  @Test
  void stageThatWouldWaitForADecisionFailsAndThatIsSaid() throws IOException {
    stage("wait.json", "\"strategy\": \"parallel\", \"on_partial_failure\": \"wait\"");
    CommandRun run = drill("wait.json", "--down", "us-east-1");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.err()).contains("would wait for a decision");
    assertThat(run.out()).contains("not acceptable");
  }
}
