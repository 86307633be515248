package dev.federated.starter.endtoend;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.StageOutcome;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.node.NodeAnswer;
import dev.federated.worker.node.RequestFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A federation as it is deployed: three regions and a spare one that work, each behind an HTTP
 * node, regions with one fault each, a control worker and three region workers as processes. In the
 * namespace that has search attributes. Started once for all tests that share it.
 */
final class Deployment implements AutoCloseable {
  /** The key of region us, which only its worker is given. */
  private static final String US_KEY = "us-key-4711";

  /** More than any test waits. */
  private static final long FOREVER_SECONDS = 60;

  private static final int HUGE_BYTES = 50_000_000;

  private final RealServer server;
  private final Path directory;
  private final List<AutoCloseable> nodes = new ArrayList<>();
  private final Map<String, TestNode> working = new LinkedHashMap<>();
  private final Map<String, IntSupplier> asked = new LinkedHashMap<>();
  private final List<FederateProcess> processes = new ArrayList<>();
  private final SilentNode silent = new SilentNode();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final ArrayNode regions = JsonNodeFactory.instance.arrayNode();

  private Deployment(RealServer server, Path directory) {
    this.server = server;
    this.directory = directory;
  }

  static Deployment start(RealServer server) {
    try {
      Deployment deployment =
          new Deployment(server, Files.createTempDirectory("federation-deployment"));
      try {
        deployment.startNodes();
        deployment.startProcesses();
        return deployment;
      } catch (IOException | RuntimeException e) {
        deployment.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void startNodes() throws IOException {
    works("us", US_KEY, 37.7749, -122.4194, 0.01).put("priority", 1).put("api_key", "${US_KEY}");
    works("eu", null, 51.5074, -0.1278, 0.005).put("priority", 2);
    works("ap", null, 35.6762, 139.6503, 0).put("priority", 3);
    works("spare", null, -33.8688, 151.2093, 0.02);
    region("down", URI.create("http://127.0.0.1:" + closedPort()));
    faulty("reset", refuse());
    // As well as reset until somebody calls it; only for the test that counts on that.
    faulty("dying", refuse()).put("weight", 2).put("priority", 4);
    faulty("slow", (request, next) -> answerLate());
    faulty("unauthorized", answer(401, Map.of()));
    faulty("missing", answer(404, Map.of()));
    faulty("invalid", answer(422, Map.of()));
    faulty("throttled", answer(429, Map.of("Retry-After", "1")));
    faulty("broken", answer(500, Map.of()));
    faulty("unavailable", answer(503, Map.of()));
    faulty("garbage", (request, next) -> new NodeAnswer(200, Map.of(), "<html>not JSON"));
    faulty("redirect", answer(302, Map.of("Location", node("spare").endpoint() + "/elsewhere")));
    raw("half", RawNode.halfAnAnswer());
    raw("huge", RawNode.largeAnswer(HUGE_BYTES, true));
    raw("endless", RawNode.largeAnswer(HUGE_BYTES, false));
    nodes.add(silent);
    region("silent", silent.endpoint()).put("priority", 1_000);
    regions.addObject().put("name", "unpolled");
    regions.addObject().put("name", "leaving");
  }

  private void startProcesses() throws IOException {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.set("regions", regions);
    file.put("health_check_interval_seconds", 1);
    Files.writeString(directory.resolve("federation.json"), file.toString());
    worker("control", Map.of(), "--control");
    worker(
        "region-us",
        Map.of("US_KEY", US_KEY),
        "--region",
        "us",
        "down",
        "reset",
        "dying",
        "slow",
        "unauthorized",
        "missing");
    worker(
        "region-eu",
        Map.of(),
        "--region",
        "eu",
        "invalid",
        "throttled",
        "broken",
        "unavailable",
        "redirect");
    worker(
        "region-ap",
        Map.of(),
        "--region",
        "ap",
        "spare",
        "garbage",
        "half",
        "huge",
        "endless",
        "silent");
    processes.forEach(FederateProcess::awaitReady);
    awaitSeen();
  }

  /** The control worker may have started first: it has to see the regions' pollers. */
  private void awaitSeen() {
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .regions(List.of("us", "eu", "ap", "spare"))
            .maxRetries(0)
            .build();
    Awaitility.await("the regions' workers are seen")
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(
            () ->
                coordinator().executeFederated("seen", block, Json.of("{total: 42}")).outcome()
                    == StageOutcome.SUCCEEDED);
  }

  private void worker(String name, Map<String, String> environment, String... roles) {
    Map<String, String> all = new LinkedHashMap<>(server.environment(RealServer.DEFAULT_NAMESPACE));
    all.putAll(environment);
    List<String> arguments = new ArrayList<>(List.of("worker"));
    arguments.addAll(List.of(roles));
    arguments.addAll(List.of("--metrics-port", "0"));
    processes.add(FederateProcess.start(name, directory, all, arguments.toArray(String[]::new)));
  }

  private ObjectNode region(String name, URI endpoint) {
    return regions.addObject().put("name", name).put("endpoint", endpoint.toString());
  }

  private ObjectNode works(
      String name, String key, double latitude, double longitude, double costPerExecution) {
    TestNode node = TestNode.start(name, key);
    nodes.add(node);
    working.put(name, node);
    asked.put(name, node::asked);
    return region(name, node.endpoint())
        .put("latitude", latitude)
        .put("longitude", longitude)
        .put("cost_per_execution", costPerExecution);
  }

  private ObjectNode faulty(String name, RequestFilter fault) {
    TestNode node = TestNode.faulty(name, fault);
    nodes.add(node);
    asked.put(name, node::asked);
    return region(name, node.endpoint());
  }

  private void raw(String name, RawNode node) {
    nodes.add(node);
    asked.put(name, node::asked);
    region(name, node.endpoint());
  }

  private static RequestFilter refuse() {
    return (request, next) -> {
      throw new IOException("the connection is closed without an answer");
    };
  }

  private static RequestFilter answer(int status, Map<String, String> headers) {
    NodeAnswer answer = NodeAnswer.error(status, "Fault", "answered by the test");
    return (request, next) -> new NodeAnswer(status, headers, answer.body());
  }

  private NodeAnswer answerLate() throws InterruptedException {
    var unused = closed.await(FOREVER_SECONDS, TimeUnit.SECONDS);
    return NodeAnswer.error(500, "Fault", "too late");
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The node of region silent. */
  SilentNode silent() {
    return silent;
  }

  /** The node of a region that works. */
  TestNode node(String region) {
    return working.get(region);
  }

  /** Requests to execute that came in to the node of that region. */
  int asked(String region) {
    return asked.get(region).getAsInt();
  }

  /** The federation file as the workers read it. */
  FederationFile federation() {
    return new FederationConfigLoader(Map.of(), directory).load("federation.json");
  }

  FederationCoordinator coordinator() {
    return new FederationCoordinator(server.client(RealServer.DEFAULT_NAMESPACE));
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    processes.forEach(FederateProcess::close);
    for (AutoCloseable node : nodes) {
      try {
        node.close();
      } catch (Exception e) {
        throw new IOException("a node cannot be closed", e);
      }
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
