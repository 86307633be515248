package dev.federated.worker.operations;

import com.codahale.metrics.MetricRegistry;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.federated.activities.metrics.FederationMetrics;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code /metrics} in Prometheus' text format, {@code /healthz} (alive) and {@code /readyz}
 * (takes work), the last two with 503 and the reason when they are not. It has no authentication:
 * whoever binds it to another address than loopback has to guard it.
 */
public final class OperationsServer implements AutoCloseable {
  /** The address that it binds unless another is given. */
  public static final String DEFAULT_HOST = "127.0.0.1";

  private static final Logger LOG = LoggerFactory.getLogger(OperationsServer.class);

  /** One for the scraper, one for the probes. */
  private static final int THREADS = 2;

  private static final String PLAIN_TEXT = "text/plain; charset=utf-8";

  private final HttpServer server;
  private final ExecutorService threads;

  private OperationsServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Starts a server.
   *
   * @param host the address to bind, such as {@link #DEFAULT_HOST}
   * @param port the port, 0 for a free one
   * @param metrics what {@code /metrics} shows; may grow later
   * @param live whether the process is alive
   * @param ready whether it takes work
   * @throws IOException if the address cannot be bound
   */
  public static OperationsServer start(
      String host, int port, MetricRegistry metrics, Check live, Check ready) throws IOException {
    PrometheusMetrics shown =
        new PrometheusMetrics(
            metrics,
            Set.of(FederationMetrics.REGION_IN_FLIGHT),
            Set.of(FederationMetrics.REGION_COST),
            Map.of(FederationMetrics.REGION_COST_ERROR, FederationMetrics.COST_UNIT));
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new IOException("the host '%s' is not known".formatted(host));
    }
    HttpServer server = HttpServer.create(address, 0);
    ExecutorService threads =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              Thread thread = new Thread(task, "operations");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(threads);
    PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    server.createContext("/", exchange -> respond(exchange, 404, PLAIN_TEXT, "not found\n"));
    serve(
        server,
        "/metrics",
        exchange -> {
          ByteArrayOutputStream text = new ByteArrayOutputStream();
          writer.write(text, shown.snapshots());
          respond(exchange, 200, writer.getContentType(), text.toString(StandardCharsets.UTF_8));
        });
    serve(server, "/healthz", exchange -> respond(exchange, live));
    serve(server, "/readyz", exchange -> respond(exchange, ready));
    server.start();
    return new OperationsServer(server, threads);
  }

  private static void serve(HttpServer server, String path, HttpHandler handler) {
    server.createContext(
        path,
        exchange -> {
          String method = exchange.getRequestMethod();
          if (!exchange.getRequestURI().getPath().equals(path)) {
            respond(exchange, 404, PLAIN_TEXT, "not found\n");
          } else if (!method.equals("GET") && !method.equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            respond(exchange, 405, PLAIN_TEXT, "only GET\n");
          } else {
            handler.handle(exchange);
          }
        });
  }

  private static void respond(HttpExchange exchange, Check check) throws IOException {
    Optional<String> failure;
    try {
      failure = check.failure();
    } catch (RuntimeException e) {
      LOG.warn("a check of {} failed", exchange.getRequestURI().getPath(), e);
      failure = Optional.of("the check itself failed; see the log");
    }
    respond(exchange, failure.isEmpty() ? 200 : 503, PLAIN_TEXT, failure.orElse("ok") + "\n");
  }

  private static void respond(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    try (exchange) {
      byte[] body = text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", type);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(status, head ? -1 : body.length);
      if (!head) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  /** The port that it serves on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Its base URL. */
  public URI uri() {
    String host = server.getAddress().getAddress().getHostAddress();
    return URI.create(
        "http://%s:%d".formatted(host.contains(":") ? "[" + host + "]" : host, port()));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
