package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands that serve until they are stopped: worker and dev. */
@Timeout(120)
class ServingCommandsTest {
  @TempDir private static Path directory;
  private static LocalServer server;

  @BeforeAll
  static void serve() throws IOException {
    Files.writeString(
        directory.resolve("federation.json"),
        """
        {"regions": [{"name": "us-east-1"}, {"name": "eu-west-1"},
                     {"name": "off", "enabled": false}]}
        """);
    Files.writeString(
        directory.resolve("pipeline.json"), "{\"id\": \"p\", \"stages\": [{\"id\": \"a\"}]}");
    server = LocalServer.start(directory);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static CommandRun federate(String... arguments) {
    return CommandRun.of(directory, server.environment(), arguments);
  }

  private static int status(String uri) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(uri)).build(), BodyHandlers.ofString())
        .statusCode();
  }

  @Test
  void workerWithoutRoleIsExit2() {
    CommandRun run = federate("worker", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.json().at("/error/message").asText()).contains("--control", "--all");
  }

  @Test
  void unknownRegionsOfAWorkerAreExit2WithTheNearestOfEach() {
    CommandRun run =
        federate("worker", "--region", "us-east1", "mars", "--all", "--control", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    JsonNode problems = run.json().at("/error/problems");
    assertThat(problems).hasSize(2);
    assertThat(problems.at("/0/value").asText()).isEqualTo("us-east1");
    assertThat(problems.at("/0/suggestions/0").asText()).isEqualTo("us-east-1");
    assertThat(problems.at("/1/value").asText()).isEqualTo("mars");
  }

  @Test
  void portOfMetricsThatIsInUseIsExit2AndNoWorkerStarts() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      for (String[] arguments :
          new String[][] {
            {"worker", "--all", "--metrics-port", port, "-o", "json"},
            {"dev", "--embedded", "jvm", "--port", "0", "--metrics-port", port, "-o", "json"}
          }) {
        CommandRun run = federate(arguments);
        assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
        assertThat(run.json().at("/error/message").asText()).contains("--metrics-port", port);
        assertThat(run.err()).isEmpty();
      }
    }
  }

  @Test
  void workerTellsItsAddressesServesMetricsAndProbesAndStops() throws Exception {
    try (Serving worker =
        new Serving(
            directory,
            server.environment(),
            "worker",
            "--control",
            "--region",
            "us-east-1",
            "eu-west-1",
            "--region",
            "us-east-1",
            "--metrics-port",
            "0")) {
      assertThat(worker.ready()).startsWith("ready").hasLineCount(1);
      assertThat(worker.value("server")).isEqualTo(server.address());
      assertThat(worker.value("regions")).isEqualTo("us-east-1,eu-west-1");
      assertThat(worker.value("control")).isEqualTo("true");
      String metrics = worker.value("metrics");
      assertThat(metrics).startsWith("http://127.0.0.1:").endsWith("/metrics");
      assertThat(status(metrics)).isEqualTo(200);
      assertThat(status(metrics.replace("/metrics", "/healthz"))).isEqualTo(200);
      assertThat(status(metrics.replace("/metrics", "/readyz"))).isEqualTo(200);
      assertThat(federate("run", "pipeline.json", "-o", "json").exitCode()).isZero();
    }
  }

  @Test
  void workerOfAllServesEveryEnabledRegionAndThoseThatAreNamed() {
    try (Serving worker =
        new Serving(
            directory,
            server.environment(),
            "worker",
            "--all",
            "--metrics-port",
            "0",
            "-o",
            "json")) {
      assertThat(new CommandRun(0, worker.ready(), "").json().at("/ready/regions").asText())
          .isEqualTo("us-east-1,eu-west-1");
    }
    try (Serving worker =
        new Serving(
            directory,
            server.environment(),
            "worker",
            "--all",
            "--region",
            "off",
            "--metrics-port",
            "0")) {
      assertThat(worker.value("regions")).isEqualTo("us-east-1,eu-west-1,off");
    }
  }

  @Test
  void devInTheJvmTellsItsAddressAndOthersUseIt() {
    try (Serving dev =
        new Serving(directory, Map.of(), "dev", "--embedded", "jvm", "--port", "0")) {
      assertThat(dev.ready()).startsWith("ready");
      assertThat(dev.value("regions")).isEqualTo("us-east-1,eu-west-1");
      String address = dev.value("server");
      CommandRun run =
          CommandRun.of(
              directory, Map.of("TEMPORAL_ADDRESS", address), "run", "pipeline.json", "-o", "json");
      assertThat(run.exitCode()).isZero();
      CommandRun second =
          CommandRun.of(
              directory,
              Map.of(),
              "dev",
              "--embedded",
              "jvm",
              "--port",
              address.substring(address.indexOf(':') + 1));
      assertThat(second.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
      assertThat(second.err()).contains(address, "--port").doesNotContain("\tat ");
      assertThat(second.out()).isEmpty();
    }
  }

  @Test
  void devOfTheTemporalCommandTellsItsAddressesAndASecondOneIsToldOfTheLock() throws Exception {
    Map<String, String> path = Map.of("PATH", System.getenv().getOrDefault("PATH", ""));
    assumeTrue(EmbeddedServer.command(path).isPresent(), "the temporal command is not installed");
    try (Serving dev =
        new Serving(
            directory, path, "dev", "--embedded", "cli", "--port", "0", "--metrics-port", "0")) {
      assertThat(dev.ready()).startsWith("ready");
      assertThat(status(dev.value("ui"))).isEqualTo(200);
      assertThat(status(dev.value("metrics"))).isEqualTo(200);
      CommandRun second =
          CommandRun.of(directory, path, "dev", "--embedded", "cli", "--port", "0", "-o", "json");
      assertThat(second.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
      assertThat(second.json().at("/error/message").asText())
          .contains(".federate is in use by process", "TEMPORAL_ADDRESS");
      Map<String, String> address = Map.of("TEMPORAL_ADDRESS", dev.value("server"));
      CommandRun run =
          CommandRun.of(
              directory, address, "run", "pipeline.json", "--workflow-id", "w", "-o", "json");
      assertThat(run.exitCode()).as(run.out()).isZero();
      assertThat(run.err()).contains("a succeeded");
      CommandRun stored =
          CommandRun.of(
              directory, address, "run", "pipeline.json", "--workflow-id", "w", "-o", "json");
      assertThat(stored.json()).isEqualTo(run.json());
      CommandRun other =
          CommandRun.of(
              directory,
              address,
              "run",
              "pipeline.json",
              "--workflow-id",
              "w",
              "--input",
              "1",
              "-o",
              "json");
      assertThat(other.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      CommandRun setup = CommandRun.of(directory, address, "setup", "-o", "json");
      assertThat(setup.json().path("present")).hasSize(4);
      assertThat(setup.json().path("added")).isEmpty();
    }
    try (EmbeddedServer alone =
        EmbeddedServer.cli(
            EmbeddedServerOptions.builder(Files.createTempDirectory(directory, "alone"), path)
                .headless(true)
                .build())) {
      CommandRun run =
          CommandRun.of(
              directory,
              Map.of("TEMPORAL_ADDRESS", alone.address()),
              "run",
              "pipeline.json",
              "-o",
              "json");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
      assertThat(run.json().at("/error/message").asText())
          .contains("no control worker polls", "federate worker --control");
      assertThat(run.err()).doesNotContain("started");
    }
  }

  @Test
  void portThatIsNoneIsExit2() {
    CommandRun run = federate("dev", "--port", "65536", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(federate("worker", "--all", "--metrics-port", "-1").exitCode()).isEqualTo(2);
  }
}
