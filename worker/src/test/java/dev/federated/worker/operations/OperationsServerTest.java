package dev.federated.worker.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.model.FailureType;
import dev.federated.model.RegionStatus;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OperationsServerTest {
  private final MetricRegistry registry = new MetricRegistry();
  private final AtomicReference<Optional<String>> live = new AtomicReference<>(Optional.empty());
  private final AtomicReference<Optional<String>> ready = new AtomicReference<>(Optional.empty());
  private OperationsServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        OperationsServer.start(OperationsServer.DEFAULT_HOST, 0, registry, live::get, ready::get);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void portInUseIsAnError() {
    assertThatThrownBy(
            () ->
                OperationsServer.start(
                    OperationsServer.DEFAULT_HOST,
                    server.port(),
                    registry,
                    Check.PASSING,
                    Check.PASSING))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(
            () -> OperationsServer.start("no such host", 0, registry, Check.PASSING, Check.PASSING))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no such host");
  }

  @Test
  void notReadyIs503WithTheReason() throws Exception {
    ready.set(Optional.of("no connection to Temporal"));
    assertThat(get("/readyz").statusCode()).isEqualTo(503);
    assertThat(get("/readyz").body()).isEqualTo("no connection to Temporal\n");
    assertThat(get("/healthz").statusCode()).isEqualTo(200);
  }

  @Test
  void notAliveIs503WithTheReason() throws Exception {
    live.set(Optional.of("worker has shut down"));
    assertThat(get("/healthz").statusCode()).isEqualTo(503);
    assertThat(get("/healthz").body()).isEqualTo("worker has shut down\n");
  }

  @Test
  void checkThatThrowsIs503WithoutItsMessage() throws Exception {
    Check broken =
        () -> {
          throw new IllegalStateException("hunter2");
        };
    try (OperationsServer other =
        OperationsServer.start(OperationsServer.DEFAULT_HOST, 0, registry, broken, Check.PASSING)) {
      HttpResponse<String> response = send(other, "/healthz", "GET");
      assertThat(response.statusCode()).isEqualTo(503);
      assertThat(response.body()).doesNotContain("hunter2");
    }
  }

  @Test
  void otherPathsAndMethodsAreRefused() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(get("/metrics/x").statusCode()).isEqualTo(404);
    assertThat(send(server, "/metrics", "POST").statusCode()).isEqualTo(405);
  }

  @Test
  void labelsAreTakenOutOfTheNames() throws Exception {
    FederationMetrics metrics = new FederationMetrics(registry);
    for (String region : new String[] {"us.east-1", "eu-west-1"}) {
      metrics.executionStarted(region);
      metrics.executionEnded(region, RegionStatus.SUCCEEDED, null, 12);
    }
    metrics.executionStarted("eu-west-1");
    metrics.executionEnded("eu-west-1", RegionStatus.FAILED, FailureType.REGION_TIMEOUT, 30);
    HttpResponse<String> response = get("/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
    assertThat(response.body().lines())
        .contains(
            "federation_region_executions_total{region=\"us.east-1\",status=\"succeeded\"} 1.0",
            "federation_region_executions_total{region=\"eu-west-1\",status=\"succeeded\"} 1.0",
            "federation_region_executions_total{region=\"eu-west-1\",status=\"failed\"} 1.0",
            "federation_region_failures_total{region=\"eu-west-1\",type=\"RegionTimeout\"} 1.0",
            "federation_region_in_flight{region=\"eu-west-1\"} 0.0",
            "federation_region_latency_seconds_count{region=\"eu-west-1\"} 2");
    assertThat(response.body().lines().filter(line -> line.startsWith("# TYPE")).toList())
        .doesNotHaveDuplicates();
  }

  @Test
  void costsAreACounterAndErrorsOfEstimatesAreInTheCurrencyOfThePrices() throws Exception {
    FederationMetrics metrics = new FederationMetrics(registry);
    metrics.executionPaid("us", 40, 0.5, 0.75);
    metrics.executionPaid("us", 2, 0.125, null);
    HttpResponse<String> response = get("/metrics");
    assertThat(response.body().lines())
        .contains(
            "# TYPE federation_region_cost_total counter",
            "federation_region_cost_total{region=\"us\"} 0.625",
            "federation_region_tokens_total{region=\"us\"} 42.0",
            "federation_region_cost_error{region=\"us\",quantile=\"0.5\"} -0.25",
            "federation_region_cost_error_count{region=\"us\"} 1");
  }

  @Test
  void gaugeThatIsUnknownOrBrokenDoesNotHideTheOthers() throws Exception {
    registry.register("a;region=x", (Gauge<Integer>) () -> null);
    registry.register(
        "b;region=x",
        (Gauge<Integer>)
            () -> {
              throw new IllegalStateException("broken");
            });
    registry.counter("c;region=x").inc();
    registry.counter("strange name!;9=x").inc();
    HttpResponse<String> response = get("/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("c_total{region=\"x\"} 1.0");
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(server, path, "GET");
  }

  private static HttpResponse<String> send(OperationsServer server, String path, String method)
      throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(server.uri().resolve(path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }
}
