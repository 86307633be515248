package dev.federated.worker.node;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import dev.federated.activities.component.ComponentCancellation;
import dev.federated.activities.component.ComponentException;
import dev.federated.activities.component.ComponentOutcome;
import dev.federated.model.FailureType;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.worker.tls.ServerTls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the region protocol: {@code POST /api/v1/execute} and {@code GET /api/v1/health}, and
 * {@code DELETE /api/v1/execute} for a caller that does not want an answer any more. A repeat of an
 * {@code Idempotency-Key} gets the recorded answer, never a second execution, as long as the
 * process lives and the record holds it. Beyond its capacity it answers 429 at once. Thread-safe.
 */
public final class RegionNode implements AutoCloseable {
  /** Where stages are executed. */
  public static final String EXECUTE_PATH = "/api/v1/execute";

  /** Where the node tells how it is. */
  public static final String HEALTH_PATH = "/api/v1/health";

  /** Header of a health answer by which callers know that they can cancel executions. */
  public static final String CANCEL_HEADER = "Federation-Cancel";

  /** Largest request body in bytes: inputs of 64 MiB and what stands around them. */
  public static final int MAX_BODY_BYTES = 66 * 1024 * 1024;

  /** Largest body of a request that needs no key. */
  private static final int MAX_OPEN_BODY_BYTES = 1024 * 1024;

  private static final Logger log = LoggerFactory.getLogger(RegionNode.class);

  /** Requests beyond the capacity that may wait for a first execution or be refused. */
  private static final int SPARE_THREADS = 256;

  private static final int LONGEST_KEY = 256;
  private static final int MOST_COUNTED_KEYS = 100_000;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** Writes equal JSON in one way, so that the order of keys does not make another request. */
  private static final ObjectMapper CANONICAL =
      JsonMapper.builder().enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED).build();

  private final RegionNodeOptions options;
  private final HttpServer server;
  private final ThreadPoolExecutor threads;
  private final AnswerRecord record;
  private final byte @Nullable [] authorization;
  private final Map<ComponentCancellation, String> executing = new ConcurrentHashMap<>();
  private final Semaphore slots;
  private final AtomicInteger highest = new AtomicInteger();
  private final AtomicLong requests = new AtomicLong();
  private volatile boolean closed;
  private final Map<String, Integer> executions =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
              return size() > MOST_COUNTED_KEYS;
            }
          });

  private RegionNode(RegionNodeOptions options, HttpServer server) {
    this.options = options;
    this.server = server;
    slots = new Semaphore(options.capacity());
    String key = options.key();
    authorization = key == null ? null : digest("Bearer " + key);
    record =
        new AnswerRecord(
            options.maxRecordedAnswers(),
            options.maxRecordedBytes(),
            options.recordTime(),
            options.clock());
    AtomicInteger number = new AtomicInteger();
    int most = options.capacity() + SPARE_THREADS;
    threads =
        new ThreadPoolExecutor(
            most,
            most,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread =
                  new Thread(
                      task, "node-%s-%d".formatted(options.name(), number.incrementAndGet()));
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
  }

  /**
   * Starts a node.
   *
   * @throws IllegalArgumentException if the host is not loopback and there is no key
   * @throws IOException if the address cannot be bound
   */
  public static RegionNode start(RegionNodeOptions options) throws IOException {
    InetAddress address = InetAddress.getByName(options.host());
    if (options.key() == null && !address.isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "node '%s' would serve on %s without a key: give it one, or bind 127.0.0.1"
              .formatted(options.name(), options.host()));
    }
    HttpServer server = server(options, new InetSocketAddress(address, options.port()));
    RegionNode node = new RegionNode(options, server);
    server.createContext("/", node::exchange);
    server.setExecutor(node.threads);
    server.start();
    return node;
  }

  private static HttpServer server(RegionNodeOptions options, InetSocketAddress address)
      throws IOException {
    ServerTls tls = options.tls();
    if (tls == null) {
      return HttpServer.create(address, 0);
    }
    HttpsServer server = HttpsServer.create(address, 0);
    server.setHttpsConfigurator(tls.configurator());
    return server;
  }

  /** The base URL of the node. */
  public URI endpoint() {
    String host = server.getAddress().getAddress().getHostAddress();
    return URI.create(
        "%s://%s:%d"
            .formatted(
                options.tls() == null ? "http" : "https",
                host.contains(":") ? "[" + host + "]" : host,
                port()));
  }

  /** The port that it serves on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Requests that came in, refused ones included. */
  public long requests() {
    return requests.get();
  }

  /** Executions that run now. */
  public int running() {
    return options.capacity() - slots.availablePermits();
  }

  /** The most executions that ever ran at once. */
  public int highestConcurrency() {
    return highest.get();
  }

  /** How often the key was executed, repeats from the record not counted. */
  public int executions(String idempotencyKey) {
    return executions.getOrDefault(idempotencyKey, 0);
  }

  /** How often each key was executed, of the last 100000 keys. */
  public Map<String, Integer> executions() {
    synchronized (executions) {
      return Map.copyOf(executions);
    }
  }

  /** Closes every connection and stops every execution at once. */
  @Override
  public void close() {
    closed = true;
    server.stop(0);
    executing.keySet().forEach(ComponentCancellation::cancel);
    threads.shutdownNow();
  }

  private void exchange(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    try (exchange) {
      NodeAnswer answer = answer(exchange);
      byte[] body = answer.bytes();
      Headers headers = exchange.getResponseHeaders();
      headers.set("Content-Type", "application/json");
      answer.headers().forEach(headers::set);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(answer.status(), head || body.length == 0 ? -1 : body.length);
      if (!head && body.length > 0) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(body);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the node is closed", e);
    } catch (RuntimeException e) {
      log.warn("node {}: a request ended without an answer", options.name(), e);
      throw e;
    }
  }

  private NodeAnswer answer(HttpExchange exchange) throws IOException, InterruptedException {
    // Health tells no secret, and control workers, which have no keys, read load from it.
    boolean health = exchange.getRequestURI().getPath().equals(HEALTH_PATH);
    if (!health && !authorised(exchange)) {
      return NodeAnswer.error(401, "Unauthorized", "the Authorization header has not the key")
          .with("WWW-Authenticate", "Bearer");
    }
    int most = health ? MAX_OPEN_BODY_BYTES : MAX_BODY_BYTES;
    byte[] body = body(exchange, most);
    if (body == null) {
      return NodeAnswer.error(
          413, "PayloadTooLarge", "the body has more than %d bytes".formatted(most));
    }
    Map<String, String> headers = new LinkedHashMap<>();
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) -> {
              if (!name.equalsIgnoreCase("Authorization") && !values.isEmpty()) {
                headers.put(name.toLowerCase(Locale.ROOT), values.get(0));
              }
            });
    NodeRequest request =
        new NodeRequest(
            exchange.getRequestMethod(), exchange.getRequestURI().getPath(), headers, body);
    return options.filter().filter(request, this::handle);
  }

  private boolean authorised(HttpExchange exchange) {
    if (authorization == null) {
      return true;
    }
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    return MessageDigest.isEqual(authorization, digest(given == null ? "" : given));
  }

  /** The body, or null if it is too large. */
  private static byte @Nullable [] body(HttpExchange exchange, int most) throws IOException {
    InputStream in = exchange.getRequestBody();
    byte[] body = in.readNBytes(most + 1);
    if (body.length <= most) {
      return body;
    }
    // A client that still writes would lose the answer if the connection were closed under it.
    in.skip(most);
    return null;
  }

  private NodeAnswer handle(NodeRequest request) throws InterruptedException {
    return switch (request.path()) {
      case EXECUTE_PATH ->
          switch (request.method()) {
            case "POST" -> execute(request);
            case "DELETE" -> cancel(request);
            default -> wrongMethod(request, "POST, DELETE");
          };
      case HEALTH_PATH -> request.method().equals("GET") ? health() : wrongMethod(request, "GET");
      default ->
          NodeAnswer.error(
              404,
              "NotFound",
              "nothing is at %s; there are %s and %s"
                  .formatted(request.path(), EXECUTE_PATH, HEALTH_PATH));
    };
  }

  private static NodeAnswer wrongMethod(NodeRequest request, String allowed) {
    return NodeAnswer.error(
            405, "MethodNotAllowed", "%s takes %s only".formatted(request.path(), allowed))
        .with("Allow", allowed);
  }

  /** Stops what runs under the request's key; a later request with that key executes anew. */
  private NodeAnswer cancel(NodeRequest request) {
    String key = request.idempotencyKey();
    if (key == null) {
      return badRequest("DELETE needs the Idempotency-Key of the execution to stop");
    }
    boolean cancelled = false;
    for (Map.Entry<ComponentCancellation, String> execution : executing.entrySet()) {
      if (execution.getValue().equals(key)) {
        execution.getKey().cancel();
        cancelled = true;
      }
    }
    return NodeAnswer.ok(JsonNodeFactory.instance.objectNode().put("cancelled", cancelled));
  }

  private NodeAnswer health() {
    ObjectNode health = JsonNodeFactory.instance.objectNode();
    health.put("node_id", options.name());
    health.put("load", (double) running() / options.capacity());
    health.put("capacity", options.capacity());
    health.put("status", "healthy");
    return NodeAnswer.ok(health).with(CANCEL_HEADER, "true");
  }

  private NodeAnswer execute(NodeRequest request) throws InterruptedException {
    JsonNode body;
    try {
      body = MAPPER.readTree(request.body());
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      return badRequest(
          at == null
              ? "the body holds a too long number, name or text"
              : "the body is not JSON: line %d, column %d"
                  .formatted(at.getLineNr(), at.getColumnNr()));
    } catch (IOException e) {
      return badRequest("the body is not JSON");
    }
    String key = request.idempotencyKey();
    if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
      return badRequest("Idempotency-Key has to be 1 to %d characters".formatted(LONGEST_KEY));
    }
    JsonNode stage = body.path("stage");
    JsonNode id = stage.path("id");
    JsonNode type = stage.path("type");
    JsonNode config = stage.path("config");
    if (!id.isTextual() || !(type.isTextual() || type.isMissingNode())) {
      return badRequest(
          "the body has to be {\"stage\": {\"id\", \"type\", \"config\"}, \"inputs\"}");
    }
    if (!config.isObject() && !config.isNull() && !config.isMissingNode()) {
      return badRequest("stage.config has to be an object");
    }
    ComponentRequest component =
        new ComponentRequest(
            id.asText(),
            type.asText("transformer").isEmpty() ? "transformer" : type.asText("transformer"),
            config.isObject() ? config : JsonNodeFactory.instance.objectNode(),
            body.path("inputs").isMissingNode() ? NullNode.instance : body.path("inputs"),
            key == null ? UUID.randomUUID().toString() : key);
    try (ExecutionSpan span = ExecutionSpan.start(options, request, component)) {
      NodeAnswer answer =
          key == null
              ? execute(component).answer()
              : record.answer(key, hash(body), () -> execute(component));
      return span.answered(
          answer == null
              ? NodeAnswer.error(
                  422,
                  "IdempotencyKeyReused",
                  "Idempotency-Key '%s' was used before with another body".formatted(key))
              : answer);
    }
  }

  private AnswerRecord.Result execute(ComponentRequest request) throws InterruptedException {
    if (!slots.tryAcquire()) {
      return passing(
          NodeAnswer.error(
                  429,
                  FailureType.REGION_OVERLOADED.wireName(),
                  "%d executions are running, as many as fit".formatted(options.capacity()))
              .with("Retry-After", "1"));
    }
    ComponentCancellation cancellation = new ComponentCancellation();
    try {
      highest.accumulateAndGet(running(), Math::max);
      executions.merge(request.idempotencyKey(), 1, Integer::sum);
      executing.put(cancellation, request.idempotencyKey());
      ComponentOutcome outcome =
          options.executor().execute(request, options.executor().limits(), cancellation);
      return new AnswerRecord.Result(NodeAnswer.ok(json(outcome)), true);
    } catch (ComponentException e) {
      return e.retryable()
          ? passing(NodeAnswer.error(503, e.type().wireName(), e.getMessage()))
          : new AnswerRecord.Result(
              NodeAnswer.error(422, e.type().wireName(), e.getMessage()), true);
    } catch (CancellationException e) {
      if (closed) {
        throw new InterruptedException("the node is closed");
      }
      return passing(
          NodeAnswer.error(
              503, FailureType.CANCELLED.wireName(), "the caller cancelled this execution"));
    } finally {
      executing.remove(cancellation);
      slots.release();
    }
  }

  /** An answer that holds for this request only. */
  private static AnswerRecord.Result passing(NodeAnswer answer) {
    return new AnswerRecord.Result(answer, false);
  }

  private static ObjectNode json(ComponentOutcome outcome) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("output", outcome.output());
    if (outcome.tokensUsed() > 0) {
      json.put("tokens_used", outcome.tokensUsed());
    }
    if (outcome.cost() > 0) {
      json.put("cost", outcome.cost());
    }
    return json;
  }

  private static NodeAnswer badRequest(String message) {
    return NodeAnswer.error(400, "BadRequest", message);
  }

  private static String hash(JsonNode body) {
    try {
      return HexFormat.of().formatHex(digest(CANONICAL.writeValueAsString(body)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("JSON that was read cannot be written", e);
    }
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
