package dev.federated.activities.remote;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.model.RegionConfig;
import dev.federated.stage.RegionHealth;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProbeRegionActivityTest {
  private final MockWebServer server = new MockWebServer();
  private final FederationMetrics metrics = new FederationMetrics(new MetricRegistry());

  @BeforeEach
  void start() throws Exception {
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aRegionThatIsAwayIsAnAnswerAndNotAFailure() {
    ProbeRegionActivityImpl activity = activity(Regions.at(server));
    server.close();

    RegionHealth health = activity.probe(Regions.NAME);

    assertThat(health.healthy()).isFalse();
    assertThat(health.status()).isEqualTo("offline");
    assertThat(health.latencyMs()).isNull();
    assertThat(health.reason()).contains("no connection");
  }

  @Test
  void anotherRegionHasNoWorkerHere() {
    RegionHealth health = activity(Regions.at(server)).probe("eu-west-1");

    assertThat(health.healthy()).isFalse();
    assertThat(health.status()).isEqualTo("no_worker");
  }

  @Test
  void aDisabledRegionIsNotAsked() {
    RegionHealth health =
        activity(RegionConfig.builder(Regions.NAME).enabled(false).build()).probe(Regions.NAME);

    assertThat(health.status()).isEqualTo("disabled");
    assertThat(server.getRequestCount()).isZero();
  }

  /** Bug 13 of the Python code: the load is told in executions, computed from a share. */
  @Test
  void theLoadIsInExecutions() {
    server.enqueue(Regions.answer(200, "{\"load\": 0.25, \"capacity\": 8}"));
    server.enqueue(Regions.answer(200, "{\"load\": 0.25}"));
    ProbeRegionActivityImpl activity = activity(Regions.at(server));

    assertThat(activity.probe(Regions.NAME).currentLoad()).isEqualTo(2);
    RegionHealth health = activity.probe(Regions.NAME);

    assertThat(health.currentLoad()).isEqualTo(2.5);
    assertThat(health.maxConcurrent()).isEqualTo(10);
    assertThat(health.healthy()).isTrue();
    assertThat(health.reason()).isNull();
  }

  @Test
  void aRegionWithoutAnEndpointIsHealthyWhereItsWorkerAnswers() {
    metrics.executionStarted(Regions.NAME);

    RegionHealth health = activity(RegionConfig.builder(Regions.NAME).build()).probe(Regions.NAME);

    assertThat(health.healthy()).isTrue();
    assertThat(health.currentLoad()).isEqualTo(1);
  }

  private ProbeRegionActivityImpl activity(RegionConfig region) {
    return new ProbeRegionActivityImpl(
        region,
        region.endpoint() == null ? null : Regions.client(new OkHttpClient(), region),
        RegionListener.NONE,
        metrics);
  }
}
