package dev.federated.activities.component;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.Proxy;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * {@code http_request}: one HTTP call. Gives {@code {"status_code", "body", "headers"}}.
 *
 * <p>Addresses that are not public are refused where the socket connects, see {@link
 * OutboundPolicy}; proxies are not used, for the address behind one cannot be checked. Redirects
 * are followed here rather than by the client: to another origin go no headers that the pipeline
 * set and no body. Every method that changes something carries an {@code Idempotency-Key} unless
 * the pipeline sets one, so that a server which honours it does the work of a repeat once.
 */
final class HttpRequestComponent implements StageComponent, AutoCloseable {
  private static final int MOST_REDIRECTS = 5;
  private static final double DEFAULT_TIMEOUT_SECONDS = 30;
  private static final double LONGEST_TIMEOUT_SECONDS = 86_400;
  private static final List<String> METHODS =
      List.of("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS");
  private static final Set<String> WITHOUT_BODY = Set.of("GET", "HEAD");
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

  /** The headers that say nothing of who calls: all that another origin gets. */
  private static final Set<String> FOR_ANY_ORIGIN =
      Set.of("accept", "accept-language", "user-agent");

  private static final Set<Integer> RETRYABLE_4XX = Set.of(408, 425, 429);

  private static final MediaType JSON = MediaType.get("application/json");
  private static final MediaType TEXT = MediaType.get("text/plain; charset=utf-8");
  private static final ObjectMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final ConfigShape SHAPE =
      ConfigShape.empty()
          .required("url", ConfigShape.Kind.TEXT)
          .optional("method", ConfigShape.Kind.TEXT)
          .optional("headers", ConfigShape.Kind.OBJECT)
          .optional("body", ConfigShape.Kind.ANY)
          .optional("timeout_seconds", ConfigShape.Kind.NUMBER)
          .optional("expected_status", ConfigShape.Kind.ARRAY)
          .optional("follow_redirects", ConfigShape.Kind.BOOLEAN);

  private final OkHttpClient client;

  HttpRequestComponent(OutboundPolicy policy, Dns dns) {
    client =
        new OkHttpClient.Builder()
            .dns(policy.guard(dns))
            .socketFactory(policy.sockets())
            .proxy(Proxy.NO_PROXY)
            .followRedirects(false)
            .followSslRedirects(false)
            // A repeat is Temporal's to decide: it counts the attempts.
            .retryOnConnectionFailure(false)
            .connectTimeout(Duration.ZERO)
            .readTimeout(Duration.ZERO)
            .writeTimeout(Duration.ZERO)
            .build();
  }

  @Override
  public String type() {
    return "http_request";
  }

  /** What is to be called; {@code body} has no media type where the headers name one. */
  private record Outgoing(
      HttpUrl url, String method, Map<String, String> headers, @Nullable RequestBody body) {}

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    Outgoing outgoing = outgoing(values, context);
    Set<Integer> expected = expectedStatus(values);
    boolean follow = values.bool("follow_redirects", true);
    long deadline = System.nanoTime() + timeout(values, context).toNanos();
    for (int redirects = 0; ; redirects++) {
      Call call = call(outgoing, deadline);
      context.onCancel(call::cancel);
      try (Response response = call.execute()) {
        int status = response.code();
        String location = response.header("Location");
        if (follow && location != null && isRedirect(status) && !expected.contains(status)) {
          if (redirects == MOST_REDIRECTS) {
            throw new ComponentException(
                "%s: more than %d redirects".formatted(shown(outgoing.url()), MOST_REDIRECTS),
                false);
          }
          outgoing = redirected(outgoing, status, location);
          continue;
        }
        boolean succeeded =
            expected.isEmpty() ? status >= 200 && status <= 299 : expected.contains(status);
        if (!succeeded) {
          throw new ComponentException(
              "%s %s answered %d, expected %s"
                  .formatted(
                      outgoing.method(),
                      shown(outgoing.url()),
                      status,
                      expected.isEmpty() ? "200 to 299" : expected.toString()),
              status >= 500 || RETRYABLE_4XX.contains(status));
        }
        return output(response, context.maxOutputBytes());
      } catch (IOException e) {
        throw failure(outgoing, e);
      }
    }
  }

  private static ComponentException failure(Outgoing outgoing, IOException e) {
    OutboundPolicy.Refused refused = OutboundPolicy.refusal(e);
    if (refused != null) {
      return new ComponentException("url: " + refused.getMessage(), false, e);
    }
    String what =
        e instanceof InterruptedIOException
            ? "no answer in time"
            : "%s: %s".formatted(e.getClass().getSimpleName(), e.getMessage());
    return new ComponentException(
        "%s %s: %s".formatted(outgoing.method(), shown(outgoing.url()), what), true, e);
  }

  private Call call(Outgoing outgoing, long deadline) throws ComponentException {
    Request.Builder request = new Request.Builder().url(outgoing.url());
    try {
      outgoing.headers().forEach(request::header);
    } catch (IllegalArgumentException e) {
      // Its message may repeat the value.
      throw new ComponentException(
          "headers: a name or value has characters that no header may have", false);
    }
    request.method(outgoing.method(), outgoing.body());
    long left = Math.max(1_000_000, deadline - System.nanoTime());
    return client.newBuilder().callTimeout(Duration.ofNanos(left)).build().newCall(request.build());
  }

  private static Outgoing outgoing(ConfigValues values, ComponentContext context)
      throws ComponentException {
    HttpUrl url = url(values.text("url", ""));
    String method = values.text("method", "GET").toUpperCase(Locale.ROOT);
    if (!METHODS.contains(method)) {
      throw ConfigValues.wrong("method", "one of " + String.join(", ", METHODS));
    }
    Map<String, String> headers = headers(values);
    JsonNode content = values.node("body");
    RequestBody body = null;
    if (content != null) {
      if (WITHOUT_BODY.contains(method)) {
        throw new ComponentException("body: %s takes none".formatted(method), false);
      }
      String text = content.isTextual() ? content.asText() : content.toString();
      MediaType type = content.isTextual() ? TEXT : JSON;
      body =
          RequestBody.create(
              text.getBytes(StandardCharsets.UTF_8),
              headers.containsKey("content-type") ? null : type);
    } else if (Set.of("POST", "PUT", "PATCH").contains(method)) {
      body = RequestBody.create(new byte[0]);
    }
    if (!SAFE.contains(method)) {
      headers.putIfAbsent("idempotency-key", context.idempotencyKey());
    }
    return new Outgoing(url, method, headers, body);
  }

  private static Map<String, String> headers(ConfigValues values) throws ComponentException {
    Map<String, String> headers = new LinkedHashMap<>();
    JsonNode configured = values.node("headers");
    if (configured == null) {
      return headers;
    }
    if (!configured.isObject()) {
      throw ConfigValues.wrong("headers", "an object");
    }
    for (Map.Entry<String, JsonNode> header : configured.properties()) {
      if (!header.getValue().isValueNode() || header.getValue().isNull()) {
        throw ConfigValues.wrong("headers." + header.getKey(), "a text");
      }
      headers.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue().asText());
    }
    return headers;
  }

  private static HttpUrl url(String text) throws ComponentException {
    HttpUrl url = HttpUrl.parse(text);
    if (url == null) {
      throw new ComponentException("url: has to be an absolute http or https address", false);
    }
    if (!url.username().isEmpty() || !url.password().isEmpty()) {
      throw new ComponentException(
          "url: a name or password in it is refused; use headers and a secret", false);
    }
    return url;
  }

  private static Duration timeout(ConfigValues values, ComponentContext context)
      throws ComponentException {
    double seconds = values.number("timeout_seconds", DEFAULT_TIMEOUT_SECONDS);
    if (!(seconds > 0) || seconds > LONGEST_TIMEOUT_SECONDS) {
      throw ConfigValues.wrong("timeout_seconds", "above 0 and at most 86400");
    }
    Duration timeout = Duration.ofNanos((long) (seconds * 1e9));
    return timeout.compareTo(context.remaining()) < 0 ? timeout : context.remaining();
  }

  private static Set<Integer> expectedStatus(ConfigValues values) throws ComponentException {
    Set<Integer> expected = new LinkedHashSet<>();
    JsonNode configured = values.node("expected_status");
    if (configured == null) {
      return expected;
    }
    for (JsonNode status : configured) {
      if (!status.isInt() || status.asInt() < 100 || status.asInt() > 599) {
        throw ConfigValues.wrong("expected_status", "an array of numbers from 100 to 599");
      }
      expected.add(status.asInt());
    }
    return expected;
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static Outgoing redirected(Outgoing from, int status, String location)
      throws ComponentException {
    HttpUrl to = from.url().resolve(location);
    if (to == null) {
      throw new ComponentException(
          "%s: redirects to something that is no http or https address"
              .formatted(shown(from.url())),
          false);
    }
    if (!to.username().isEmpty() || !to.password().isEmpty()) {
      throw new ComponentException(
          "%s: redirects to an address with a name or password".formatted(shown(from.url())),
          false);
    }
    boolean sameOrigin =
        to.scheme().equals(from.url().scheme())
            && to.host().equals(from.url().host())
            && to.port() == from.url().port();
    Map<String, String> headers = new LinkedHashMap<>(from.headers());
    if (!sameOrigin) {
      headers.keySet().retainAll(FOR_ANY_ORIGIN);
    }
    boolean keepsMethod = status == 307 || status == 308 || WITHOUT_BODY.contains(from.method());
    if (!keepsMethod) {
      headers.keySet().removeAll(Set.of("content-type", "content-encoding", "idempotency-key"));
      return new Outgoing(to, "GET", headers, null);
    }
    if (!sameOrigin && !SAFE.contains(from.method())) {
      throw new ComponentException(
          "%s: redirects %s to %s; a request that changes something is not repeated at another host"
              .formatted(shown(from.url()), from.method(), shown(to)),
          false);
    }
    return new Outgoing(to, from.method(), headers, from.body());
  }

  private static ObjectNode output(Response response, int maxBytes)
      throws IOException, ComponentException {
    byte[] bytes;
    try (InputStream in = response.body().byteStream()) {
      bytes = in.readNBytes(maxBytes + 1);
    }
    if (bytes.length > maxBytes) {
      throw ComponentException.tooLarge(
          "the answer of %s has more than max_output_bytes %d"
              .formatted(shown(response.request().url()), maxBytes));
    }
    ObjectNode output = JsonNodeFactory.instance.objectNode();
    output.put("status_code", response.code());
    output.set("body", body(bytes, response.body().contentType()));
    ObjectNode headers = output.putObject("headers");
    for (String name : response.headers().names()) {
      headers.put(name.toLowerCase(Locale.ROOT), String.join(", ", response.headers(name)));
    }
    return output;
  }

  private static JsonNode body(byte[] bytes, @Nullable MediaType type) {
    Charset charset = type == null ? null : type.charset(null);
    String text = new String(bytes, charset == null ? StandardCharsets.UTF_8 : charset);
    if (type != null && (type.subtype().equals("json") || type.subtype().endsWith("+json"))) {
      try {
        JsonNode json = MAPPER.readTree(text);
        if (!json.isMissingNode()) {
          return json;
        }
      } catch (JsonProcessingException e) {
        return TextNode.valueOf(text);
      }
    }
    return TextNode.valueOf(text);
  }

  /** The address without its query, which may hold a key. */
  private static String shown(HttpUrl url) {
    return url.newBuilder().query(null).fragment(null).build().toString();
  }

  @Override
  public List<String> problems(JsonNode config) {
    List<String> problems = new ArrayList<>(SHAPE.problems(config));
    JsonNode url = config.path("url");
    if (url.isTextual() && !url.asText().contains("{{")) {
      try {
        url(url.asText());
      } catch (ComponentException e) {
        problems.add(e.getMessage());
      }
    }
    return problems;
  }

  @Override
  public void close() {
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
  }
}
