package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.worker.document.DocumentReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands as processes that bring their own server, or use the one of another process. */
@Timeout(120)
@RealServer.Needed
class CommandsTest {
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final int USUAL_PORT = 7233;

  @TempDir private Path directory;
  @TempDir private Path elsewhere;

  @BeforeEach
  void writeFiles() throws IOException {
    Files.writeString(directory.resolve("federation.yaml"), "regions: [{name: us}, {name: eu}]\n");
    Files.writeString(
        directory.resolve("stage.json"),
        """
        {"id": "sum", "type": "json_transform",
         "config": {"jmespath_expression": "amount"}, "inputs": "{{input}}",
         "federation": {"aggregation": "concat"}}
        """);
    Files.writeString(
        directory.resolve("pipeline.json"),
        """
        {"id": "totals", "stages": [
          {"id": "sum", "type": "json_transform",
           "config": {"jmespath_expression": "amount"}, "inputs": "{{input}}",
           "federation": {"aggregation": "all"}}]}
        """);
  }

  private static JsonNode onlyDocument(FederateProcess process) {
    return DocumentReader.json(process.stdout().getBytes(UTF_8), "stdout");
  }

  @Test
  void stageBringsItsOwnServerAndPrintsOneJsonDocument() throws Exception {
    try (FederateProcess stage =
        FederateProcess.start(
            "stage",
            directory,
            Map.of(),
            "stage",
            "stage.json",
            "--embedded",
            "cli",
            "--input",
            "{\"amount\": 7}",
            "-o",
            "json")) {
      assertThat(stage.awaitExit(LONGEST)).as(stage.stderr()).isZero();
      JsonNode result = onlyDocument(stage);
      assertThat(result.path("outcome").asText()).isEqualTo("succeeded");
      assertThat(result.path("aggregated")).isEqualTo(Json.of("[{result: 7}, {result: 7}]"));
      assertThat(directory.resolve(".federate/temporal.db")).exists();
    }
  }

  @Test
  void devServesAnotherProcessByItsAddress() throws Exception {
    try (FederateProcess dev =
        FederateProcess.start(
            "dev", directory, Map.of(), "dev", "--embedded", "cli", "--port", "0")) {
      dev.awaitReady();
      assertThat(dev.ready("regions")).isEqualTo("us,eu");
      // The starter has no federation file: the control worker's is authoritative.
      Files.copy(directory.resolve("pipeline.json"), elsewhere.resolve("pipeline.json"));
      try (FederateProcess run =
          FederateProcess.start(
              "run",
              elsewhere,
              Map.of("TEMPORAL_ADDRESS", dev.ready("server")),
              "run",
              "pipeline.json",
              "--input",
              "{\"amount\": 7}",
              "-o",
              "json")) {
        assertThat(run.awaitExit(LONGEST)).as(run.stderr()).isZero();
        assertThat(onlyDocument(run).path("output"))
            .isEqualTo(Json.of("[{result: 7}, {result: 7}]"));
      }
      dev.terminate();
      assertThat(dev.awaitExit(Duration.ofSeconds(20))).as("interrupted").isEqualTo(130);
    }
  }

  @Test
  void devOnItsUsualPortIsFoundWithoutAnyConfiguration() throws Exception {
    assumeTrue(usualPortIsFree(), "port %d is in use".formatted(USUAL_PORT));
    try (FederateProcess dev =
        FederateProcess.start("dev", directory, Map.of(), "dev", "--embedded", "jvm")) {
      dev.awaitReady();
      assertThat(dev.ready("server")).isEqualTo("127.0.0.1:" + USUAL_PORT);
      Files.copy(directory.resolve("pipeline.json"), elsewhere.resolve("pipeline.json"));
      try (FederateProcess run =
          FederateProcess.start(
              "run",
              elsewhere,
              Map.of(),
              "run",
              "pipeline.json",
              "--input",
              "{\"amount\": 7}",
              "-o",
              "json")) {
        assertThat(run.awaitExit(LONGEST)).as(run.stderr()).isZero();
        assertThat(run.stderr()).contains("using the server at 127.0.0.1:" + USUAL_PORT);
        assertThat(onlyDocument(run).path("outcome").asText()).isEqualTo("succeeded");
      }
    }
  }

  @Test
  void demoSucceeds() throws Exception {
    try (FederateProcess demo =
        FederateProcess.start("demo", directory, Map.of(), "demo", "-o", "json")) {
      assertThat(demo.awaitExit(LONGEST)).as(demo.stderr()).isZero();
      assertThat(onlyDocument(demo).at("/stages/store/output/rows_written").asInt()).isEqualTo(1);
    }
  }

  private static boolean usualPortIsFree() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), USUAL_PORT));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
