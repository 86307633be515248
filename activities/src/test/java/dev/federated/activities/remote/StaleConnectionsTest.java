package dev.federated.activities.remote;

import static dev.federated.activities.remote.Regions.answer;
import static dev.federated.activities.remote.Regions.ok;
import static dev.federated.activities.remote.Regions.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import dev.federated.activities.remote.RegionProtocolClient.RegionCall;
import dev.federated.model.FailureType;
import dev.federated.model.RegionConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StaleConnectionsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** The request arrives, and the connection ends without a byte of an answer. */
  private static final MockResponse NOTHING =
      ok().newBuilder().onResponseStart(new SocketEffect.CloseSocket()).build();

  /** An answer after which the region closes the connection, without having said so. */
  private static final MockResponse CLOSING =
      ok().newBuilder().onResponseEnd(new SocketEffect.CloseSocket()).build();

  private final OkHttpClient http = new OkHttpClient();
  private final MockWebServer server = new MockWebServer();
  private RegionProtocolClient client;

  @BeforeEach
  void start() throws IOException {
    server.start();
    client = Regions.client(http, Regions.at(server));
  }

  @AfterEach
  void stop() {
    server.close();
    http.connectionPool().evictAll();
  }

  /** Leaves a connection in the pool. */
  private void executeOnce() throws Exception {
    server.enqueue(ok());
    client.execute(request(), 1, TIMEOUT);
    server.takeRequest();
  }

  private static HttpServer startNode(int port) throws IOException {
    byte[] answer = "{\"output\": 1}".getBytes(UTF_8);
    HttpServer node =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    node.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    node.start();
    return node;
  }

  private RegionCallException failure() {
    return catchThrowableOfType(
        RegionCallException.class, () -> client.execute(request(), 1, TIMEOUT));
  }

  @Test
  void callRightAfterTheRegionHasRestartedSucceedsInItsFirstAttempt() throws Exception {
    HttpServer node = startNode(0);
    int port = node.getAddress().getPort();
    RegionProtocolClient caller =
        Regions.client(
            http,
            RegionConfig.builder(Regions.NAME)
                .endpoint(URI.create("http://127.0.0.1:" + port))
                .build());
    try {
      caller.execute(request(), 1, TIMEOUT);
    } finally {
      node.stop(0);
    }
    assertThat(http.connectionPool().idleConnectionCount()).isEqualTo(1);

    HttpServer again = startNode(port);
    try {
      assertThat(caller.execute(request(), 1, TIMEOUT).attempts()).isEqualTo(1);
    } finally {
      again.stop(0);
    }
  }

  @Test
  void everyDeadConnectionOfThePoolCostsOneRepeatAtMost() throws Exception {
    server.enqueue(CLOSING.newBuilder().headersDelay(300, TimeUnit.MILLISECONDS).build());
    server.enqueue(CLOSING);
    CompletableFuture<Void> slow =
        CompletableFuture.runAsync(
            () -> {
              try {
                client.execute(request(), 1, TIMEOUT);
              } catch (RegionCallException e) {
                throw new IllegalStateException(e);
              }
            });
    server.takeRequest();
    client.execute(request(), 1, TIMEOUT);
    slow.get(30, TimeUnit.SECONDS);
    assertThat(http.connectionPool().idleConnectionCount()).isEqualTo(2);

    for (int call = 1; call <= 3; call++) {
      server.enqueue(ok());
      client.execute(request(), 1, TIMEOUT);
      assertThat(server.getRequestCount()).isEqualTo(2 + call);
    }
  }

  @Test
  void probeOnAConnectionThatTheRegionHasClosedFindsItHealthy() throws Exception {
    server.enqueue(CLOSING);
    client.execute(request(), 1, TIMEOUT);
    server.enqueue(answer(200, "{\"load\": 0.5}"));

    assertThat(client.probe(TIMEOUT).healthy()).isTrue();
  }

  @Test
  void repeatIsTheSameRequestWithTheSameKeyAndTheLastOne() throws Exception {
    executeOnce();
    server.enqueue(NOTHING);
    server.enqueue(NOTHING);
    server.enqueue(ok());

    assertThat(failure().error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);

    assertThat(server.getRequestCount()).isEqualTo(3);
    RecordedRequest first = server.takeRequest();
    RecordedRequest repeat = server.takeRequest();
    assertThat(repeat.getHeaders()).isEqualTo(first.getHeaders());
    assertThat(repeat.getHeaders().get("Idempotency-Key")).isEqualTo("key-1");
    assertThat(repeat.getBody()).isEqualTo(first.getBody());
    assertThat(repeat.getConnectionIndex()).isNotEqualTo(first.getConnectionIndex());
  }

  @Test
  void brokenConnectionThatWasNewIsAFailedAttempt() {
    server.enqueue(NOTHING);

    assertThat(failure().error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);

    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void connectionThatBreaksAfterTheFirstByteOfAnAnswerIsAFailedAttempt() throws Exception {
    executeOnce();
    server.enqueue(
        answer(200, "{\"output\": \"" + "x".repeat(10_000) + "\"}")
            .newBuilder()
            .onResponseBody(new SocketEffect.CloseSocket())
            .build());

    assertThat(failure().error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);

    assertThat(server.getRequestCount()).isEqualTo(2);
  }

  @Test
  void connectionThatBreaksLaterThanADeadOneWouldIsAFailedAttempt() throws Exception {
    OkHttpClient late =
        http.newBuilder()
            .retryOnConnectionFailure(false)
            .addInterceptor(new StaleConnections(Duration.ZERO))
            .build();
    Request request = new Request.Builder().url(server.url("/")).build();
    server.enqueue(ok());
    try (Response response = late.newCall(request).execute()) {
      response.body().bytes();
    }
    server.enqueue(NOTHING);

    assertThatThrownBy(() -> late.newCall(request).execute()).isInstanceOf(IOException.class);

    assertThat(server.getRequestCount()).isEqualTo(2);
  }

  @Test
  void timeoutOnAPooledConnectionIsAFailedAttempt() throws Exception {
    executeOnce();
    server.enqueue(ok().newBuilder().headersDelay(30, TimeUnit.SECONDS).build());

    RegionCallException failure =
        catchThrowableOfType(
            RegionCallException.class, () -> client.execute(request(), 1, Duration.ofMillis(200)));

    assertThat(failure.error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(server.getRequestCount()).isEqualTo(2);
  }

  @Test
  void cancelledCallIsNotSentAgain() throws Exception {
    executeOnce();
    server.enqueue(ok().newBuilder().headersDelay(30, TimeUnit.SECONDS).build());
    RegionCall call = client.call(request(), 1, TIMEOUT, null);
    CompletableFuture<RegionCallException> failure =
        CompletableFuture.supplyAsync(
            () -> catchThrowableOfType(RegionCallException.class, call::execute));
    server.takeRequest();

    call.cancel();

    assertThat(failure.get(30, TimeUnit.SECONDS)).isNotNull();
    assertThat(server.getRequestCount()).isEqualTo(2);
  }
}
