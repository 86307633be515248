package dev.federated.worker.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import com.uber.m3.tally.Scope;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class TemporalMetricsTest {
  private final MetricRegistry registry = new MetricRegistry();

  @Test
  void theSdksMetricsStandBesideOursWithTheTagsThatApply() throws Exception {
    try (Scope scope = TemporalMetrics.scope(registry);
        OperationsServer server =
            OperationsServer.start(
                OperationsServer.DEFAULT_HOST, 0, registry, Check.PASSING, Check.PASSING)) {
      scope
          .tagged(Map.of("task_queue", "federation.us-east-1", "workflow_type", "none"))
          .counter("temporal_request")
          .inc(3);
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(
              () ->
                  registry.getNames().contains("temporal_request;task_queue=federation.us-east-1"));

      URI metrics = URI.create(server.uri() + "/metrics");
      String scraped =
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
              .body();
      assertThat(scraped)
          .contains("temporal_request")
          .contains("task_queue=\"federation.us-east-1\"");
    }
  }
}
