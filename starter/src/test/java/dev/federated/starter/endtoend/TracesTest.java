package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.federated.starter.endtoend.SpanCollector.CollectedSpan;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A command, a worker and a node as processes that export their spans to a collector. The node's
 * component asks a data source that refuses the first time.
 */
@Timeout(120)
@RealServer.Needed
class TracesTest {
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final String NAMESPACE = "traces";
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String CALLER = "b7ad6b7169203331";
  private static final String KEY = "canary-key-4711";
  private static final String INPUT = "canary-input-4712";
  private static final String OUTPUT = "canary-output-4713";
  private static final String WORDS = "canary-words-4714";
  private static final long CLIENT = 3;
  private static final long SERVER = 2;
  private static final long ERROR = 2;

  @TempDir private static Path directory;
  private static Map<String, String> connection;
  private static SpanCollector collector;
  private static HttpServer source;
  private static final AtomicInteger ASKED = new AtomicInteger();
  private static final List<FederateProcess> PROCESSES = new ArrayList<>();

  @BeforeAll
  static void serve(RealServer server) throws IOException {
    connection = server.environment(server.newNamespace(NAMESPACE));
    collector = SpanCollector.start();
    source = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    source.createContext("/", TracesTest::answer);
    source.start();
    Files.writeString(
        directory.resolve("federation.json"),
        "{\"regions\": [{\"name\": \"eu\"}], \"outbound\": {\"allow\": [\"127.0.0.0/8\"]}}");
    FederateProcess node =
        process("node", Map.of("KEY", KEY), "node", "--name", "eu", "--key-env", "KEY")
            .awaitReady();
    String endpoint = node.stdout().strip().replaceFirst("(?s).* at (\\S+).*", "$1");
    Files.writeString(
        directory.resolve("federation.json"),
        """
        {"health_check_interval_seconds": 1,
         "regions": [{"name": "eu", "endpoint": "%s", "api_key": "${KEY}"}]}
        """
            .formatted(endpoint));
    process("worker", Map.of("KEY", KEY), "worker", "--all", "--metrics-port", "0").awaitReady();
    server.awaitWorkers(NAMESPACE, List.of("eu"));
    stage("asks", "http_request", "{\"url\": \"http://127.0.0.1:%d/\"}".formatted(port()));
    stage("echo", "transformer", "{}");
  }

  @AfterAll
  static void stop() {
    PROCESSES.forEach(FederateProcess::close);
    source.stop(0);
    collector.close();
  }

  private static int port() {
    return source.getAddress().getPort();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean first = ASKED.getAndIncrement() == 0;
      byte[] body = (first ? WORDS : OUTPUT).getBytes(UTF_8);
      exchange.sendResponseHeaders(first ? 503 : 200, body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private static void stage(String id, String type, String config) throws IOException {
    Files.writeString(
        directory.resolve(id + ".json"),
        """
        {"id": "%s", "type": "%s", "config": %s, "inputs": "{{input}}",
         "federation": {"regions": ["eu"], "max_retries": 2, "retry_delay_seconds": 0.1}}
        """
            .formatted(id, type, config));
  }

  /** A process that exports its spans, unless the environment says another thing. */
  private static FederateProcess process(
      String name, Map<String, String> environment, String... arguments) {
    Map<String, String> all = new LinkedHashMap<>(connection);
    all.putAll(collector.environment());
    all.put("OTEL_SERVICE_NAME", name);
    all.putAll(environment);
    FederateProcess process = FederateProcess.start("traces-" + name, directory, all, arguments);
    PROCESSES.add(process);
    return process;
  }

  private static FederateProcess stage(String id, Map<String, String> environment) {
    return process(
        "starter",
        environment,
        "stage",
        id + ".json",
        "--input",
        "{\"text\": \"%s\"}".formatted(INPUT));
  }

  private static void endsAsIfNobodyTraced(Map<String, String> environment) throws Exception {
    FederateProcess stage = stage("echo", environment);

    assertThat(stage.awaitExit(Duration.ofSeconds(30))).as(stage.stderr()).isZero();
    assertThat(stage.stdout()).contains(INPUT);
    assertThat(stage.stderr()).contains("succeeded").doesNotContain("\tat ");
  }

  @Test
  void aCollectorThatRefusesChangesNothing() throws Exception {
    endsAsIfNobodyTraced(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"));
  }

  @Test
  void aCollectorThatIsSilentChangesNothing() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      endsAsIfNobodyTraced(
          Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + silent.getLocalPort()));
    }
  }

  @Test
  void settingsThatCannotBeUsedAreSaidAndChangeNothing() throws Exception {
    endsAsIfNobodyTraced(Map.of("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"));

    assertThat(PROCESSES.get(PROCESSES.size() - 1).stderr()).contains("No traces are exported");
  }

  @Test
  void withoutTheVariablesNoClassOfOpenTelemetryIsLoaded() throws Exception {
    assertThat(classesOf("off", Map.of("OTEL_TRACES_EXPORTER", "none")))
        .contains("dev.federated.worker.tracing.CommandSpan")
        .doesNotContain("io.opentelemetry.");
    assertThat(classesOf("on", Map.of())).contains("io.opentelemetry.sdk.");
  }

  private static String classesOf(String name, Map<String, String> environment) throws Exception {
    Path loaded = directory.resolve("classes-" + name);
    Map<String, String> logged = new LinkedHashMap<>(environment);
    logged.put("JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=" + loaded);
    FederateProcess stage = process("starter", logged, "stage", "echo.json", "--detach");
    assertThat(stage.awaitExit(LONGEST)).as(stage.stderr()).isZero();
    return Files.readString(loaded);
  }

  @Test
  void commandWorkerAndNodeAreOneTraceWithASpanForEachAttempt() throws Exception {
    FederateProcess stage =
        stage("asks", Map.of("TRACEPARENT", "00-" + TRACE + "-" + CALLER + "-01"));
    assertThat(stage.awaitExit(LONGEST)).as(stage.stderr()).isZero();
    assertThat(stage.stdout()).contains(OUTPUT);
    await()
        .atMost(LONGEST)
        .untilAsserted(() -> assertThat(collector.named("execute http_request")).hasSize(2));
    await().atMost(LONGEST).untilAsserted(() -> assertThat(inTrace("RemoteExecute eu")).hasSize(2));

    CollectedSpan command = inTrace("federate stage asks").get(0);
    assertThat(command.parent()).isEqualTo(CALLER);
    assertThat(command.service()).isEqualTo("starter");
    assertThat(command.kind()).isEqualTo(CLIENT);
    assertThat(command.attributes())
        .containsEntry("process.exit.code", "0")
        .containsEntry("federation.stage.id", "asks")
        .containsKeys("temporalWorkflowID", "temporalRunID");

    for (String attempt : List.of("1", "2")) {
      CollectedSpan call = attempt(attempt);
      boolean failed = attempt.equals("1");
      assertThat(call.parent()).isEqualTo(command.id());
      assertThat(call.service()).isEqualTo("worker");
      assertThat(call.kind()).isEqualTo(CLIENT);
      assertThat(call.status() == ERROR).isEqualTo(failed);
      assertThat(call.attribute("error.type")).isEqualTo(failed ? "RegionUnavailable" : "");
      assertThat(call.attribute("http.response.status_code")).isEqualTo(failed ? "503" : "200");
      assertThat(call.attribute("temporalWorkflowID"))
          .isEqualTo(command.attribute("temporalWorkflowID"));

      assertThat(inTrace("execute http_request"))
          .filteredOn(execution -> execution.parent().equals(call.id()))
          .singleElement()
          .satisfies(
              execution -> {
                assertThat(execution.service()).isEqualTo("node");
                assertThat(execution.kind()).isEqualTo(SERVER);
                assertThat(execution.status() == ERROR).isEqualTo(failed);
                assertThat(execution.attribute("http.response.status_code"))
                    .isEqualTo(failed ? "503" : "200");
              });
    }
    assertThat(collector.bytes())
        .contains("asks")
        .doesNotContain(KEY)
        .doesNotContain(INPUT)
        .doesNotContain(OUTPUT)
        .doesNotContain(WORDS);
  }

  private static List<CollectedSpan> inTrace(String name) {
    return collector.named(name).stream().filter(span -> span.trace().equals(TRACE)).toList();
  }

  private static CollectedSpan attempt(String number) {
    return inTrace("RemoteExecute eu").stream()
        .filter(span -> span.attribute("federation.attempt").equals(number))
        .findFirst()
        .orElseThrow();
  }
}
