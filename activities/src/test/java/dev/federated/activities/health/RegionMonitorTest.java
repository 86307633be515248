package dev.federated.activities.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.remote.Regions;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.StageRequest;
import dev.federated.stage.ExecutionEnd;
import io.temporal.testing.TestWorkflowEnvironment;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RegionMonitorTest {
  private static final QueueStatistics UNSUPPORTED =
      queue -> {
        throw new UnsupportedOperationException("not here");
      };

  private final MockWebServer server = new MockWebServer();
  private final OkHttpClient http = new OkHttpClient();
  private final AtomicInteger probes = new AtomicInteger();
  private volatile MockResponse health = Regions.answer(200, "{\"load\": 0.5, \"capacity\": 4}");

  @BeforeEach
  void start() throws IOException {
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            probes.incrementAndGet();
            return health;
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aDeadRegionIsKnownOfflineAfterItsFirstFailureAndNotAfterTheInterval() {
    FederationConfig config = config(3600, Regions.at(server));
    RegionView view = view(config);
    server.close();
    try (RegionMonitor monitor = monitor(config, view, UNSUPPORTED)) {
      view.ended(
          "key",
          Regions.NAME,
          ExecutionEnd.failed(RegionError.of(FailureType.REGION_UNAVAILABLE, "refused"), 1));

      await().until(() -> Boolean.FALSE.equals(view.online(Regions.NAME)));
      assertThat(monitor).isNotNull();
    }
  }

  @Test
  void anOfflineRegionIsLookedAtAgainUntilItIsBack() {
    health = Regions.answer(503, "");
    FederationConfig config = config(0.1, Regions.at(server));
    RegionView view = view(config);
    try (RegionMonitor monitor = monitor(config, view, UNSUPPORTED)) {
      monitor.start();
      await().until(() -> Boolean.FALSE.equals(view.online(Regions.NAME)));

      health = Regions.answer(200, "{}");

      await().until(() -> Boolean.TRUE.equals(view.online(Regions.NAME)));
    }
  }

  @Test
  void aServerThatDoesNotTellOfQueuesIsAskedOnce() {
    AtomicInteger asked = new AtomicInteger();
    FederationConfig config = config(0.05, Regions.at(server));
    RegionView view = view(config);
    QueueStatistics statistics =
        queue -> {
          asked.incrementAndGet();
          throw new UnsupportedOperationException("not here");
        };
    try (RegionMonitor monitor = monitor(config, view, statistics)) {
      monitor.start();
      await().until(() -> probes.get() >= 5);
    }

    assertThat(asked).hasValue(1);
    assertThat(view.polled(Regions.NAME)).isNull();
  }

  @Test
  void aServerThatFailsIsAskedAgain() {
    AtomicInteger asked = new AtomicInteger();
    FederationConfig config = config(0.05, RegionConfig.builder("local").build());
    RegionView view = view(config);
    QueueStatistics statistics =
        queue -> {
          if (asked.incrementAndGet() < 3) {
            throw new IllegalStateException("server is away");
          }
          return new QueueStatistics.QueueState(7, Instant.now());
        };
    try (RegionMonitor monitor = monitor(config, view, statistics)) {
      monitor.start();
      await().until(() -> Boolean.TRUE.equals(view.polled("local")));
    }
  }

  @Test
  void aQueueThatNobodyPollsYetIsReadAgainLongBeforeTheNextInterval() {
    AtomicInteger asked = new AtomicInteger();
    FederationConfig config = config(60, RegionConfig.builder("starting").build());
    RegionView view = view(config);
    QueueStatistics statistics =
        queue ->
            new QueueStatistics.QueueState(0, asked.incrementAndGet() < 6 ? null : Instant.now());
    try (RegionMonitor monitor = monitor(config, view, statistics)) {
      monitor.start();
      // By the pause of regions that are away it would take 25 s.
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> Boolean.TRUE.equals(view.polled("starting")));
    }
  }

  @Test
  void loadAndQueuesOfEnabledRegionsReachTheView() {
    Set<String> queues = ConcurrentHashMap.newKeySet();
    FederationConfig config =
        config(60, Regions.at(server), RegionConfig.builder("off").enabled(false).build());
    RegionView view = view(config);
    QueueStatistics statistics =
        queue -> {
          queues.add(queue);
          return new QueueStatistics.QueueState(7, Instant.now());
        };
    FederationMetrics metrics = new FederationMetrics(new MetricRegistry());
    view.watch(metrics);
    try (RegionMonitor monitor = monitor(config, view, statistics)) {
      monitor.start();
      await()
          .until(
              () ->
                  Boolean.TRUE.equals(view.online(Regions.NAME))
                      && Boolean.TRUE.equals(view.polled(Regions.NAME)));
    }

    assertThat(queues).containsExactly("federation.us-east-1");
    RegionSnapshot seen =
        view.snapshot(
                new StageRequest(
                    "s",
                    "t",
                    JsonNodeFactory.instance.objectNode(),
                    JsonNodeFactory.instance.objectNode(),
                    FederatedStageConfig.builder()
                        .strategy(FederationStrategy.LEAST_LOADED)
                        .build()),
                "run")
            .region(Regions.NAME);
    assertThat(seen.inFlight()).isEqualTo(2);
    assertThat(seen.backlog()).isEqualTo(7);
    assertThat(gauge(metrics, "federation.region.online;region=us-east-1")).isEqualTo(1);
    assertThat(gauge(metrics, "federation.region.load;region=us-east-1")).isEqualTo(0.5);
    assertThat(gauge(metrics, "federation.region.online;region=off")).isNull();
  }

  @Test
  void aClosedMonitorIgnoresRequests() {
    FederationConfig config = config(60, Regions.at(server));
    RegionMonitor monitor = monitor(config, view(config), UNSUPPORTED);
    monitor.close();

    monitor.requestProbe(Regions.NAME);
    monitor.requestProbe("nowhere");

    assertThat(probes).hasValue(0);
  }

  @Test
  void theServerInThisJvmDoesNotTellOfQueues() {
    try (TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance()) {
      TemporalQueueStatistics statistics =
          new TemporalQueueStatistics(
              environment.getWorkflowServiceStubs(), environment.getNamespace());

      org.assertj.core.api.Assertions.assertThatThrownBy(() -> statistics.read("federation.a"))
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  private RegionMonitor monitor(
      FederationConfig config, RegionView view, QueueStatistics statistics) {
    return new RegionMonitor(config, view, region -> Regions.client(http, region), statistics);
  }

  private static RegionView view(FederationConfig config) {
    return new RegionView(config, Clock.systemUTC(), () -> false);
  }

  private static FederationConfig config(double seconds, RegionConfig... regions) {
    return FederationConfig.builder()
        .regions(List.of(regions))
        .healthCheckIntervalSeconds(seconds)
        .build();
  }

  private static Object gauge(FederationMetrics metrics, String name) {
    return ((Gauge<?>) metrics.registry().getMetrics().get(name)).getValue();
  }
}
