package dev.federated.activities.remote;

import static dev.federated.activities.remote.Regions.CANARY;
import static dev.federated.activities.remote.Regions.NAME;
import static dev.federated.activities.remote.Regions.answer;
import static dev.federated.activities.remote.Regions.ok;
import static dev.federated.activities.remote.Regions.request;
import static dev.federated.activities.remote.Regions.retryAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteFailure;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import io.temporal.activity.ActivityOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.testing.TestActivityEnvironment;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class RemoteExecuteActivityTest {
  private final MockWebServer server = new MockWebServer();
  private final Queue<MockResponse> answers = new ConcurrentLinkedQueue<>();
  private final AtomicInteger executions = new AtomicInteger();
  private final OkHttpClient http = new OkHttpClient();
  private final Regions.MovingClock clock = new Regions.MovingClock();
  private final CircuitBreakers breakers = new CircuitBreakers(clock);
  private final FederationMetrics metrics = new FederationMetrics(new MetricRegistry());
  private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(2);
  private final Recorder recorder = new Recorder();
  private final TestActivityEnvironment environment = TestActivityEnvironment.newInstance();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

  @BeforeEach
  void start() throws Exception {
    server.start();
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            if (request.getTarget().endsWith("/health")) {
              return answer(404, "");
            }
            executions.incrementAndGet();
            return Objects.requireNonNull(answers.poll());
          }
        });
    logged.start();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.addAppender(logged);
  }

  @AfterEach
  void stop() {
    environment.close();
    scheduler.shutdownNow();
    server.close();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.detachAppender(logged);
  }

  @Test
  void aDeadRegionIsAFailureWithItsTypeAndOneDetail() {
    server.close();

    ApplicationFailure failure = failure(remote());

    assertThat(failure.getType()).isEqualTo("RegionUnavailable");
    assertThat(failure.isNonRetryable()).isFalse();
    assertThat(failure.getDetails().getSize()).isEqualTo(1);
    RemoteFailure detail = failure.getDetails().get(RemoteFailure.class);
    assertThat(detail.attempts()).isEqualTo(1);
    assertThat(detail.httpStatus()).isNull();
  }

  @Test
  void aRefusalIsNotRetryableAndTellsItsStatus() {
    answers.add(answer(401, "no"));

    ApplicationFailure failure = failure(remote());

    assertThat(failure.getType()).isEqualTo("RegionRejected");
    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(failure.getDetails().get(RemoteFailure.class).httpStatus()).isEqualTo(401);
  }

  @Test
  void aShortRetryAfterSetsTheNextPauseAndALongOneEndsTheAttempts() {
    answers.add(retryAfter(429, "7"));
    answers.add(retryAfter(429, "120"));
    RemoteExecuteActivity activity = remote();

    ApplicationFailure soon = failure(activity);
    ApplicationFailure late = failure(activity);

    assertThat(soon.getType()).isEqualTo("RegionOverloaded");
    assertThat(soon.isNonRetryable()).isFalse();
    assertThat(soon.getNextRetryDelay()).isEqualTo(Duration.ofSeconds(7));
    assertThat(late.getType()).isEqualTo("RegionOverloaded");
    assertThat(late.isNonRetryable()).isTrue();
    assertThat(soon.getDetails().get(RemoteFailure.class).retryAfter()).isEqualTo(7);
    assertThat(late.getDetails().get(RemoteFailure.class).retryAfter()).isEqualTo(120);
  }

  @Test
  void aSlowRegionIsTimedOutBeforeTemporalWould() {
    answers.add(new MockResponse.Builder().headersDelay(30, TimeUnit.SECONDS).build());

    ApplicationFailure failure = failure(remote(Duration.ofSeconds(2)));

    assertThat(failure.getType()).isEqualTo("RegionTimeout");
    assertThat(failure.getOriginalMessage()).contains("1800 ms");
  }

  @Test
  void theRegionsOwnTimeoutCountsWhereItIsShorter() {
    answers.add(new MockResponse.Builder().headersDelay(30, TimeUnit.SECONDS).build());
    RegionConfig quick =
        RegionConfig.builder(NAME)
            .endpoint(Regions.at(server).endpoint())
            .timeoutSeconds(0.3)
            .build();

    ApplicationFailure failure = failure(stub(activity(quick).build(), Duration.ofSeconds(60)));

    assertThat(failure.getOriginalMessage()).contains("300 ms");
  }

  @Test
  void aResultThatIsTooLargeForTemporalIsRefusedHere() {
    String body = "{\"output\": \"" + "x".repeat(100) + "\"}";
    answers.add(answer(200, body));

    ApplicationFailure failure = failure(remote(), request(body.length()));

    assertThat(failure.getType()).isEqualTo("ResponseTooLarge");
    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.CLOSED);
  }

  @Test
  void anExecutionForAnotherRegionIsNotCarriedOut() {
    RemoteRequest request = request();
    RemoteRequest other =
        new RemoteRequest(
            "eu-west-1",
            request.stageId(),
            request.type(),
            request.config(),
            request.inputs(),
            request.idempotencyKey(),
            request.maxOutputBytes(),
            request.circuitBreaker(),
            null);

    ApplicationFailure failure = failure(remote(), other);

    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(failure.getOriginalMessage()).contains("us-east-1", "eu-west-1");
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void anOpenBreakerEndsTheAttemptsWithoutACall() {
    for (int i = 0; i < 3; i++) {
      answers.add(answer(500, "broken"));
    }
    RemoteExecuteActivity activity = remote();
    for (int i = 0; i < 3; i++) {
      failure(activity);
    }

    ApplicationFailure failure = failure(activity);

    assertThat(failure.getType()).isEqualTo("CircuitOpen");
    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(failure.getDetails().get(RemoteFailure.class).attempts()).isZero();
    assertThat(executions).hasValue(3);
    assertThat(count("federation.region.executions;region=us-east-1;status=failed")).isEqualTo(3);
    assertThat(count("federation.region.failures;region=us-east-1;type=CircuitOpen")).isEqualTo(1);
  }

  @Test
  void anOpenBreakerClosesAfterItsTimeoutAndASuccess() {
    for (int i = 0; i < 3; i++) {
      answers.add(answer(200, "garbage"));
    }
    answers.add(ok());
    RemoteExecuteActivity activity = remote();
    for (int i = 0; i < 3; i++) {
      assertThat(failure(activity).getType()).isEqualTo("InvalidRegionResponse");
    }
    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.OPEN);

    clock.advance(Duration.ofSeconds(61));

    assertThat(activity.execute(request()).output().isObject()).isTrue();
    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.CLOSED);
  }

  /** Bug 12 of the Python code: a 4xx was treated as a 5xx by retries and breaker alike. */
  @ParameterizedTest
  @ValueSource(ints = {400, 401, 404, 422})
  void refusalsDoNotOpenTheBreaker(int status) {
    RemoteExecuteActivity activity = remote();
    for (int i = 0; i < 10; i++) {
      answers.add(answer(status, "no"));
      assertThat(failure(activity).isNonRetryable()).isTrue();
    }

    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.CLOSED);
  }

  @Test
  void aFailureThatCountsIsFollowedByAProbeAtOnceAndOthersAreNot() {
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return request.getTarget().endsWith("/health")
                ? answer(503, "starting")
                : answer(recorder.errors.isEmpty() ? 422 : 500, "");
          }
        });
    RemoteExecuteActivity activity = remote();

    failure(activity);
    assertThat(server.getRequestCount()).isEqualTo(1);
    failure(activity);

    await().until(() -> !recorder.probes.isEmpty());
    assertThat(recorder.probes.get(0).healthy()).isFalse();
    assertThat(recorder.errors)
        .extracting(RegionError::type)
        .containsExactly(FailureType.REGION_REJECTED, FailureType.REGION_UNAVAILABLE);
  }

  @Test
  void aDeadRegionIsKnownOfflineAfterItsFirstFailure() {
    server.close();

    failure(remote());

    await().until(() -> !recorder.probes.isEmpty());
    assertThat(recorder.probes.get(0).status()).isEqualTo("offline");
  }

  @Test
  void theKeyIsInNoFailureAndInNoLogLine() {
    Logger all = (Logger) LoggerFactory.getLogger("dev.federated");
    all.setLevel(Level.TRACE);
    answers.add(answer(500, "key " + CANARY));
    answers.add(answer(200, "{\"output\": \"" + CANARY + "\"}"));
    RemoteExecuteActivity activity = remote();

    ActivityFailure failure =
        catchThrowableOfType(ActivityFailure.class, () -> activity.execute(request()));
    RemoteResponse response = activity.execute(request());
    all.setLevel(null);

    StringBuilder shown = new StringBuilder(response.toString());
    for (Throwable t = failure; t != null; t = t.getCause()) {
      shown.append(t);
    }
    logged.list.forEach(event -> shown.append(event.getFormattedMessage()));
    assertThat(shown).doesNotContain("4f1e9b7d");
  }

  @Test
  void aCancelledActivityCancelsItsCall() throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            called.countDown();
            return new MockResponse.Builder().headersDelay(60, TimeUnit.SECONDS).build();
          }
        });
    cancelOnceCalled(called);

    assertThatThrownBy(() -> remote().execute(request())).isInstanceOf(CanceledFailure.class);

    assertThat(recorder.errors).isEmpty();
    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.CLOSED);
    assertThat(count("federation.region.executions;region=us-east-1;status=cancelled"))
        .isEqualTo(1);
    assertThat(metrics.inFlight(NAME)).isZero();
  }

  @Test
  void aCancelledActivityInterruptsItsComponent() throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    cancelOnceCalled(called);
    RemoteExecuteActivity activity =
        local(
            (request, timeout) -> {
              called.countDown();
              new CountDownLatch(1).await();
              throw new AssertionError("not reached");
            });

    assertThatThrownBy(() -> activity.execute(request())).isInstanceOf(CanceledFailure.class);
  }

  @Test
  void aWorkerThatIsStoppedSaysNothingAboutItsRegion() {
    RemoteExecuteActivity activity =
        stub(
            activity(Regions.at(server)).client(interruptingClient()).build(),
            Duration.ofSeconds(30));

    for (int i = 0; i < 5; i++) {
      ApplicationFailure failure = failure(activity);
      assertThat(failure.getType()).isEqualTo("RegionUnavailable");
      assertThat(failure.isNonRetryable()).isFalse();
      assertThat(failure.getOriginalMessage()).contains("worker was stopped");
    }

    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.CLOSED);
    assertThat(recorder.probes).isEmpty();
  }

  /** Interrupts the thread that calls, as a worker does that is shut down. */
  private RegionProtocolClient interruptingClient() {
    OkHttpClient interrupting =
        http.newBuilder()
            .addInterceptor(
                chain -> {
                  Thread.currentThread().interrupt();
                  throw new InterruptedIOException("interrupted");
                })
            .build();
    return Regions.client(interrupting, Regions.at(server));
  }

  @Test
  void aFirstAttemptThatEndsSoonSendsNoHeartbeat() {
    List<RemoteFailure> heartbeats = Collections.synchronizedList(new ArrayList<>());
    environment.setActivityHeartbeatListener(RemoteFailure.class, heartbeats::add);
    answers.add(ok());

    remote().execute(request());

    assertThat(heartbeats).isEmpty();
  }

  @Test
  void aComponentThatFailsIsAComponentFailureWithoutProbeOrBreaker() {
    RemoteExecuteActivity activity =
        local(
            (request, timeout) -> {
              throw new IllegalStateException("division by zero, password another-secret-value");
            });

    for (int i = 0; i < 5; i++) {
      ApplicationFailure failure = failure(activity);
      assertThat(failure.getType()).isEqualTo("ComponentFailed");
      assertThat(failure.isNonRetryable()).isTrue();
      assertThat(failure.getOriginalMessage())
          .contains("us-east-1", "transformer", "division by zero")
          .doesNotContain("another-secret");
    }

    assertThat(breakers.state(NAME)).isEqualTo(CircuitState.CLOSED);
  }

  @Test
  void aComponentDecidesWhetherItsFailureMayBeRetried() {
    ApplicationFailure failure =
        failure(
            local(
                (request, timeout) -> {
                  throw ApplicationFailure.newFailure("database is away", "ComponentFailed");
                }));

    assertThat(failure.isNonRetryable()).isFalse();
    assertThat(failure.getOriginalMessage()).isEqualTo("database is away");
    assertThat(failure.getDetails().get(RemoteFailure.class).attempts()).isEqualTo(1);
  }

  @Test
  void aComponentThatTakesTooLongIsInterrupted() {
    ApplicationFailure failure =
        failure(
            stub(
                activity(RegionConfig.builder(NAME).build())
                    .local(
                        (request, timeout) -> {
                          new CountDownLatch(1).await();
                          throw new AssertionError("not reached");
                        })
                    .build(),
                Duration.ofMillis(500)));

    assertThat(failure.getType()).isEqualTo("RegionTimeout");
    assertThat(failure.getOriginalMessage()).contains("450 ms");
  }

  @Test
  void aComponentsOutputIsLimitedToo() {
    ApplicationFailure failure =
        failure(
            local(
                (request, timeout) ->
                    new RemoteResponse(
                        JsonNodeFactory.instance.textNode("ä".repeat(100)), 0, null, 0, 0)),
            request(200));

    assertThat(failure.getType()).isEqualTo("ResponseTooLarge");
  }

  @Test
  void aRegionWithoutEndpointExecutesTheComponentInTheWorker() {
    RemoteResponse response =
        local((request, timeout) -> new RemoteResponse(request.inputs(), 3, 0.5, 0, 0))
            .execute(request());

    assertThat(response.output()).isEqualTo(request().inputs());
    assertThat(response.tokensUsed()).isEqualTo(3);
    assertThat(response.cost()).isEqualTo(0.5);
    assertThat(response.attempts()).isEqualTo(1);
    assertThat(count("federation.region.executions;region=us-east-1;status=succeeded"))
        .isEqualTo(1);
  }

  @Test
  void aRegionWithAnEndpointNeedsItsClient() {
    assertThatThrownBy(
            () ->
                RemoteExecuteActivityImpl.builder(Regions.at(server), breakers, metrics, scheduler)
                    .build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("us-east-1");
  }

  private void cancelOnceCalled(CountDownLatch called) {
    scheduler.execute(
        () -> {
          try {
            called.await();
            environment.requestCancelActivity();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private RemoteExecuteActivity remote() {
    return remote(Duration.ofSeconds(30));
  }

  private RemoteExecuteActivity remote(Duration startToClose) {
    return stub(activity(Regions.at(server)).build(), startToClose);
  }

  private RemoteExecuteActivity local(LocalExecutor executor) {
    return stub(
        activity(RegionConfig.builder(NAME).build()).local(executor).build(),
        Duration.ofSeconds(30));
  }

  private RemoteExecuteActivityImpl.Builder activity(RegionConfig region) {
    return RemoteExecuteActivityImpl.builder(region, breakers, metrics, scheduler)
        .client(region.endpoint() == null ? null : Regions.client(http, region))
        .prober(new RegionProber(scheduler, recorder, Duration.ofSeconds(2)))
        .secrets(Redaction.of(List.of("another-secret-value")))
        .listener(recorder);
  }

  private RemoteExecuteActivity stub(RemoteExecuteActivityImpl activity, Duration startToClose) {
    environment.registerActivitiesImplementations(activity);
    return environment.newActivityStub(
        RemoteExecuteActivity.class,
        ActivityOptions.newBuilder()
            .setStartToCloseTimeout(startToClose)
            .setHeartbeatTimeout(Duration.ofSeconds(3))
            .build());
  }

  private static ApplicationFailure failure(RemoteExecuteActivity activity) {
    return failure(activity, request());
  }

  private static ApplicationFailure failure(RemoteExecuteActivity activity, RemoteRequest request) {
    ActivityFailure failure =
        catchThrowableOfType(ActivityFailure.class, () -> activity.execute(request));
    assertThat(failure).hasCauseInstanceOf(ApplicationFailure.class);
    return (ApplicationFailure) Objects.requireNonNull(failure.getCause());
  }

  private long count(String name) {
    return metrics.registry().counter(name).getCount();
  }

  private static final class Recorder implements RegionListener {
    final List<RegionError> errors = Collections.synchronizedList(new ArrayList<>());
    final List<RegionProbe> probes = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void called(String region, @Nullable RegionError error, long latencyMs) {
      if (error != null) {
        errors.add(error);
      }
    }

    @Override
    public void probed(RegionProbe probe) {
      probes.add(probe);
    }
  }
}
