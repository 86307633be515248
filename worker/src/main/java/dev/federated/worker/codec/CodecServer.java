package dev.federated.worker.codec;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.temporal.api.common.v1.Payloads;
import io.temporal.common.converter.DataConverterException;
import io.temporal.payload.codec.PayloadCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Temporal's remote codec: {@code POST /decode} and {@code POST /encode} take and give payloads as
 * JSON, for Temporal's UI and the {@code temporal} command. Whoever may call it reads every history
 * that its keys decrypt. Without a token it serves on loopback only, and only under a loopback
 * name, so that no web page reaches it through a name that is pointed there. No payload is logged.
 */
public final class CodecServer implements AutoCloseable {
  /** Largest request in bytes: a page of history, whose payloads come in one request. */
  public static final int MAX_BODY_BYTES = 32 * 1024 * 1024;

  private static final Logger log = LoggerFactory.getLogger(CodecServer.class);
  private static final int THREADS = 4;
  private static final String JSON = "application/json";
  private static final JsonFormat.Parser PARSER = JsonFormat.parser();
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().omittingInsignificantWhitespace();

  private final HttpServer server;
  private final ExecutorService threads;
  private final PayloadCodec codec;
  private final byte @Nullable [] authorization;
  private final List<String> origins;

  private CodecServer(
      HttpServer server, PayloadCodec codec, @Nullable String token, List<String> origins) {
    this.server = server;
    this.codec = codec;
    this.authorization = token == null ? null : digest("Bearer " + token);
    this.origins = List.copyOf(origins);
    this.threads =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              Thread thread = new Thread(task, "codec");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts a server.
   *
   * @param host the address to bind
   * @param port the port, 0 for a free one
   * @param codec what it does to payloads
   * @param token what requests have to carry as {@code Authorization: Bearer}, or null
   * @param origins of web pages that may call it, such as {@code http://localhost:8233}; requests
   *     from any other are refused
   * @throws IllegalArgumentException if the host is not loopback and there is no token
   * @throws IOException if the address cannot be bound
   */
  public static CodecServer start(
      String host, int port, PayloadCodec codec, @Nullable String token, List<String> origins)
      throws IOException {
    InetAddress address = InetAddress.getByName(host);
    if (token == null && !address.isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "the codec server would serve on %s without a token: give it one, or bind 127.0.0.1"
              .formatted(host));
    }
    HttpServer server = HttpServer.create(new InetSocketAddress(address, port), 0);
    CodecServer codecServer = new CodecServer(server, codec, token, origins);
    server.createContext("/", codecServer::exchange);
    server.setExecutor(codecServer.threads);
    server.start();
    return codecServer;
  }

  /** Its base URL. */
  public URI uri() {
    String host = server.getAddress().getAddress().getHostAddress();
    return URI.create(
        "http://%s:%d"
            .formatted(
                host.contains(":") ? "[" + host + "]" : host, server.getAddress().getPort()));
  }

  private void exchange(HttpExchange exchange) throws IOException {
    try (exchange) {
      String origin = exchange.getRequestHeaders().getFirst("Origin");
      if (origin != null && !origins.contains(origin)) {
        respond(exchange, 403, "this origin may not use the codec server");
        return;
      }
      if (origin != null) {
        Headers headers = exchange.getResponseHeaders();
        headers.set("Access-Control-Allow-Origin", origin);
        headers.set("Access-Control-Allow-Credentials", "true");
        headers.set("Access-Control-Allow-Methods", "POST, OPTIONS");
        headers.set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace");
        headers.set("Vary", "Origin");
      }
      if (origin != null && exchange.getRequestMethod().equals("OPTIONS")) {
        exchange.sendResponseHeaders(204, -1);
        return;
      }
      answer(exchange);
    } catch (RuntimeException e) {
      // Its message may hold what was sent.
      log.warn("a request ended without an answer: {}", e.getClass().getName());
      throw e;
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    if (!authorized(exchange)) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
      respond(exchange, 401, "the Authorization header has not the token");
      return;
    }
    String path = exchange.getRequestURI().getPath();
    boolean decode = path.equals("/decode");
    if (!decode && !path.equals("/encode")) {
      respond(exchange, 404, "there are /decode and /encode");
      return;
    }
    if (!exchange.getRequestMethod().equals("POST")) {
      exchange.getResponseHeaders().set("Allow", "POST");
      respond(exchange, 405, "only POST");
      return;
    }
    // A page of another origin cannot send this type without asking first.
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    if (type == null || !type.toLowerCase(Locale.ROOT).startsWith(JSON)) {
      respond(exchange, 415, "the content type has to be application/json");
      return;
    }
    byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
    if (body.length > MAX_BODY_BYTES) {
      respond(exchange, 413, "the body has more than %d bytes".formatted(MAX_BODY_BYTES));
      return;
    }
    Payloads.Builder given = Payloads.newBuilder();
    try {
      PARSER.merge(new String(body, StandardCharsets.UTF_8), given);
    } catch (InvalidProtocolBufferException e) {
      respond(exchange, 400, "the body is not {\"payloads\": [...]}");
      return;
    }
    String answer;
    try {
      answer =
          PRINTER.print(
              Payloads.newBuilder()
                  .addAllPayloads(
                      decode
                          ? codec.decode(given.getPayloadsList())
                          : codec.encode(given.getPayloadsList())));
    } catch (DataConverterException e) {
      respond(exchange, 400, String.valueOf(e.getMessage()));
      return;
    }
    exchange.getResponseHeaders().set("Content-Type", JSON);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    send(exchange, 200, answer);
  }

  private boolean authorized(HttpExchange exchange) {
    if (authorization == null) {
      return loopback(exchange.getRequestHeaders().getFirst("Host"));
    }
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    return MessageDigest.isEqual(authorization, digest(given == null ? "" : given));
  }

  private static boolean loopback(@Nullable String host) {
    if (host == null) {
      return false;
    }
    String name = host.replaceFirst(":\\d*$", "");
    return name.equals("localhost") || name.equals("127.0.0.1") || name.equals("[::1]");
  }

  private static void respond(HttpExchange exchange, int status, String text) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    send(exchange, status, text + "\n");
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
