package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.starter.FederationCoordinator;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A federation of three regions all of whose processes can be killed and started again: a Temporal
 * server with its database, a control worker, and in each region a worker and a node. The worker of
 * region c reaches the server through a relay that can be cut.
 */
final class ChaosDeployment implements AutoCloseable {
  static final List<String> REGIONS = List.of("a", "b", "c");

  /** The region that can be cut off. */
  static final String REMOTE = "c";

  private static final Duration LONGEST_EXIT = Duration.ofSeconds(10);
  private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(60);

  private final Path directory;
  private final KillableServer server;
  private final Relay relay;
  private final Map<String, FederateProcess> nodes = new LinkedHashMap<>();
  private final Map<String, FederateProcess> workers = new LinkedHashMap<>();
  private FederateProcess control;
  private int warmUps;

  private ChaosDeployment(Path directory) throws IOException {
    this.directory = directory;
    server = KillableServer.start(directory);
    relay = Relay.to(server.port());
    for (String region : REGIONS) {
      nodes.put(region, startNode(region, "0"));
    }
    nodes.values().forEach(FederateProcess::awaitReady);
    Files.writeString(directory.resolve("federation.json"), federation().toString());
    for (String region : REGIONS) {
      workers.put(region, startWorker(region));
    }
    workers.values().forEach(FederateProcess::awaitReady);
    control = startControl().awaitReady();
  }

  static ChaosDeployment start(Path directory) throws IOException {
    return new ChaosDeployment(directory);
  }

  private ObjectNode federation() {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    ArrayNode regions = file.putArray("regions");
    nodes.forEach(
        (region, node) ->
            regions
                .addObject()
                .put("name", region)
                .put("endpoint", "http://127.0.0.1:" + node.ready("port")));
    file.put("health_check_interval_seconds", 0.5);
    // What a breaker does is tested elsewhere: here a region is called until it is back.
    file.putObject("circuit_breaker").put("threshold", 1000);
    file.putArray("components").add(ChaosNode.COUNTED);
    return file;
  }

  private FederateProcess startNode(String region, String port) {
    return FederateProcess.startMain(
        ChaosNode.class, "chaos-node-" + region, directory, region, port);
  }

  private FederateProcess startWorker(String region) {
    int port = region.equals(REMOTE) ? relay.port() : server.port();
    return startFederate("chaos-worker-" + region, port, "--region", region);
  }

  private FederateProcess startControl() {
    return startFederate("chaos-control", server.port(), "--control");
  }

  private FederateProcess startFederate(String name, int port, String... roles) {
    List<String> arguments = new ArrayList<>(List.of("worker"));
    arguments.addAll(List.of(roles));
    arguments.addAll(List.of("--metrics-port", "0"));
    return FederateProcess.start(
        name,
        directory,
        Map.of("TEMPORAL_ADDRESS", "127.0.0.1:" + port),
        arguments.toArray(String[]::new));
  }

  Path directory() {
    return directory;
  }

  WorkflowClient client() {
    return server.client();
  }

  FederationCoordinator coordinator() {
    return new FederationCoordinator(client());
  }

  /** What is killed. */
  enum Victim {
    CONTROL("control worker", 1),
    WORKERS("all 3 region workers", 3),
    SERVER("Temporal server", 1),
    NODES("all 3 region nodes", 3);

    private final String text;
    private final int processes;

    Victim(String text, int processes) {
      this.text = text;
      this.processes = processes;
    }

    String text() {
      return text;
    }

    int processes() {
      return processes;
    }
  }

  /** Ends the victim's processes by SIGKILL. */
  void kill(Victim victim) throws Exception {
    switch (victim) {
      case CONTROL -> kill(control);
      case SERVER -> server.kill();
      case WORKERS -> kill(workers.values());
      case NODES -> kill(nodes.values());
    }
  }

  private static void kill(FederateProcess process) throws InterruptedException {
    kill(List.of(process));
  }

  private static void kill(Iterable<FederateProcess> processes) throws InterruptedException {
    processes.forEach(FederateProcess::kill);
    for (FederateProcess process : processes) {
      assertThat(process.awaitExit(LONGEST_EXIT)).as("exit code of SIGKILL").isEqualTo(137);
      process.close();
    }
  }

  /** Starts the victim's processes again where they were. */
  void restart(Victim victim) {
    switch (victim) {
      case CONTROL -> control = startControl().awaitReady();
      case SERVER -> server.restart();
      case WORKERS -> {
        workers.replaceAll((region, killed) -> startWorker(region));
        workers.values().forEach(FederateProcess::awaitReady);
      }
      case NODES -> {
        nodes.replaceAll((region, killed) -> startNode(region, killed.ready("port")));
        nodes.values().forEach(FederateProcess::awaitReady);
      }
    }
  }

  /** Lets the control worker stand still, so that results are recorded and nobody takes notice. */
  void freezeControl() throws Exception {
    signalControl("-STOP");
  }

  void thawControl() throws Exception {
    signalControl("-CONT");
  }

  private void signalControl(String signal) throws Exception {
    Process kill = new ProcessBuilder("kill", signal, Long.toString(control.pid())).start();
    assertThat(kill.waitFor(LONGEST_EXIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(kill.exitValue()).as("exit code of kill %s", signal).isZero();
  }

  /** Cuts the worker of region c off from the server. */
  void cutOff() {
    relay.cut();
  }

  void reconnect() {
    relay.restore();
  }

  /** Waits until stages run in every region again. */
  void awaitWhole() {
    await("every region works again")
        .atMost(LONGEST_RECOVERY)
        .pollInterval(Duration.ofMillis(50))
        .ignoreExceptions()
        .until(() -> coordinator().executeFederated(warmUp()).outcome() == StageOutcome.SUCCEEDED);
  }

  private StageRequest warmUp() {
    return new StageRequest(
        ChaosNode.WARM_UP + ++warmUps,
        ChaosNode.COUNTED,
        Json.of("{}"),
        Json.of("{a: 0, b: 0, c: 0}"),
        FederatedStageConfig.builder().regions(REGIONS).timeoutSeconds(10).build());
  }

  @Override
  public void close() throws IOException {
    if (control != null) {
      control.close();
    }
    workers.values().forEach(FederateProcess::close);
    nodes.values().forEach(FederateProcess::close);
    relay.close();
    server.close();
  }
}
