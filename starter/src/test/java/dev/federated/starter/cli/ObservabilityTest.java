package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/** What an operator sees of a worker that has run stages: metrics, probes, traces. */
@Timeout(120)
class ObservabilityTest {
  private static final Path DOCS = Path.of("..", "docs").toAbsolutePath().normalize();
  private static final Duration SOON = Duration.ofSeconds(60);

  /** A name of a metric in a PromQL expression; what is not ours is up. */
  private static final Pattern METRIC = Pattern.compile("\\b(?:federation|temporal)_[a-z0-9_]+\\b");

  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

  @TempDir private static Path directory;
  private static MockWebServer region;
  private static LocalServer server;
  private static Serving worker;

  /** Trace parents of the executions that reached the region. */
  private static final BlockingQueue<String> TRACES = new LinkedBlockingQueue<>();

  private static final class Region extends Dispatcher {
    @Override
    public MockResponse dispatch(RecordedRequest request) {
      String target = String.valueOf(request.getTarget());
      if (target.endsWith("/health")) {
        return answer("{\"node_id\": \"eu\", \"load\": 0.2, \"capacity\": 10}");
      }
      if (target.startsWith("/failing")) {
        return new MockResponse.Builder().code(503).build();
      }
      TRACES.add(String.valueOf(request.getHeaders().get("traceparent")));
      return answer("{\"output\": {\"n\": 1}, \"tokens_used\": 3, \"cost\": 0.02}");
    }

    private static MockResponse answer(String body) {
      return new MockResponse.Builder().body(body).build();
    }
  }

  @BeforeAll
  static void serve() throws IOException {
    region = new MockWebServer();
    region.setDispatcher(new Region());
    region.start();
    Files.writeString(
        directory.resolve("federation.json"),
        """
        {"health_check_interval_seconds": 1, "circuit_breaker": {"threshold": 1, "timeout_seconds": 3600},
         "regions": [
           {"name": "gone", "endpoint": "http://127.0.0.1:1"},
           {"name": "failing", "endpoint": "http://127.0.0.1:%1$d/failing"},
           {"name": "eu", "endpoint": "http://127.0.0.1:%1$d", "cost_per_execution": 0.01},
           {"name": "local"}]}
        """
            .formatted(region.getPort()));
    stage("both", "{\"strategy\": \"parallel\", \"regions\": [\"eu\", \"local\"]}");
    stage(
        "fallback",
        "{\"strategy\": \"parallel\", \"regions\": [\"failing\"], \"max_retries\": 0,"
            + " \"fallback_region\": \"eu\"}");
    server = LocalServer.start(directory);
    worker = new Serving(directory, server.environment(), "worker", "--all", "--metrics-port", "0");
    assertThat(run("both", server.environment()).exitCode()).isZero();
    assertThat(run("fallback", server.environment()).exitCode()).isZero();
  }

  @AfterAll
  static void stop() {
    worker.close();
    server.close();
    region.close();
  }

  private static void stage(String id, String federation) throws IOException {
    Files.writeString(
        directory.resolve(id + ".json"),
        "{\"id\": \"%s\", \"federation\": %s}".formatted(id, federation));
  }

  private static CommandRun run(String stage, Map<String, String> environment) {
    return CommandRun.of(directory, environment, "stage", stage + ".json", "-o", "json");
  }

  private static HttpResponse<String> get(String uri) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(uri)).build(), BodyHandlers.ofString());
  }

  private static String scrape() {
    try {
      return get(worker.value("metrics")).body();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** The names under which the scrape has values. */
  private static Set<String> scraped() {
    Set<String> names = new TreeSet<>();
    scrape()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(line -> names.add(line.replaceFirst("[{ ].*", "")));
    return names;
  }

  @Test
  void whatHappenedIsInTheMetricsByRegion() {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(scrape())
                    .contains(
                        "federation_stages_total{outcome=\"succeeded\",strategy=\"parallel\"} 2")
                    .contains("federation_region_fallbacks_total{region=\"failing\"} 1")
                    .contains("federation_region_breaker{region=\"failing\"} 2")
                    .contains("federation_region_breaker{region=\"eu\"} 0")
                    .contains("federation_region_online{region=\"gone\"} 0")
                    .contains("federation_region_load{region=\"eu\"} 0.2")
                    .containsPattern("federation_ledger_age_seconds [0-9.E-]+\n")
                    .contains("federation_ledger_failures_total 0")
                    .containsPattern("federation_http_connections [1-9]")
                    .contains("federation_http_idle_connections"));
  }

  @Test
  void theMetricsAreWhatPrometheusReads() throws Exception {
    boolean required = Boolean.parseBoolean(System.getenv("FEDERATION_REQUIRE_PROMTOOL"));
    Path promtool =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .map(place -> Path.of(place, "promtool"))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeTrue(required || promtool != null, "promtool is not installed");
    assertThat(promtool).isNotNull();
    Path input = Files.writeString(directory.resolve("scrape.txt"), scrape());
    Path said = directory.resolve("promtool.txt");
    List<List<String>> checks =
        List.of(
            List.of("check", "metrics"),
            List.of("check", "rules", DOCS.resolve("prometheus/alerts.yaml").toString()));
    for (List<String> check : checks) {
      List<String> command = new ArrayList<>(List.of(promtool.toString()));
      command.addAll(check);
      Process process =
          new ProcessBuilder(command)
              .redirectInput(input.toFile())
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      // 3 is a finding about style; some names of Temporal's are against it.
      assertThat(process.exitValue()).as(Files.readString(said)).isIn(0, 3);
      if (process.exitValue() == 3) {
        assertThat(Files.readAllLines(said))
            .filteredOn(line -> !line.isBlank())
            .allMatch(line -> line.startsWith("temporal_"));
      }
    }
  }

  private static Set<String> metrics(String expressions) {
    Set<String> names = new TreeSet<>();
    Matcher matcher = METRIC.matcher(expressions);
    while (matcher.find()) {
      names.add(matcher.group());
    }
    return names;
  }

  @Test
  void everyMetricOfTheDashboardExists() throws IOException {
    JsonNode dashboard =
        new ObjectMapper()
            .readTree(Files.readString(DOCS.resolve("grafana/federation.json"), UTF_8));
    StringBuilder expressions = new StringBuilder();
    Set<Integer> ids = new TreeSet<>();
    for (JsonNode panel : dashboard.get("panels")) {
      assertThat(ids.add(panel.get("id").asInt())).as("panels have ids of their own").isTrue();
      assertThat(panel.get("title").asText()).isNotBlank();
      assertThat(panel.get("targets")).isNotEmpty();
      panel.get("targets").forEach(target -> expressions.append(target.get("expr")).append('\n'));
    }
    dashboard
        .at("/templating/list")
        .forEach(variable -> expressions.append(variable.get("query")).append('\n'));

    Set<String> metrics = metrics(expressions.toString());
    assertThat(metrics).hasSizeGreaterThan(14);
    await().atMost(SOON).untilAsserted(() -> assertThat(scraped()).containsAll(metrics));
  }

  @Test
  void everyMetricOfTheAlertsExistsAndTheReferenceListsIt() throws IOException {
    Map<?, ?> alerts = new Yaml().load(Files.readString(DOCS.resolve("prometheus/alerts.yaml")));
    StringBuilder expressions = new StringBuilder();
    for (Object group : (List<?>) alerts.get("groups")) {
      for (Object rule : (List<?>) ((Map<?, ?>) group).get("rules")) {
        Map<?, ?> alert = (Map<?, ?>) rule;
        assertThat(alert.get("alert").toString()).startsWith("Federation");
        assertThat((Map<?, ?>) alert.get("annotations")).hasSize(2);
        expressions.append(alert.get("expr")).append('\n');
      }
    }
    Set<String> metrics = metrics(expressions.toString());
    assertThat(metrics).hasSizeGreaterThan(6);
    await().atMost(SOON).untilAsserted(() -> assertThat(scraped()).containsAll(metrics));
    String operations = Files.readString(DOCS.resolve("operations.md"), UTF_8);
    assertThat(scraped())
        .filteredOn(name -> name.startsWith("federation_"))
        .map(name -> name.replaceFirst("_(count|sum)$", ""))
        .allSatisfy(name -> assertThat(operations).contains("`" + name + "`"));
  }

  @Test
  void theTraceOfTheCallerReachesTheRegionAndEndsThere() {
    Map<String, String> traced = new HashMap<>(server.environment());
    traced.put("TRACEPARENT", "00-" + TRACE + "-b7ad6b7169203331-00");
    TRACES.clear();

    assertThat(run("both", traced).exitCode()).isZero();
    assertThat(TRACES.remove()).matches("00-" + TRACE + "-(?!b7ad6b7169203331)[0-9a-f]{16}-00");

    assertThat(run("both", server.environment()).exitCode()).isZero();
    assertThat(TRACES.remove()).doesNotContain(TRACE);
  }

  @Test
  void whatIsNoTraceIsSaidAndNotUsed() {
    Map<String, String> traced = new HashMap<>(server.environment());
    traced.put("TRACEPARENT", "00-" + "0".repeat(32) + "-b7ad6b7169203331-00");

    CommandRun run = run("both", traced);

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).contains("TRACEPARENT is no trace parent");
  }

  @Test
  void aWorkerWhoseServerIsGoneIsAliveAndNotReady() throws Exception {
    Path own = Files.createDirectory(directory.resolve("own"));
    Files.writeString(own.resolve("federation.json"), "{\"regions\": [{\"name\": \"a\"}]}");
    LocalServer gone = LocalServer.start(own);
    try (Serving serving =
        new Serving(
            own,
            gone.environment(),
            "worker",
            "--all",
            "--metrics-port",
            "0",
            "--jmx",
            "--metrics-csv",
            "csv")) {
      String metrics = serving.value("metrics");
      String ready = metrics.replace("/metrics", "/readyz");
      assertThat(get(ready).statusCode()).isEqualTo(200);

      gone.close();

      await().atMost(SOON).until(() -> get(ready).statusCode() == 503);
      assertThat(get(ready).body()).contains("the Temporal server does not answer");
      assertThat(get(metrics.replace("/metrics", "/healthz")).statusCode()).isEqualTo(200);
      // Older than any exchange that goes well, of which there is one a second.
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(get(metrics).body())
                      .containsPattern("federation_ledger_age_seconds ([5-9]|[1-9][0-9]+)\\."));
    }
    assertThat(own.resolve("csv/federation.ledger.failures.csv")).exists();
  }
}
