package dev.federated.activities.remote;

import static dev.federated.activities.remote.Regions.CANARY;
import static dev.federated.activities.remote.Regions.answer;
import static dev.federated.activities.remote.Regions.ok;
import static dev.federated.activities.remote.Regions.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.tracing.Tracing;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.TraceParent;
import io.temporal.activity.ActivityOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.testing.TestActivityEnvironment;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which spans attempts are, and what the region is told of them. */
class AttemptSpanTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

  private final MockWebServer server = new MockWebServer();
  private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(1);
  private final TestActivityEnvironment environment = TestActivityEnvironment.newInstance();
  private final List<Told> told = new CopyOnWriteArrayList<>();

  /** A span with everything that was said of it, by name. */
  private static final class Told implements Tracing.Span {
    final Map<String, Object> said = new LinkedHashMap<>();
    final String traceParent;

    Told(Tracing.Kind kind, String name, @Nullable String parent, int number) {
      said.put("kind", kind);
      said.put("name", name);
      said.put("parent", String.valueOf(parent));
      traceParent = "00-%s-%016x-01".formatted(TRACE, number);
    }

    @Override
    public String traceParent() {
      return traceParent;
    }

    @Override
    public void set(String attribute, String value) {
      said.put(attribute, value);
    }

    @Override
    public void set(String attribute, long value) {
      said.put(attribute, value);
    }

    @Override
    public void failed(String errorType) {
      said.put("error.type", errorType);
    }

    @Override
    public void close() {
      said.merge("ended", 1, (before, one) -> (int) before + (int) one);
    }
  }

  @BeforeEach
  void start() throws Exception {
    server.start();
  }

  @AfterEach
  void stop() {
    environment.close();
    scheduler.shutdownNow();
    server.close();
  }

  private RemoteExecuteActivity remote() {
    Tracing tracing =
        (kind, name, parent) -> {
          Told span = new Told(kind, name, parent, told.size() + 1);
          told.add(span);
          return span;
        };
    environment.registerActivitiesImplementations(
        RemoteExecuteActivityImpl.builder(
                Regions.at(server),
                new CircuitBreakers(Clock.systemUTC()),
                new FederationMetrics(new MetricRegistry()),
                scheduler)
            .client(Regions.client(new OkHttpClient(), Regions.at(server)))
            .tracing(tracing)
            .build());
    return environment.newActivityStub(
        RemoteExecuteActivity.class,
        ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(30)).build());
  }

  private void fail(RemoteExecuteActivity activity) {
    assertThatThrownBy(() -> activity.execute(request())).isInstanceOf(ActivityFailure.class);
  }

  @Test
  void aFailureHasItsTypeAndStatusAndNoWordOfTheRegion() {
    server.enqueue(answer(422, "{\"error\": \"inputs like patient-17 are refused\"}"));

    fail(remote());

    assertThat(told)
        .singleElement()
        .satisfies(
            span ->
                assertThat(span.said)
                    .containsEntry("error.type", "RegionRejected")
                    .containsEntry("http.response.status_code", 422L)
                    .containsEntry("federation.status", "failed")
                    .containsEntry("ended", 1));
    assertThat(told.get(0).said.toString()).doesNotContain("patient-17").doesNotContain(CANARY);
  }

  @Test
  void anAttemptThatTheBreakerRefusesIsASpanWithoutAStatus() {
    RemoteExecuteActivity activity = remote();
    for (int i = 0; i < 3; i++) {
      server.enqueue(answer(503, ""));
      fail(activity);
    }

    fail(activity);

    assertThat(told).hasSize(4);
    assertThat(told.get(3).said)
        .containsEntry("error.type", "CircuitOpen")
        .containsEntry("ended", 1)
        .doesNotContainKey("http.response.status_code");
  }

  @Test
  void theRegionIsToldTheSpanThatCallsIt() throws Exception {
    server.enqueue(answer(503, ""));
    server.enqueue(ok());
    RemoteExecuteActivity activity = remote();

    fail(activity);
    activity.execute(request());

    assertThat(told).hasSize(2);
    for (Told span : told) {
      assertThat(server.takeRequest().getHeaders().get("traceparent")).isEqualTo(span.traceParent);
    }
    assertThat(told.get(1).said)
        .containsEntry("kind", Tracing.Kind.CLIENT)
        .containsEntry("name", "RemoteExecute " + Regions.NAME)
        .containsEntry("federation.region", Regions.NAME)
        .containsEntry("federation.stage.id", "process")
        .containsEntry("federation.attempt", 1L)
        .containsEntry("server.address", "127.0.0.1")
        .containsEntry("server.port", (long) server.getPort())
        .containsEntry("http.response.status_code", 200L)
        .containsEntry("federation.status", "succeeded")
        .containsKeys("temporalWorkflowID", "temporalRunID");
    assertThat(TraceParent.current()).isNull();
  }
}
