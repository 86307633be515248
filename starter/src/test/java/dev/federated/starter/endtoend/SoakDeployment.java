package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.StageOutcome;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.node.NodeAnswer;
import dev.federated.worker.node.NodeRequest;
import dev.federated.worker.node.RequestFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;
import org.awaitility.core.TerminalFailureException;

/**
 * A federation for a long run: regions a and b always work, region c has the faults, region d fails
 * each parked stage once. Two control workers and three region workers; one of the control workers
 * and the worker of region c can be killed, the others have to live as long as the run.
 */
final class SoakDeployment implements AutoCloseable {
  /** The ids of stages that region d fails the first time begin so. */
  static final String PARKS = "parks";

  /** Regions that always work. */
  static final List<String> SOUND = List.of("a", "b");

  /** The region with the faults. */
  static final String FAULTY = "c";

  /** The region that makes stages wait for an operator. */
  static final String PARKING = "d";

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Duration LONGEST_EXIT = Duration.ofSeconds(10);
  private static final int SIGKILL = 137;
  private static final int MOST_STARTS = 5;
  private static final long HANG_SECONDS = 20;
  private static final long SLOW_MILLIS = 1_500;

  private final Path directory;
  private final KillableServer server;
  private final Map<String, TestNode> nodes = new LinkedHashMap<>();
  private final Map<String, FederateProcess> survivors = new LinkedHashMap<>();
  private final Set<String> failedOnce = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile Fault fault = Fault.NONE;
  private FederateProcess control;
  private FederateProcess worker;

  /** What the node of region c does with executions. */
  enum Fault {
    NONE,
    FAILS,
    SLOW,
    HANGS
  }

  private SoakDeployment(Path directory) throws IOException {
    this.directory = directory;
    server = KillableServer.start(directory);
    for (String region : SOUND) {
      nodes.put(region, TestNode.start(region, null));
    }
    nodes.put(FAULTY, TestNode.faulty(FAULTY, this::answerWithFault));
    nodes.put(PARKING, TestNode.faulty(PARKING, this::failOnce));
    Files.writeString(directory.resolve("federation.json"), federation().toString());
    survivors.put("control", start("soak-control", "--control"));
    survivors.put("region-a", start("soak-a", "--region", "a"));
    survivors.put("region-b-d", start("soak-b-d", "--region", "b", PARKING));
    control = start("soak-killed-control", "--control");
    worker = start("soak-killed-c", "--region", FAULTY);
    awaitWhole();
  }

  static SoakDeployment start(Path directory) throws IOException {
    return new SoakDeployment(directory);
  }

  private ObjectNode federation() {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    ArrayNode regions = file.putArray("regions");
    nodes.forEach(
        (region, node) ->
            regions
                .addObject()
                .put("name", region)
                .put("endpoint", node.endpoint().toString())
                .put("cost_per_execution", regions.size() * 0.01));
    file.put("health_check_interval_seconds", 1);
    return file;
  }

  /**
   * Starts a worker and waits until it polls: all at once would starve each other. As a supervisor
   * does, it starts one again that did not reach a busy server in time.
   */
  private FederateProcess start(String name, String... roles) {
    List<String> arguments = new ArrayList<>(List.of("worker"));
    arguments.addAll(List.of(roles));
    arguments.addAll(List.of("--metrics-port", "0"));
    for (int attempt = 1; ; attempt++) {
      FederateProcess process =
          FederateProcess.start(
              name,
              directory,
              Map.of("TEMPORAL_ADDRESS", "127.0.0.1:" + server.port()),
              arguments.toArray(String[]::new));
      try {
        return process.awaitReady();
      } catch (ConditionTimeoutException | TerminalFailureException e) {
        process.close();
        if (attempt == MOST_STARTS) {
          throw e;
        }
      }
    }
  }

  private NodeAnswer answerWithFault(NodeRequest request, RequestFilter.Next next)
      throws IOException, InterruptedException {
    switch (fault) {
      case NONE -> {}
      case FAILS -> {
        return NodeAnswer.error(503, "Fault", "failed by the test");
      }
      case SLOW -> {
        var unused = closed.await(SLOW_MILLIS, TimeUnit.MILLISECONDS);
      }
      case HANGS -> {
        var unused = closed.await(HANG_SECONDS, TimeUnit.SECONDS);
      }
    }
    return ofItsPart(request, next, FAULTY);
  }

  private NodeAnswer failOnce(NodeRequest request, RequestFilter.Next next)
      throws IOException, InterruptedException {
    String stageId = MAPPER.readTree(request.body()).at("/stage/id").asText();
    if (stageId.startsWith(PARKS) && failedOnce.add(stageId)) {
      return NodeAnswer.error(503, "Fault", "failed once by the test");
    }
    failedOnce.remove(stageId);
    return ofItsPart(request, next, PARKING);
  }

  private static NodeAnswer ofItsPart(NodeRequest request, RequestFilter.Next next, String region)
      throws IOException, InterruptedException {
    NodeAnswer own = next.handle(request);
    var part = MAPPER.readTree(request.body()).path("inputs").get(region);
    return own.status() != 200 || part == null
        ? own
        : NodeAnswer.ok(JsonNodeFactory.instance.objectNode().set("output", part));
  }

  FederationCoordinator coordinator() {
    return new FederationCoordinator(server.client());
  }

  void fault(Fault next) {
    fault = next;
  }

  /** Ends the second control worker by SIGKILL and starts another one. */
  void replaceControl() throws InterruptedException {
    kill(control);
    control = start("soak-killed-control", "--control");
  }

  /** Ends the worker of region c by SIGKILL and starts another one. */
  void replaceWorker() throws InterruptedException {
    kill(worker);
    worker = start("soak-killed-c", "--region", FAULTY);
  }

  private static void kill(FederateProcess process) throws InterruptedException {
    process.kill();
    assertThat(process.awaitExit(LONGEST_EXIT)).as("exit code of SIGKILL").isEqualTo(SIGKILL);
    process.close();
  }

  /** The processes that have to live as long as the run, by name. */
  Map<String, FederateProcess> survivors() {
    return Map.copyOf(survivors);
  }

  private void awaitWhole() {
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .regions(List.copyOf(nodes.keySet()))
            .timeoutSeconds(30)
            .maxRetries(0)
            .build();
    await("every region works")
        .atMost(Duration.ofMinutes(5))
        .ignoreExceptions()
        .until(
            () ->
                coordinator()
                        .executeFederated("warm-up", block, Json.of("{a: {}, b: {}, c: {}, d: {}}"))
                        .outcome()
                    == StageOutcome.SUCCEEDED);
  }

  @Override
  public void close() {
    closed.countDown();
    survivors.values().forEach(FederateProcess::close);
    if (control != null) {
      control.close();
    }
    if (worker != null) {
      worker.close();
    }
    nodes.values().forEach(TestNode::close);
    server.close();
  }
}
