package dev.federated.activities.remote;

import static dev.federated.activities.remote.Regions.CANARY;
import static dev.federated.activities.remote.Regions.answer;
import static dev.federated.activities.remote.Regions.ok;
import static dev.federated.activities.remote.Regions.request;
import static dev.federated.activities.remote.Regions.retryAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FailureType;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegionProtocolClientTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final MockWebServer server = new MockWebServer();
  private final OkHttpClient http = new OkHttpClient();
  private RegionProtocolClient client;

  @BeforeEach
  void start() throws Exception {
    server.start();
    client = Regions.client(http, Regions.at(server));
  }

  @AfterEach
  void stop() {
    server.close();
    http.connectionPool().evictAll();
  }

  @Test
  void aProbeNeitherUsesNorClosesTheConnectionsOfExecutions() throws Exception {
    server.enqueue(answer(200, "{\"output\": 1}"));
    server.enqueue(answer(200, "{}"));
    server.enqueue(answer(200, "{\"output\": 2}"));

    client.call(Regions.request(), 1, TIMEOUT, null).execute();
    RecordedRequest first = server.takeRequest();
    client.probe(TIMEOUT);
    RecordedRequest probe = server.takeRequest();
    client.call(Regions.request(), 1, TIMEOUT, null).execute();
    RecordedRequest second = server.takeRequest();

    assertThat(probe.getConnectionIndex()).isNotEqualTo(first.getConnectionIndex());
    assertThat(second.getConnectionIndex()).isEqualTo(first.getConnectionIndex());
    assertThat(second.getExchangeIndex()).isEqualTo(1);
  }

  @Test
  void aRegionThatIsDownIsUnavailable() {
    server.close();

    RegionError error = failure();

    assertThat(error.type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(error.retryable()).isTrue();
    assertThat(error.httpStatus()).isNull();
    assertThat(error.message()).contains("us-east-1", "127.0.0.1");
  }

  @Test
  void aRegionThatDoesNotAnswerInTimeIsTimedOut() {
    server.enqueue(
        new MockResponse.Builder().body("{}").headersDelay(30, TimeUnit.SECONDS).build());

    RegionError error = failure(Duration.ofMillis(200));

    assertThat(error.type()).isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(error.retryable()).isTrue();
    assertThat(error.message()).contains("200 ms");
  }

  @Test
  void anAnswerThatStopsAfterItsHeadersIsTimedOut() {
    server.enqueue(
        new MockResponse.Builder().body("{\"output\": 1}").bodyDelay(30, TimeUnit.SECONDS).build());

    assertThat(failure(Duration.ofMillis(300)).type()).isEqualTo(FailureType.REGION_TIMEOUT);
  }

  @ParameterizedTest
  @CsvSource({
    "400, RegionRejected, false",
    "401, RegionRejected, false",
    "403, RegionRejected, false",
    "404, RegionRejected, false",
    "409, RegionRejected, false",
    "413, RegionRejected, false",
    "422, RegionRejected, false",
    "408, RegionTimeout, true",
    "425, RegionOverloaded, true",
    "429, RegionOverloaded, true",
    "500, RegionUnavailable, true",
    "502, RegionUnavailable, true",
    "503, RegionUnavailable, true",
    "504, RegionUnavailable, true",
    "201, InvalidRegionResponse, false",
    "204, InvalidRegionResponse, false",
  })
  void aStatusOtherThan200IsAFailureOfItsType(int status, String type, boolean retryable) {
    server.enqueue(
        status == 204
            ? new MockResponse.Builder().code(204).build()
            : answer(status, "{\"output\": 1}"));

    RegionError error = failure();

    assertThat(error.type().wireName()).isEqualTo(type);
    assertThat(error.retryable()).isEqualTo(retryable);
    assertThat(error.httpStatus()).isEqualTo(status);
    assertThat(error.message()).contains("answered " + status);
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "429, 7, 7",
    "503, 60, 60",
    "409, 1, 1",
    "500, 5, 5",
    "503, 'Sun, 01 Mar 2026 12:00:30 GMT', 30",
    "429, 'Sun, 01 Mar 2026 11:00:00 GMT', 0",
    "503, 0, 0",
  })
  void aRetryAfterOfUpToAMinuteIsPassedOn(int status, String header, long seconds) {
    server.enqueue(retryAfter(status, header));

    RegionCallException failure = call(TIMEOUT);

    assertThat(failure.error().retryable()).isTrue();
    assertThat(failure.error().type())
        .isEqualTo(status == 500 ? FailureType.REGION_UNAVAILABLE : FailureType.REGION_OVERLOADED);
    assertThat(failure.retryAfter()).isEqualTo(Duration.ofSeconds(seconds));
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"61", "3600", "99999999999999999999", "Sun, 01 Mar 2026 12:01:01 GMT"})
  void aLongerRetryAfterSpendsTheRegion(String header) {
    server.enqueue(retryAfter(429, header));

    RegionCallException failure = call(TIMEOUT);

    assertThat(failure.error().type()).isEqualTo(FailureType.REGION_OVERLOADED);
    assertThat(failure.error().retryable()).isFalse();
    assertThat(failure.error().allowsHop()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "-1", "1.5", ""})
  void aMalformedRetryAfterCountsAsNone(String header) {
    server.enqueue(retryAfter(503, header));

    RegionCallException failure = call(TIMEOUT);

    assertThat(failure.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(failure.retryAfter()).isNull();
  }

  @Test
  void aDateIsReadAgainstTheRegionsOwnClock() {
    server.enqueue(
        new MockResponse.Builder()
            .code(503)
            .setHeader("Date", "Sun, 01 Mar 2020 12:00:00 GMT")
            .setHeader("Retry-After", "Sun, 01 Mar 2020 12:00:20 GMT")
            .build());

    assertThat(call(TIMEOUT).retryAfter()).isEqualTo(Duration.ofSeconds(20));
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void aRedirectIsRejectedAndTheKeyGoesNowhereElse(int status) throws Exception {
    try (MockWebServer elsewhere = new MockWebServer()) {
      elsewhere.start();
      elsewhere.enqueue(ok());
      server.enqueue(
          new MockResponse.Builder()
              .code(status)
              .setHeader("Location", elsewhere.url("/api/v1/execute").toString())
              .build());

      RegionError error = failure();

      assertThat(error.type()).isEqualTo(FailureType.REGION_REJECTED);
      assertThat(error.httpStatus()).isEqualTo(status);
      assertThat(error.message()).contains("redirect", "not followed");
      assertThat(elsewhere.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "   ",
        "<html>busy</html>",
        "{\"output\": ",
        "{\"output\": 1} {\"output\": 2}",
        "{}",
        "null",
        "[1]",
        "\"output\"",
        "{\"result\": 1}",
        "{\"output\": 1, \"tokens_used\": -1}",
        "{\"output\": 1, \"tokens_used\": \"12\"}",
        "{\"output\": 1, \"tokens_used\": 1.5}",
        "{\"output\": 1, \"tokens_used\": 1e30}",
        "{\"output\": 1, \"tokens_used\": true}",
        "{\"output\": 1, \"cost\": -0.01}",
        "{\"output\": 1, \"cost\": \"free\"}",
        "{\"output\": 1, \"cost\": NaN}",
        "{\"output\": 1, \"cost\": 1e999}",
        "{\"output\": [1, {\"a\": 1e999}]}",
      })
  void aBodyThatIsNotTheProtocolsIsInvalidAndNotTriedAgain(String body) {
    server.enqueue(answer(200, body));

    RegionError error = failure();

    assertThat(error.type()).isEqualTo(FailureType.INVALID_REGION_RESPONSE);
    assertThat(error.retryable()).isFalse();
    assertThat(error.httpStatus()).isEqualTo(200);
  }

  @Test
  void anOutputThatIsNestedTooDeepIsInvalid() {
    server.enqueue(answer(200, "{\"output\": " + "[".repeat(600) + "]".repeat(600) + "}"));

    assertThat(failure().type()).isEqualTo(FailureType.INVALID_REGION_RESPONSE);
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 503})
  void aNegativeContentLengthIsABrokenConnection(int status) {
    for (int i = 0; i < 2; i++) {
      server.enqueue(
          new MockResponse.Builder()
              .code(status)
              .body("{}")
              .setHeader("Content-Length", Long.MIN_VALUE)
              .build());
    }

    RegionCallException failure = call(TIMEOUT);
    RegionProbe probe = client.probe(TIMEOUT);

    assertThat(failure.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(failure.error().message()).contains("negative Content-Length");
    assertThat(probe.healthy()).isFalse();
  }

  /** Found by fuzzing. */
  @Test
  void aStatusThatHttpDoesNotHaveIsABrokenConnection() {
    for (int i = 0; i < 2; i++) {
      server.enqueue(new MockResponse.Builder().status("HTTP/1.1 -32 Unprocessable").build());
    }

    RegionCallException failure = call(TIMEOUT);
    RegionProbe probe = client.probe(TIMEOUT);

    assertThat(failure.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(failure.error().message()).contains("not one of HTTP");
    assertThat(probe.healthy()).isFalse();
  }

  @Test
  void halfAnAnswerIsABrokenConnection() {
    server.enqueue(
        answer(200, "{\"output\": \"" + "x".repeat(10_000) + "\"}")
            .newBuilder()
            .onResponseBody(new SocketEffect.CloseSocket())
            .build());

    RegionError error = failure();

    assertThat(error.type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(error.retryable()).isTrue();
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void anAnswerThatDeclaresTooManyBytesIsNotRead() {
    server.enqueue(new MockResponse.Builder().body(Regions.large(50L * 1024 * 1024, true)).build());

    RegionError error = failure();

    assertThat(error.type()).isEqualTo(FailureType.RESPONSE_TOO_LARGE);
    assertThat(error.retryable()).isFalse();
    assertThat(error.message()).contains("52428800", "max_output_bytes (1048576)");
  }

  @Test
  void anEndlessAnswerIsCutOff() {
    server.enqueue(
        new MockResponse.Builder()
            .removeHeader("Content-Length")
            .body(Regions.large(Long.MAX_VALUE, false))
            .build());

    assertThat(failure().type()).isEqualTo(FailureType.RESPONSE_TOO_LARGE);
  }

  @Test
  void anErrorsEndlessBodyIsCutOff() {
    server.enqueue(
        new MockResponse.Builder()
            .code(500)
            .removeHeader("Content-Length")
            .body(Regions.large(Long.MAX_VALUE, false))
            .build());

    RegionError error = failure();

    assertThat(error.type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(error.message().length()).isLessThan(400);
  }

  @ParameterizedTest
  @ValueSource(ints = {302, 401, 422, 429, 500, 200})
  void theKeyIsNeverRepeatedWhateverTheRegionEchoes(int status) throws Exception {
    String base64 =
        java.util.Base64.getEncoder().encodeToString(CANARY.getBytes(StandardCharsets.UTF_8));
    String echo =
        "key " + CANARY + " also " + base64 + " can\u0000ary-4f1e9b7d-key+/= another-secret-value";
    server.enqueue(
        new MockResponse.Builder().code(status).body(echo).setHeader("Location", CANARY).build());

    RegionCallException failure = call(TIMEOUT);

    assertThat(failure.toString() + failure.error() + client)
        .doesNotContain("4f1e9b7d", base64, "another-secret")
        .contains("us-east-1");
    assertThat(failure.getCause()).isNull();
  }

  @Test
  void aStatusLineThatEchoesTheKeyShowsNoKey() {
    server.enqueue(new MockResponse.Builder().status("HTTP/9.9 " + CANARY).build());

    assertThat(failure().message()).doesNotContain("4f1e9b7d");
  }

  @Test
  void aKeyThatIsCutOffByTheLimitOfAnErrorsBodyIsNotShown() {
    RegionProtocolClient longKey =
        new RegionProtocolClient(
            http,
            Regions.at(server),
            () -> "k".repeat(999) + "END",
            Redaction.NONE,
            Clock.systemUTC());
    server.enqueue(answer(500, ("k".repeat(999) + "END").repeat(20)));

    RegionCallException failure =
        catchThrowableOfType(
            RegionCallException.class, () -> longKey.execute(request(), 1, TIMEOUT));

    assertThat(failure.getMessage()).doesNotContain("kk", "END");
  }

  @Test
  void anErrorShowsTheBeginningOfWhatTheRegionSaidInOneLine() {
    server.enqueue(answer(422, "{\"error\":\n \"no such\u001b[31m model\"}" + "y".repeat(500)));

    assertThat(failure().message())
        .contains("no such[31m model")
        .doesNotContain("\n", "\u001b")
        .hasSizeLessThan(300);
  }

  @Test
  void aKeyThatCannotStandInAHeaderIsSaidWithoutShowingIt() {
    RegionProtocolClient broken =
        new RegionProtocolClient(
            http, Regions.at(server), () -> CANARY + "\n", Redaction.NONE, Clock.systemUTC());

    assertThatThrownBy(() -> broken.execute(request(), 1, TIMEOUT))
        .isInstanceOf(RegionCallException.class)
        .hasMessageContaining("api_key")
        .hasMessageNotContaining("4f1e9b7d");
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void aRegionWithoutAnEndpointHasNoClient() {
    RegionConfig local = RegionConfig.builder("local").build();

    assertThatThrownBy(() -> Regions.client(http, local))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'local'");
  }

  @Test
  void theRequestIsTheProtocols() throws Exception {
    server.enqueue(ok());

    client.execute(request(), 2, TIMEOUT);

    RecordedRequest sent = server.takeRequest();
    assertThat(sent.getRequestLine()).isEqualTo("POST /api/v1/execute HTTP/1.1");
    assertThat(sent.getHeaders().get("Authorization")).isEqualTo("Bearer " + CANARY);
    assertThat(sent.getHeaders().get("Idempotency-Key")).isEqualTo("key-1");
    assertThat(sent.getHeaders().get("Content-Type")).startsWith("application/json");
    assertThat(sent.getHeaders().get("traceparent")).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
    assertThat(Regions.json(sent.getBody().utf8()))
        .isEqualTo(
            Regions.json(
                """
                {"stage": {"id": "process", "type": "transformer", "config": {"expression": "a"}},
                 "inputs": {"a": 1}}
                """));
  }

  @Test
  void anEndpointsPathIsKept() throws Exception {
    RegionConfig below =
        RegionConfig.builder("below").endpoint(URI.create(server.url("/fed/") + "")).build();
    server.enqueue(ok());

    Regions.client(http, below).execute(request(), 1, TIMEOUT);

    assertThat(server.takeRequest().getTarget()).isEqualTo("/fed/api/v1/execute");
  }

  @Test
  void attemptsShareATraceAndHaveTheirOwnSpans() throws Exception {
    server.enqueue(ok());
    server.enqueue(ok());

    client.execute(request(), 1, TIMEOUT);
    client.execute(request(), 2, TIMEOUT);

    String first = server.takeRequest().getHeaders().get("traceparent");
    String second = server.takeRequest().getHeaders().get("traceparent");
    assertThat(first).isNotEqualTo(second).startsWith(second.substring(0, 35));
  }

  @Test
  void aRegionWithoutAKeyGetsNoAuthorization() throws Exception {
    server.enqueue(ok());

    new RegionProtocolClient(
            http, Regions.at(server), () -> null, Redaction.NONE, Clock.systemUTC())
        .execute(request(), 1, TIMEOUT);

    assertThat(server.takeRequest().getHeaders().get("Authorization")).isNull();
  }

  @Test
  void anAnswerGivesOutputTokensAndCost() throws Exception {
    server.enqueue(
        answer(200, "{\"output\": {\"a\": [1]}, \"tokens_used\": 12, \"cost\": 0, \"x\": 1}"));

    RemoteResponse response = client.execute(request(), 3, TIMEOUT);

    assertThat(response.output()).isEqualTo(Regions.json("{\"a\": [1]}"));
    assertThat(response.tokensUsed()).isEqualTo(12);
    assertThat(response.cost()).isZero();
    assertThat(response.attempts()).isEqualTo(3);
  }

  @Test
  void aNullOutputIsAnOutputAndAbsentNumbersAreUnknown() throws Exception {
    server.enqueue(answer(200, "{\"output\": null, \"cost\": null}"));

    RemoteResponse response = client.execute(request(), 1, TIMEOUT);

    assertThat(response.output()).isEqualTo(JsonNodeFactory.instance.nullNode());
    assertThat(response.tokensUsed()).isZero();
    assertThat(response.cost()).isNull();
  }

  @Test
  void aWrongContentTypeDoesNotSpoilAGoodBody() throws Exception {
    server.enqueue(ok().newBuilder().setHeader("Content-Type", "text/html").build());

    assertThat(client.execute(request(), 1, TIMEOUT).output().isObject()).isTrue();
  }

  @Test
  void anOutputThatRepeatsTheKeyIsMasked() throws Exception {
    server.enqueue(answer(200, "{\"output\": {\"headers\": [\"Bearer " + CANARY + "\"]}}"));

    RemoteResponse response = client.execute(request(), 1, TIMEOUT);

    assertThat(response.output()).isEqualTo(Regions.json("{\"headers\": [\"Bearer ***\"]}"));
  }

  @Test
  void aBodyOfExactlyTheLimitIsRead() throws Exception {
    String body = "{\"output\": \"" + "x".repeat(100) + "\"}";
    RemoteRequest request = request(body.length());
    server.enqueue(answer(200, body));
    server.enqueue(new MockResponse.Builder().chunkedBody(body, 7).build());
    server.enqueue(new MockResponse.Builder().chunkedBody(body + " ", 7).build());

    assertThat(client.execute(request, 1, TIMEOUT).output().textValue()).hasSize(100);
    assertThat(client.execute(request, 1, TIMEOUT).output().textValue()).hasSize(100);
    assertThatThrownBy(() -> client.execute(request, 1, TIMEOUT))
        .hasMessageContaining("max_output_bytes");
  }

  @Test
  void healthGivesLoadAndCapacity() throws Exception {
    server.enqueue(
        answer(200, "{\"node_id\": \"n\", \"load\": 0.25, \"capacity\": 8, \"status\": \"ok\"}"));

    RegionProbe probe = client.probe(TIMEOUT);

    assertThat(probe.healthy()).isTrue();
    assertThat(probe.status()).isEqualTo("ok");
    assertThat(probe.currentLoad(100)).isEqualTo(2);
    assertThat(server.takeRequest().getRequestLine()).isEqualTo("GET /api/v1/health HTTP/1.1");
  }

  /** Bug 13 of the Python code: load is a share of the capacity, not a count. */
  @Test
  void loadIsAShareOfTheCapacityOrElseOfMaxConcurrent() {
    server.enqueue(answer(200, "{\"load\": 0.5}"));
    server.enqueue(answer(200, "{\"load\": 7, \"capacity\": 10}"));
    server.enqueue(answer(200, "{\"load\": -1, \"capacity\": 10}"));
    server.enqueue(answer(200, "{\"load\": \"low\", \"capacity\": 0}"));

    assertThat(client.probe(TIMEOUT).currentLoad(30)).isEqualTo(15);
    assertThat(client.probe(TIMEOUT).currentLoad(30)).isEqualTo(10);
    assertThat(client.probe(TIMEOUT).currentLoad(30)).isNull();
    assertThat(client.probe(TIMEOUT).currentLoad(30)).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {404, 405, 302, 204})
  void aRegionThatAnswersWithoutServingHealthIsHealthyWithUnknownLoad(int status) {
    server.enqueue(new MockResponse.Builder().code(status).build());

    RegionProbe probe = client.probe(TIMEOUT);

    assertThat(probe.healthy()).isTrue();
    assertThat(probe.load()).isNull();
  }

  @Test
  void healthThatIsNoJsonStillShowsThatTheRegionIsThere() {
    server.enqueue(answer(200, "fine, thanks"));

    assertThat(client.probe(TIMEOUT).healthy()).isTrue();
  }

  @Test
  void aRegionThatFailsOrRefusesTheKeyOrIsAwayIsNotHealthy() {
    server.enqueue(answer(503, CANARY + " starting"));
    server.enqueue(answer(401, "bad key " + CANARY));
    server.enqueue(answer(200, "{\"status\": \"draining\"}"));

    RegionProbe failing = client.probe(TIMEOUT);
    RegionProbe refused = client.probe(TIMEOUT);
    RegionProbe draining = client.probe(TIMEOUT);
    server.close();
    http.connectionPool().evictAll();
    RegionProbe away = client.probe(TIMEOUT);

    assertThat(failing.healthy()).isFalse();
    assertThat(failing.reason()).contains("503", "starting").doesNotContain("4f1e9b7d");
    assertThat(refused.healthy()).isFalse();
    assertThat(refused.reason()).contains("401").doesNotContain("4f1e9b7d");
    assertThat(draining.healthy()).isFalse();
    assertThat(draining.reason()).contains("draining");
    assertThat(away.status()).isEqualTo("offline");
    assertThat(away.latencyMs()).isNull();
  }

  private RegionError failure() {
    return failure(TIMEOUT);
  }

  private RegionError failure(Duration timeout) {
    return call(timeout).error();
  }

  private RegionCallException call(Duration timeout) {
    RegionCallException failure =
        catchThrowableOfType(
            RegionCallException.class, () -> client.execute(request(), 1, timeout));
    assertThat(failure).isNotNull();
    return failure;
  }
}
