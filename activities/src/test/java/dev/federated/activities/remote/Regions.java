package dev.federated.activities.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.RegionConfig;
import dev.federated.stage.RemoteRequest;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import mockwebserver3.MockResponse;
import mockwebserver3.MockResponseBody;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okio.BufferedSink;

/** Fixtures for regions that are called over HTTP. */
public final class Regions {
  public static final String NAME = "us-east-1";

  /** A key that must never be seen anywhere but in the Authorization header. */
  public static final String CANARY = "canary-4f1e9b7d-key+/=";

  public static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  private static final ObjectMapper JSON = new ObjectMapper();

  private Regions() {}

  public static RegionConfig at(MockWebServer server) {
    return RegionConfig.builder(NAME)
        .endpoint(URI.create("http://127.0.0.1:" + server.getPort()))
        .build();
  }

  public static RegionProtocolClient client(OkHttpClient http, RegionConfig region) {
    return new RegionProtocolClient(
        http,
        region,
        () -> CANARY,
        Redaction.of(List.of("another-secret-value")),
        Clock.fixed(NOW, ZoneOffset.UTC));
  }

  public static RemoteRequest request() {
    return request(1_048_576);
  }

  public static RemoteRequest request(int maxOutputBytes) {
    return new RemoteRequest(
        NAME,
        "process",
        "transformer",
        JsonNodeFactory.instance.objectNode().put("expression", "a"),
        JsonNodeFactory.instance.objectNode().put("a", 1),
        "key-1",
        maxOutputBytes,
        new CircuitBreakerConfig(3, 60),
        null);
  }

  public static JsonNode json(String text) throws IOException {
    return JSON.readTree(text);
  }

  public static MockResponse answer(int code, String body) {
    return new MockResponse.Builder()
        .code(code)
        .setHeader("Content-Type", "application/json")
        .body(body)
        .build();
  }

  public static MockResponse ok() {
    return answer(200, "{\"output\": {\"a\": 1}}");
  }

  public static MockResponse retryAfter(int code, String value) {
    return new MockResponse.Builder().code(code).setHeader("Retry-After", value).build();
  }

  /** A body of that many bytes that stands nowhere in memory. */
  static MockResponseBody large(long bytes, boolean declared) {
    return new MockResponseBody() {
      @Override
      public long getContentLength() {
        return declared ? bytes : -1;
      }

      @Override
      public void writeTo(BufferedSink sink) throws IOException {
        sink.writeUtf8("{\"output\": \"");
        for (long written = 12; written < bytes; written += 1024) {
          sink.writeUtf8("x".repeat((int) Math.min(1024, bytes - written)));
        }
      }
    };
  }

  /** Time that moves when told to. */
  public static final class MovingClock extends Clock {
    private volatile Instant now = NOW;

    public void advance(Duration by) {
      now = now.plus(by);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
