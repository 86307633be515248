package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Conductor OSS with PostgreSQL for persistence, queue and index, and a workflow in it that posts
 * to several places in a fork and joins them.
 */
final class ConductorServer implements AutoCloseable {
  private static final String WORKFLOW = "fan_out";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONGEST_START = Duration.ofMinutes(4);
  private static final Duration LONGEST_CALL = Duration.ofSeconds(60);

  /** How often its state is asked for: often enough to add little, seldom enough to cost little. */
  private static final long POLL_MILLIS = 10;

  private final Process process;
  private final URI api;
  private final HttpClient http = HttpClient.newHttpClient();

  private ConductorServer(Process process, URI api) {
    this.process = process;
    this.api = api;
  }

  /**
   * Starts it.
   *
   * @param jar the server's boot jar
   * @param jdbcUrl an empty database
   */
  static ConductorServer start(Path jar, String jdbcUrl) throws IOException, InterruptedException {
    int port = DevServer.freePort();
    Path directory = DevServer.directory();
    Path configuration = directory.resolve("conductor.properties");
    Files.writeString(
        configuration,
        """
        server.port=%d
        conductor.db.type=postgres
        conductor.queue.type=postgres
        conductor.indexing.enabled=true
        conductor.indexing.type=postgres
        conductor.elasticsearch.version=0
        conductor.external-payload-storage.type=postgres
        conductor.app.workflowExecutionLockEnabled=true
        conductor.workflow-execution-lock.type=postgres
        spring.datasource.url=%s
        spring.datasource.username=postgres
        spring.datasource.password=
        spring.datasource.hikari.maximum-pool-size=20
        loadSample=false
        """
            .formatted(port, jdbcUrl));
    Path log = directory.resolve("conductor.log");
    Process process =
        new ProcessBuilder(
                java(),
                "-Xmx2g",
                "-DCONDUCTOR_CONFIG_FILE=" + configuration,
                "-jar",
                jar.toString())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    ConductorServer server =
        new ConductorServer(process, URI.create("http://127.0.0.1:%d/".formatted(port)));
    server.awaitReady(log);
    return server;
  }

  private static String java() {
    String given = System.getenv("BENCHMARKS_CONDUCTOR_JAVA");
    return given != null ? given : Path.of(System.getProperty("java.home"), "bin/java").toString();
  }

  private void awaitReady(Path log) throws IOException, InterruptedException {
    long end = System.nanoTime() + LONGEST_START.toNanos();
    while (System.nanoTime() < end) {
      if (process.waitFor(1, TimeUnit.SECONDS)) {
        String text = Files.readString(log);
        throw new IllegalStateException(
            "Conductor ended: " + text.substring(Math.max(0, text.length() - 2_000)));
      }
      try {
        if (send(request("health").GET()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // It does not listen yet.
      }
    }
    process.destroyForcibly();
    throw new IllegalStateException(
        "Conductor was not ready within %s; see %s".formatted(LONGEST_START, log));
  }

  /** Defines the workflow: it posts that body to each of those addresses. */
  void define(List<URI> addresses, JsonNode body) throws IOException, InterruptedException {
    ArrayNode branches = JsonNodeFactory.instance.arrayNode();
    ArrayNode joinOn = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < addresses.size(); i++) {
      String reference = "post_" + i;
      ObjectNode task = branches.addArray().addObject();
      task.put("name", "post").put("taskReferenceName", reference).put("type", "HTTP");
      ObjectNode call = task.putObject("inputParameters").putObject("http_request");
      call.put("uri", addresses.get(i).toString()).put("method", "POST");
      call.put("contentType", "application/json").put("accept", "application/json");
      call.putObject("headers").put("Idempotency-Key", "${workflow.workflowId}-" + reference);
      call.set("body", body);
      joinOn.add(reference);
    }
    ObjectNode workflow =
        JsonNodeFactory.instance
            .objectNode()
            .put("name", WORKFLOW)
            .put("version", 1)
            .put("schemaVersion", 2)
            .put("ownerEmail", "benchmark@example.com")
            .put("timeoutSeconds", 0);
    ArrayNode tasks = workflow.putArray("tasks");
    tasks
        .addObject()
        .put("name", "fork")
        .put("taskReferenceName", "fork")
        .put("type", "FORK_JOIN")
        .set("forkTasks", branches);
    tasks
        .addObject()
        .put("name", "join")
        .put("taskReferenceName", "join")
        .put("type", "JOIN")
        .set("joinOn", joinOn);
    HttpResponse<String> answer =
        send(
            request("api/metadata/workflow")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(workflow))));
    if (answer.statusCode() >= 300) {
      throw new IllegalStateException("Conductor refused the workflow: " + answer.body());
    }
  }

  /** Runs the workflow and waits for its end. */
  String run() throws IOException, InterruptedException {
    HttpResponse<String> started =
        send(
            request("api/workflow/" + WORKFLOW)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}")));
    if (started.statusCode() >= 300) {
      throw new IllegalStateException("Conductor did not start the workflow: " + started.body());
    }
    String id = started.body().replace("\"", "");
    long end = System.nanoTime() + LONGEST_CALL.toNanos();
    while (System.nanoTime() < end) {
      JsonNode state =
          JSON.readTree(send(request("api/workflow/" + id + "?includeTasks=false").GET()).body());
      String status = state.path("status").asText();
      if (status.equals("COMPLETED")) {
        return "";
      }
      if (!status.equals("RUNNING")) {
        throw new IllegalStateException("Conductor's workflow ended as " + state);
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    throw new IllegalStateException("Conductor's workflow %s did not end".formatted(id));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(api.resolve(path)).timeout(LONGEST_CALL);
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
