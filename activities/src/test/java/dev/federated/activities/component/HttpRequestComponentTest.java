package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.FailureType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HttpRequestComponentTest {
  private static final String SECRET = "bearer-secret-93";

  private final MockWebServer server = new MockWebServer();
  private final MockWebServer other = new MockWebServer();
  private final ComponentExecutor executor = executor(List.of("127.0.0.1/32"), Dns.SYSTEM, 1000);

  private static ComponentExecutor executor(List<String> allow, Dns dns, int maxOutputBytes) {
    return ComponentExecutor.builder()
        .outboundAllow(allow)
        .dns(dns)
        .maxOutputBytes(maxOutputBytes)
        .secrets(
            new ResolvedSecrets(
                Map.of("token", new ResolvedSecrets.Secret(SECRET, Set.of("http_request")))))
        .build();
  }

  @BeforeEach
  void start() throws IOException {
    server.start();
    other.start();
  }

  @AfterEach
  void close() {
    executor.close();
    server.close();
    other.close();
  }

  private static JsonNode run(ComponentExecutor executor, String config) throws ComponentException {
    return executor.execute(Json.request("http_request", config, "null")).output();
  }

  private JsonNode run(String config) throws ComponentException {
    return run(executor, config);
  }

  private static ComponentException failure(ComponentExecutor executor, String config) {
    return catchThrowableOfType(ComponentException.class, () -> run(executor, config));
  }

  private String get() {
    return "{'url': '%s'}".formatted(server.url("/a?key=q"));
  }

  private static MockResponse.Builder response(int code) {
    return new MockResponse.Builder().code(code);
  }

  private static RecordedRequest taken(MockWebServer server) throws InterruptedException {
    RecordedRequest request = server.takeRequest(5, TimeUnit.SECONDS);
    assertThat(request).isNotNull();
    return request;
  }

  private static Dns always(String address) {
    return host -> List.of(InetAddress.getByName(address));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://2130706433:9/",
        "http://0x7f.0.0.1:9/",
        "http://127.1:9/",
        "http://0:9/",
        "http://[::1]:9/",
        "http://[::ffff:127.0.0.1]:9/",
        "http://[::ffff:7f00:1]:9/",
        "http://[fd00::1]:9/",
        "http://[fe80::1]:9/",
        "http://[64:ff9b::7f00:1]:9/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://224.0.0.1/"
      })
  void anAddressThatIsNotPublicIsRefusedHoweverItIsWritten(String url) {
    try (ComponentExecutor strict = executor(List.of(), Dns.SYSTEM, 1000)) {
      ComponentException e = failure(strict, "{'url': '%s', 'timeout_seconds': 5}".formatted(url));
      if (e.retryable()) {
        // Not every resolver reads these notations as an address; then there is nothing to reach.
        assertThat(e).hasMessageContaining("UnknownHost");
        assertThat(url).containsAnyOf("0x7f", "127.1:");
      } else {
        assertThat(e)
            .hasMessageContaining("not a public address")
            .hasMessageContaining("outbound.allow");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.8", "127.0.0.1", "192.168.1.1", "169.254.169.254", "fd12::1", "::1"})
  void aPublicNameThatResolvesToAPrivateAddressIsRefused(String address) {
    try (ComponentExecutor strict = executor(List.of(), always(address), 1000)) {
      ComponentException e = failure(strict, "{'url': 'http://api.example.com/'}");
      assertThat(e)
          .hasMessageContaining("api.example.com")
          .hasMessageContaining("not a public address");
      assertThat(e.retryable()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "10.0.0.1", "::1", "fe80::1"})
  void theSocketItselfRefusesWhateverTheNameServerSaid(String address) throws Exception {
    OutboundPolicy policy = new OutboundPolicy(List.of());
    try (Socket socket = policy.sockets().createSocket()) {
      assertThatThrownBy(
              () -> socket.connect(new InetSocketAddress(InetAddress.getByName(address), 9), 100))
          .isInstanceOf(OutboundPolicy.Refused.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"8.8.8.8", "1.1.1.1", "2606:4700::1111"})
  void publicAddressesArePermitted(String address) throws UnknownHostException {
    assertThat(new OutboundPolicy(List.of()).permits(InetAddress.getByName(address))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.0.1, true",
    "10.0.0.0/8, 11.0.0.1, false",
    "10.0.0.0/9, 10.128.0.1, false",
    "fd00::/8, fd12::1, true",
    "fd00::/8, 10.0.0.1, false",
    "10.0.0.7, 10.0.0.7, true",
    "0.0.0.0/0, 1.2.3.4, true"
  })
  void aRangeHasItsAddressesOnly(String range, String address, boolean contained)
      throws UnknownHostException {
    assertThat(CidrRange.parse(range).contains(InetAddress.getByName(address)))
        .isEqualTo(contained);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "localhost", "10.0.0.0/33", "10.0.0.0/x", "999.0.0.1/8", "::/129"})
  void whatIsNoRangeIsRefused(String range) {
    assertThatThrownBy(() -> CidrRange.parse(range)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aRedirectToAnAddressThatIsNotAllowedIsRefused() {
    server.enqueue(
        response(302).addHeader("Location", "http://127.0.0.2:" + other.getPort() + "/").build());
    ComponentException e = failure(executor, get());
    assertThat(e).hasMessageContaining("127.0.0.2");
    assertThat(e.retryable()).isFalse();
    assertThat(other.getRequestCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/hostname", "ftp://example.com/", "/relative", "jar:x", ""})
  void otherSchemesAreRefused(String url) {
    ComponentException e = failure(executor, "{'url': '%s'}".formatted(url));
    assertThat(e).hasMessageContaining("url: ");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void aRedirectToAnotherSchemeIsRefused() {
    server.enqueue(response(302).addHeader("Location", "file:///etc/hostname").build());
    assertThat(failure(executor, get()).retryable()).isFalse();
  }

  @Test
  void aUrlWithAPasswordIsRefusedAndNotRepeated() {
    ComponentException e = failure(executor, "{'url': 'http://joe:hunter2@example.com/'}");
    assertThat(e.retryable()).isFalse();
    assertThat(e.getMessage()).doesNotContain("hunter2");
  }

  @ParameterizedTest
  @CsvSource({
    "400, false",
    "401, false",
    "404, false",
    "409, false",
    "408, true",
    "425, true",
    "429, true",
    "500, true",
    "503, true"
  })
  void aStatusThatIsNotExpectedFails(int status, boolean retryable) {
    server.enqueue(response(status).build());
    ComponentException e = failure(executor, get());
    assertThat(e).hasMessageContaining(String.valueOf(status));
    assertThat(e.retryable()).isEqualTo(retryable);
    assertThat(e.getMessage()).doesNotContain("key=q");
  }

  @Test
  void onlyTheExpectedStatusesSucceedWhereTheyAreNamed() throws Exception {
    server.enqueue(response(404).build());
    server.enqueue(response(200).build());
    String config = "{'url': '%s', 'expected_status': [404, 410]}".formatted(server.url("/"));
    assertThat(run(config).path("status_code").asInt()).isEqualTo(404);
    assertThat(failure(executor, config).retryable()).isFalse();
  }

  @Test
  void aRefusedConnectionIsRetryable() {
    int port = other.getPort();
    other.close();
    ComponentException e = failure(executor, "{'url': 'http://127.0.0.1:%d/'}".formatted(port));
    assertThat(e.retryable()).isTrue();
  }

  @Test
  void noAnswerInTimeIsRetryable() {
    server.enqueue(response(200).headersDelay(1, TimeUnit.MINUTES).build());
    ComponentException e =
        failure(executor, "{'url': '%s', 'timeout_seconds': 0.05}".formatted(server.url("/")));
    assertThat(e).hasMessageContaining("no answer in time");
    assertThat(e.retryable()).isTrue();
  }

  @Test
  void aCallIsStoppedWhenTheExecutionTakesTooLong() {
    server.enqueue(response(200).headersDelay(1, TimeUnit.MINUTES).build());
    ComponentException e =
        catchThrowableOfType(
            ComponentException.class,
            () ->
                executor.execute(
                    Json.request("http_request", get(), "null"),
                    new ComponentLimits(1000, Duration.ofMillis(50))));
    assertThat(e.retryable()).isTrue();
  }

  @Test
  void anAnswerOverTheLimitIsTooLargeAndNotReadWhole() {
    server.enqueue(response(200).body("x".repeat(1_000_000)).build());
    ComponentException e = failure(executor, get());
    assertThat(e.type()).isEqualTo(FailureType.RESPONSE_TOO_LARGE);
  }

  @Test
  void moreThanFiveRedirectsAreRefused() {
    for (int i = 0; i < 7; i++) {
      server.enqueue(response(302).addHeader("Location", "/" + i).build());
    }
    ComponentException e = failure(executor, get());
    assertThat(e).hasMessageContaining("more than 5 redirects");
    assertThat(e.retryable()).isFalse();
    assertThat(server.getRequestCount()).isEqualTo(6);
  }

  @Test
  void redirectsAreNotFollowedIfThePipelineSaysSo() {
    server.enqueue(response(302).addHeader("Location", "/b").build());
    ComponentException e =
        failure(executor, "{'url': '%s', 'follow_redirects': false}".formatted(server.url("/")));
    assertThat(e).hasMessageContaining("302");
    assertThat(e.retryable()).isFalse();
  }

  private String withSecret(@Nullable String method) {
    return "{'url': '%s', %s 'headers': {'Authorization': {'secret': 'token'}, 'X-Key': 'k', 'Accept': 'text/html'}}"
        .formatted(
            server.url("/"), method == null ? "" : "'method': '%s', 'body': 1,".formatted(method));
  }

  @Test
  void noHeaderOfThePipelineGoesToAnotherOrigin() throws Exception {
    server.enqueue(response(302).addHeader("Location", other.url("/b")).build());
    other.enqueue(response(200).body("x").build());
    run(withSecret(null));
    assertThat(taken(server).getHeaders().get("Authorization")).isEqualTo(SECRET);
    RecordedRequest redirected = taken(other);
    assertThat(redirected.getHeaders().get("Authorization")).isNull();
    assertThat(redirected.getHeaders().get("X-Key")).isNull();
    assertThat(redirected.getHeaders().get("Accept")).isEqualTo("text/html");
  }

  @Test
  void headersStayAtTheSameOrigin() throws Exception {
    server.enqueue(response(307).addHeader("Location", "/b").build());
    server.enqueue(response(200).body("x").build());
    run(withSecret("PUT"));
    taken(server);
    RecordedRequest redirected = taken(server);
    assertThat(redirected.getMethod()).isEqualTo("PUT");
    assertThat(redirected.getHeaders().get("Authorization")).isEqualTo(SECRET);
    assertThat(redirected.getBody()).isNotNull();
    assertThat(redirected.getBody().utf8()).isEqualTo("1");
  }

  @Test
  void aChangeIsNotRepeatedAtAnotherOrigin() {
    server.enqueue(response(307).addHeader("Location", other.url("/b")).build());
    assertThat(failure(executor, withSecret("POST")).retryable()).isFalse();
    assertThat(other.getRequestCount()).isZero();
  }

  @Test
  void aPostThatIsRedirectedBecomesAGet() throws Exception {
    server.enqueue(response(303).addHeader("Location", "/b").build());
    server.enqueue(response(200).body("x").build());
    run(withSecret("POST"));
    taken(server);
    RecordedRequest redirected = taken(server);
    assertThat(redirected.getMethod()).isEqualTo("GET");
    assertThat(redirected.getBodySize()).isZero();
  }

  @Test
  void anEchoedSecretIsMaskedInTheOutput() throws Exception {
    server.enqueue(response(200).body("you sent " + SECRET).build());
    assertThat(run(withSecret(null)).path("body").asText()).isEqualTo("you sent ***");
  }

  @Test
  void aHeaderThatIsNoneIsFinalAndNotRepeated() {
    ComponentException e =
        failure(
            executor, "{'url': '%s', 'headers': {'X': 'a\\nb-secret'}}".formatted(server.url("/")));
    assertThat(e.retryable()).isFalse();
    assertThat(e.getMessage()).doesNotContain("b-secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void aMethodWithoutBodyRefusesOne(String method) {
    ComponentException e =
        failure(
            executor,
            "{'url': '%s', 'method': '%s', 'body': 1}".formatted(server.url("/"), method));
    assertThat(e).hasMessageContaining("body");
  }

  @Test
  void jsonIsParsed() throws Exception {
    server.enqueue(
        response(201)
            .addHeader("Content-Type", "application/problem+json; charset=utf-8")
            .addHeader("X-Two", "1")
            .addHeader("X-Two", "2")
            .body("{\"a\": \"é\"}")
            .build());
    JsonNode output = run(get());
    assertThat(output.path("status_code").asInt()).isEqualTo(201);
    assertThat(output.path("body")).isEqualTo(Json.of("{'a': 'é'}"));
    assertThat(output.path("headers").path("x-two").asText()).isEqualTo("1, 2");
  }

  @ParameterizedTest
  @CsvSource({"application/json, {", "application/json, ''", "text/plain, {}"})
  void whatIsNotJsonIsText(String contentType, String body) throws Exception {
    server.enqueue(response(200).addHeader("Content-Type", contentType).body(body).build());
    assertThat(run(get()).path("body").asText()).isEqualTo(body);
  }

  @Test
  void objectsAreSentAsJsonAndTextsAsText() throws Exception {
    server.enqueue(response(200).build());
    server.enqueue(response(200).build());
    run("{'url': '%s', 'method': 'POST', 'body': {'a': [1]}}".formatted(server.url("/")));
    run("{'url': '%s', 'method': 'post', 'body': 'a'}".formatted(server.url("/")));
    RecordedRequest json = taken(server);
    assertThat(json.getHeaders().get("Content-Type")).isEqualTo("application/json");
    assertThat(json.getHeaders().get("Idempotency-Key")).isEqualTo("key-1");
    assertThat(json.getBody()).isNotNull();
    assertThat(json.getBody().utf8()).isEqualTo("{\"a\":[1]}");
    assertThat(taken(server).getHeaders().get("Content-Type")).startsWith("text/plain");
  }
}
