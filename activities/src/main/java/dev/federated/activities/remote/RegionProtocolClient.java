package dev.federated.activities.remote;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FailureType;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.stage.TraceParent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The region protocol over HTTP, for one region. Redirects are not followed and nothing is repeated
 * here, so that every request is an attempt that Temporal knows of; except that a request whose
 * pooled connection was dead is sent once more, with the same idempotency key.
 *
 * <p>Whether an answer is JSON is decided by its body; its content type is not looked at, because
 * nodes behind gateways often have a wrong one.
 */
public final class RegionProtocolClient {
  private static final Logger log = LoggerFactory.getLogger(RegionProtocolClient.class);

  /** How long a connection may take to be made, unless the call's time is shorter. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** A pooled connection that breaks later than this after a call took it was not dead before. */
  private static final Duration DEAD_CONNECTION_NOTICE = Duration.ofSeconds(2);

  /** Bytes of an error's body that are read. */
  private static final int ERROR_BODY_BYTES = 4096;

  /** Characters of a region's own words that a message shows. */
  private static final int SHOWN_CHARACTERS = 200;

  private static final int HEALTH_BODY_BYTES = 65_536;

  /** Longest time to tell a region of a cancellation. */
  private static final Duration WITHDRAWAL_TIMEOUT = Duration.ofSeconds(5);

  /**
   * Deepest nesting of an answer. Half of Jackson's own limit (1000): the output is read again as a
   * part of results that are nested deeper, and there a failure would be a stuck workflow.
   */
  private static final int DEEPEST_NESTING = 500;

  private static final Set<String> NOT_HEALTHY =
      Set.of("unhealthy", "offline", "down", "draining", "unavailable", "error");

  /** A node that can be told of cancellations says so in the answer about its health. */
  private static final String CANCEL_HEADER = "Federation-Cancel";

  /** Stands in for Retry-After, which OkHttp would obey by itself when it is 0. */
  private static final String RETRY_AFTER = "Federation-Retry-After";

  private static final MediaType JSON_TYPE = MediaType.get("application/json");
  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST_NESTING).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final RegionConfig region;
  private final Supplier<@Nullable String> key;
  private final Redaction secrets;
  private final Clock clock;
  private final OkHttpClient http;

  /** As {@link #http}, with a new connection for every probe: executions keep theirs. */
  private final OkHttpClient probes;

  private final HttpUrl endpoint;

  /** Whether the region can be told of cancellations; null until it was asked. */
  private volatile @Nullable Boolean takesCancel;

  /**
   * A client for one region.
   *
   * @param shared the process's one client, whose connections and threads are used
   * @param region a region with an endpoint
   * @param key gives the key for the endpoint, or null if it takes none; asked at every call
   * @param secrets further values that must not come out of a region's errors
   * @param clock for pauses that a region gives as a date
   * @throws IllegalArgumentException if the region has no endpoint or it is no HTTP URL
   */
  public RegionProtocolClient(
      OkHttpClient shared,
      RegionConfig region,
      Supplier<@Nullable String> key,
      Redaction secrets,
      Clock clock) {
    URI uri = region.endpoint();
    HttpUrl url = uri == null ? null : HttpUrl.get(uri);
    if (url == null) {
      throw new IllegalArgumentException(
          "region '%s' has no HTTP endpoint to call".formatted(region.name()));
    }
    this.region = region;
    this.key = key;
    this.secrets = secrets;
    this.clock = clock;
    this.endpoint = url;
    // Only the call as a whole has a limit: a region may be silent for as long as it computes.
    this.http =
        shared
            .newBuilder()
            .followRedirects(false)
            .followSslRedirects(false)
            .retryOnConnectionFailure(false)
            .connectTimeout(CONNECT_TIMEOUT)
            .readTimeout(Duration.ZERO)
            .writeTimeout(Duration.ZERO)
            .addInterceptor(new StaleConnections(DEAD_CONNECTION_NOTICE))
            .addNetworkInterceptor(RegionProtocolClient::checkHeaders)
            .build();
    this.probes =
        http.newBuilder().connectionPool(new ConnectionPool(0, 1, TimeUnit.SECONDS)).build();
  }

  /** The region that is called. */
  public RegionConfig region() {
    return region;
  }

  /**
   * Executes a stage in one attempt.
   *
   * @param attempt number of this attempt, from 1
   * @param timeout longest time from the connection to the last byte of the answer
   */
  public RemoteResponse execute(RemoteRequest request, int attempt, Duration timeout)
      throws RegionCallException {
    return call(request, attempt, timeout, null).execute();
  }

  /**
   * Prepares an execution that can be cancelled from another thread.
   *
   * @param traceParent what the region is told as its caller; null for a span that is only named
   */
  RegionCall call(
      RemoteRequest request, int attempt, Duration timeout, @Nullable String traceParent)
      throws RegionCallException {
    ObjectNode body = JSON.createObjectNode();
    body.putObject("stage")
        .put("id", request.stageId())
        .put("type", request.type())
        .set("config", request.config());
    body.set("inputs", request.inputs());
    String token = key.get();
    Request.Builder http = to("execute");
    try {
      http.post(RequestBody.create(JSON.writeValueAsBytes(body), JSON_TYPE))
          .header("Idempotency-Key", request.idempotencyKey())
          .header("traceparent", traceParent == null ? traceparent(request, attempt) : traceParent);
      authorize(http, token);
    } catch (JsonProcessingException e) {
      throw RegionCallException.of(
          FailureType.REGION_REJECTED, where() + "the request is no JSON", null);
    }
    return new RegionCall(http.build(), request, attempt, timeout, redaction(token));
  }

  /**
   * Asks for the region's health. Any answer below 500 that is not about the key shows that the
   * region is there; only a region that says so itself, refuses the key, fails or is silent is not
   * healthy.
   *
   * @param timeout longest time for the answer
   */
  public RegionProbe probe(Duration timeout) {
    String token = key.get();
    Redaction redaction = redaction(token);
    long start = System.nanoTime();
    Request.Builder request = to("health");
    try {
      authorize(request, token);
    } catch (RegionCallException e) {
      return RegionProbe.offline(region.name(), null, e.error().message());
    }
    Call call = probes.newCall(request.build());
    call.timeout().timeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
    try (Response response = call.execute()) {
      long latencyMs = millisSince(start);
      int status = response.code();
      if (status >= 500 || (token != null && (status == 401 || status == 403))) {
        return new RegionProbe(
            region.name(),
            false,
            status >= 500 ? RegionProbe.OFFLINE : "unauthorized",
            latencyMs,
            null,
            null,
            answered(status) + said(call, response, redaction));
      }
      if (status != 200) {
        call.cancel();
        return RegionProbe.reachable(region.name(), latencyMs);
      }
      return healthOf(response.body(), latencyMs, redaction);
    } catch (IOException e) {
      boolean late = e instanceof InterruptedIOException;
      return RegionProbe.offline(
          region.name(),
          null,
          late
              ? "no answer within %d ms".formatted(timeout.toMillis())
              : "no connection: " + words(e, redaction));
    }
  }

  /**
   * Tells the region that nobody wants the answer of an execution any more, if its health says that
   * it can be told: a closed connection is seen by few servers before they answer. Does not block;
   * what goes wrong is left alone, for then the execution ends by itself.
   */
  void withdraw(String idempotencyKey) {
    if (Boolean.TRUE.equals(takesCancel)) {
      cancel(idempotencyKey);
    } else if (takesCancel == null) {
      send(
          "health",
          Request.Builder::get,
          response -> {
            boolean takes = "true".equals(response.header(CANCEL_HEADER));
            takesCancel = takes;
            if (takes) {
              cancel(idempotencyKey);
            }
          });
    }
  }

  private void cancel(String idempotencyKey) {
    send(
        "execute",
        request -> request.delete().header("Idempotency-Key", idempotencyKey),
        response -> log.debug("Region {} was told of a cancellation", region.name()));
  }

  private void send(String path, UnaryOperator<Request.Builder> method, OnAnswer onAnswer) {
    Request.Builder request = method.apply(to(path));
    try {
      authorize(request, key.get());
    } catch (RegionCallException e) {
      return;
    }
    Call call = probes.newCall(request.build());
    call.timeout().timeout(WITHDRAWAL_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
    call.enqueue(
        new Callback() {
          @Override
          public void onResponse(Call call, Response response) throws IOException {
            try (response) {
              if (response.isSuccessful()) {
                onAnswer.accept(response);
              }
            }
          }

          @Override
          public void onFailure(Call call, IOException e) {
            log.debug("Region {} could not be told of a cancellation", region.name(), e);
          }
        });
  }

  private interface OnAnswer {
    void accept(Response response) throws IOException;
  }

  private RegionProbe healthOf(ResponseBody body, long latencyMs, Redaction redaction) {
    JsonNode health;
    try {
      health = JSON.readTree(new LimitedInputStream(body.byteStream(), HEALTH_BODY_BYTES));
    } catch (IOException e) {
      return RegionProbe.reachable(region.name(), latencyMs);
    }
    Double load = finite(health.get("load"));
    Double capacity = finite(health.get("capacity"));
    String status =
        health.path("status").isTextual()
            ? redaction.line(health.path("status").textValue(), false, 40)
            : RegionProbe.HEALTHY;
    boolean healthy = !NOT_HEALTHY.contains(status.toLowerCase(java.util.Locale.ROOT));
    return new RegionProbe(
        region.name(),
        healthy,
        status,
        latencyMs,
        // More than full is full: the protocol's load is a share.
        load == null || load < 0 ? null : Double.valueOf(Math.min(1, load)),
        capacity == null || capacity <= 0 ? null : capacity,
        healthy ? null : "the region says of itself: " + status);
  }

  private Request.Builder to(String path) {
    return new Request.Builder()
        .url(endpoint.newBuilder().addPathSegments("api/v1/" + path).build())
        .header("Accept", "application/json");
  }

  private void authorize(Request.Builder request, @Nullable String token)
      throws RegionCallException {
    if (token == null) {
      return;
    }
    for (int i = 0; i < token.length(); i++) {
      if (token.charAt(i) <= ' ' || token.charAt(i) > '~') {
        throw RegionCallException.of(
            FailureType.REGION_REJECTED,
            where()
                + "nothing was sent, because the api_key holds a space, a line break or a"
                + " character beyond ASCII, which cannot stand in a header",
            null);
      }
    }
    request.header("Authorization", "Bearer " + token);
  }

  private Redaction redaction(@Nullable String token) {
    return token == null ? secrets : secrets.and(token);
  }

  private String where() {
    return "region %s at %s://%s:%d: "
        .formatted(region.name(), endpoint.scheme(), endpoint.host(), endpoint.port());
  }

  private String answered(int status) {
    return where() + "answered " + status;
  }

  /** What the region said about its refusal, shortened and safe to show, with a colon before. */
  private static String said(Call call, Response response, Redaction redaction) {
    LimitedInputStream body =
        new LimitedInputStream(response.body().byteStream(), Integer.MAX_VALUE);
    byte[] bytes;
    boolean more;
    try {
      bytes = body.readNBytes(ERROR_BODY_BYTES);
      more = bytes.length == ERROR_BODY_BYTES;
    } catch (IOException e) {
      return "";
    }
    if (more) {
      call.cancel();
    }
    String shown =
        redaction.line(new String(bytes, StandardCharsets.UTF_8), more, SHOWN_CHARACTERS);
    return shown.isEmpty() ? "" : ": " + shown;
  }

  private static String words(IOException e, Redaction redaction) {
    String message = e.getMessage() == null ? "" : e.getMessage();
    return redaction.line(
        e.getClass().getSimpleName() + (message.isEmpty() ? "" : " " + message),
        false,
        SHOWN_CHARACTERS);
  }

  private static @Nullable Double finite(@Nullable JsonNode number) {
    return number != null && number.isNumber() && Double.isFinite(number.doubleValue())
        ? number.doubleValue()
        : null;
  }

  private static Response checkHeaders(Interceptor.Chain chain) throws IOException {
    Response response;
    try {
      response = chain.proceed(chain.request());
    } catch (IllegalStateException e) {
      // OkHttp's words on a status that is no number of HTTP's, such as -32.
      ProtocolException problem = new ProtocolException("the answer is not one of HTTP");
      problem.initCause(e);
      throw problem;
    }
    // OkHttp takes -1 for a length that is not told. Of less it would say that the caller is wrong,
    // when the answer is read or closed.
    if (response.body().contentLength() < -1) {
      throw new ProtocolException("the answer has a negative Content-Length");
    }
    String retryAfter = response.header("Retry-After");
    Response.Builder hidden = response.newBuilder().removeHeader(RETRY_AFTER);
    if (retryAfter != null) {
      hidden.removeHeader("Retry-After");
      for (int i = 0; i < retryAfter.length(); i++) {
        if (retryAfter.charAt(i) < ' ' || retryAfter.charAt(i) > '~') {
          return hidden.build();
        }
      }
      hidden.header(RETRY_AFTER, retryAfter);
    }
    return hidden.build();
  }

  /**
   * One span per attempt, in the caller's trace if it has one, else in a trace per idempotency key;
   * see www.w3.org/TR/trace-context. Both are hashes, so that a repeated attempt shows as the same
   * span.
   */
  private String traceparent(RemoteRequest request, int attempt) {
    String given = TraceParent.current();
    String trace = hash(request.idempotencyKey(), 16);
    String span = hash(request.idempotencyKey() + '/' + region.name() + '/' + attempt, 8);
    return given == null ? "00-" + trace + "-" + span + "-01" : TraceParent.child(given, span);
  }

  private static String hash(String text, int bytes) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static long millisSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }

  @Override
  public String toString() {
    return "RegionProtocolClient[" + region.name() + "]";
  }

  /** One execution. */
  final class RegionCall {
    private final RemoteRequest request;
    private final int attempt;
    private final Duration timeout;
    private final Redaction redaction;
    private final Call call;

    private RegionCall(
        Request http, RemoteRequest request, int attempt, Duration timeout, Redaction redaction) {
      this.request = request;
      this.attempt = attempt;
      this.timeout = timeout;
      this.redaction = redaction;
      this.call = RegionProtocolClient.this.http.newCall(http);
      call.timeout().timeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Ends the execution with an error, whatever it waits for. */
    void cancel() {
      call.cancel();
    }

    /** Tells the region that nobody wants the answer. */
    void withdraw() {
      RegionProtocolClient.this.withdraw(request.idempotencyKey());
    }

    RemoteResponse execute() throws RegionCallException {
      long start = System.nanoTime();
      try (Response response = call.execute()) {
        if (response.code() != 200) {
          throw refused(response);
        }
        return answer(response.body(), start);
      } catch (InterruptedIOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw RegionCallException.workerStopped(region.name());
        }
        throw RegionCallException.of(
            FailureType.REGION_TIMEOUT,
            where() + "no complete answer within %d ms".formatted(timeout.toMillis()),
            null);
      } catch (IOException e) {
        throw RegionCallException.of(
            FailureType.REGION_UNAVAILABLE,
            where() + "no complete answer: " + words(e, redaction),
            null);
      }
    }

    private RemoteResponse answer(ResponseBody body, long start)
        throws IOException, RegionCallException {
      int limit = request.maxOutputBytes();
      long declared = body.contentLength();
      if (declared > limit) {
        call.cancel();
        throw tooLarge("its answer has %d bytes, more than".formatted(declared));
      }
      LimitedInputStream counted = new LimitedInputStream(body.byteStream(), limit);
      JsonNode root;
      try {
        root = JSON.readTree(counted);
      } catch (IOException e) {
        if (counted.exceeded()) {
          // A closed body would be read to its end first, to use the connection again.
          call.cancel();
          throw tooLarge("its answer is larger than");
        }
        if (e instanceof JsonProcessingException json) {
          throw invalid("is no JSON: " + json.getOriginalMessage());
        }
        throw e;
      }
      if (!root.isObject()) {
        throw invalid(
            root.isMissingNode()
                ? "is empty"
                : "is no JSON object but a "
                    + root.getNodeType().name().toLowerCase(java.util.Locale.ROOT));
      }
      JsonNode output = root.get("output");
      if (output == null) {
        throw invalid("has no 'output'");
      }
      requireFiniteNumbers(output);
      return new RemoteResponse(
          redaction.json(output),
          tokens(root.get("tokens_used")),
          cost(root.get("cost")),
          attempt,
          millisSince(start));
    }

    private long tokens(@Nullable JsonNode tokens) throws RegionCallException {
      if (tokens == null || tokens.isNull()) {
        return 0;
      }
      if (!tokens.isNumber()
          || !tokens.canConvertToExactIntegral()
          || !tokens.canConvertToLong()
          || tokens.longValue() < 0) {
        throw invalid("has a 'tokens_used' that is not a whole number from 0: " + tokens);
      }
      return tokens.longValue();
    }

    private @Nullable Double cost(@Nullable JsonNode cost) throws RegionCallException {
      if (cost == null || cost.isNull()) {
        return null;
      }
      Double value = finite(cost);
      if (value == null || value < 0) {
        throw invalid("has a 'cost' that is not a number from 0: " + cost);
      }
      return value;
    }

    /** JSON has no infinity, but 1e999 is read as one and could not be written again. */
    private void requireFiniteNumbers(JsonNode node) throws RegionCallException {
      if (node.isNumber() && !Double.isFinite(node.doubleValue())) {
        throw invalid("has a number in its 'output' that is beyond 64-bit floating point");
      }
      for (JsonNode child : node) {
        requireFiniteNumbers(child);
      }
    }

    private RegionCallException invalid(String problem) {
      return RegionCallException.of(
          FailureType.INVALID_REGION_RESPONSE,
          where()
              + "its answer "
              + redaction.line(problem, true, SHOWN_CHARACTERS)
              + "; it has to be {\"output\": …, \"tokens_used\"?, \"cost\"?}",
          200);
    }

    private RegionCallException tooLarge(String problem) {
      return RegionCallException.of(
          FailureType.RESPONSE_TOO_LARGE,
          "%s%s max_output_bytes (%d)".formatted(where(), problem, request.maxOutputBytes()),
          200);
    }

    private RegionCallException refused(Response response) {
      int status = response.code();
      String header = response.header(RETRY_AFTER);
      Duration retryAfter = RetryAfter.parse(header, response.header("Date"), clock.instant());
      FailureType type = failureOf(status, retryAfter != null);
      boolean tooLong = retryAfter != null && retryAfter.compareTo(RetryAfter.LONGEST) > 0;
      boolean retryable = type.retryable() && !tooLong;
      StringBuilder message = new StringBuilder(answered(status));
      if (type == FailureType.INVALID_REGION_RESPONSE) {
        message.append(", where the protocol has 200");
      }
      if (status / 100 == 3) {
        String location = response.header("Location", "");
        message
            .append(", a redirect to '")
            .append(redaction.line(location == null ? "" : location, false, SHOWN_CHARACTERS))
            .append("', which is not followed");
      }
      if (type.retryable() && retryAfter != null) {
        message.append(", Retry-After ").append(retryAfter.toSeconds()).append(" s");
        if (tooLong) {
          message.append(" (more than the ").append(RetryAfter.LONGEST.toSeconds());
          message.append(" s that are waited for)");
        }
      }
      message.append(said(call, response, redaction));
      return new RegionCallException(
          new RegionError(type, message.toString(), retryable, status),
          type.retryable() ? retryAfter : null);
    }
  }

  /**
   * What an answer with that status means; the body of a 200 decides for itself.
   *
   * @param status HTTP status
   * @param retryAfter whether the answer says when to come again
   */
  public static FailureType failureOf(int status, boolean retryAfter) {
    if (status / 100 == 2) {
      return FailureType.INVALID_REGION_RESPONSE;
    }
    return switch (status) {
      case 408 -> FailureType.REGION_TIMEOUT;
      case 425, 429 -> FailureType.REGION_OVERLOADED;
      case 409 -> retryAfter ? FailureType.REGION_OVERLOADED : FailureType.REGION_REJECTED;
      case 503 -> retryAfter ? FailureType.REGION_OVERLOADED : FailureType.REGION_UNAVAILABLE;
      default -> status >= 500 ? FailureType.REGION_UNAVAILABLE : FailureType.REGION_REJECTED;
    };
  }
}
