package dev.federated.claimcheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** As much of S3 as a store of blobs asks for, with one bucket, in the test's JVM. */
final class TestingS3 implements AutoCloseable {
  static final String BUCKET = "blobs";

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Stored(byte[] content, Instant modified) {}

  private final HttpServer server;
  private final Map<String, Stored> objects = new ConcurrentSkipListMap<>();
  private final AtomicInteger copies = new AtomicInteger();

  private TestingS3(HttpServer server) {
    this.server = server;
  }

  static TestingS3 start() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    TestingS3 s3 = new TestingS3(server);
    server.createContext("/", s3::exchange);
    server.start();
    return s3;
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** How often an object was copied. */
  int copies() {
    return copies.get();
  }

  private void exchange(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String authorization = exchange.getRequestHeaders().getFirst("Authorization");
      String[] path = exchange.getRequestURI().getPath().split("/", 3);
      if (authorization == null || !authorization.startsWith("AWS4-HMAC-SHA256 Credential=key/")) {
        error(exchange, 403, "AccessDenied");
      } else if (!path[1].equals(BUCKET)) {
        error(exchange, 404, "NoSuchBucket");
      } else if (path.length < 3 || path[2].isEmpty()) {
        list(exchange);
      } else {
        object(exchange, path[2], body);
      }
    }
  }

  private void object(HttpExchange exchange, String key, byte[] body) throws IOException {
    String method = exchange.getRequestMethod();
    String source = exchange.getRequestHeaders().getFirst("x-amz-copy-source");
    if (method.equals("PUT") && source != null) {
      copy(exchange, key, URLDecoder.decode(source, UTF_8).replaceFirst("^/", ""));
    } else if (method.equals("PUT")) {
      objects.put(key, new Stored(body, Instant.now()));
      exchange.getResponseHeaders().set("ETag", "\"etag\"");
      exchange.sendResponseHeaders(200, -1);
    } else if (method.equals("DELETE")) {
      objects.remove(key);
      exchange.sendResponseHeaders(204, -1);
    } else if (!objects.containsKey(key)) {
      error(exchange, 404, "NoSuchKey");
    } else {
      Stored stored = objects.get(key);
      exchange
          .getResponseHeaders()
          .set(
              "Last-Modified",
              DateTimeFormatter.RFC_1123_DATE_TIME.format(
                  stored.modified().atOffset(ZoneOffset.UTC)));
      if (method.equals("HEAD")) {
        exchange.sendResponseHeaders(200, -1);
      } else {
        exchange.sendResponseHeaders(200, stored.content().length);
        exchange.getResponseBody().write(stored.content());
      }
    }
  }

  private void copy(HttpExchange exchange, String key, String source) throws IOException {
    String from = source.substring(BUCKET.length() + 1);
    boolean replace =
        "REPLACE".equals(exchange.getRequestHeaders().getFirst("x-amz-metadata-directive"));
    if (from.equals(key) && !replace) {
      error(exchange, 400, "InvalidRequest");
      return;
    }
    copies.incrementAndGet();
    objects.put(key, new Stored(objects.get(from).content(), Instant.now()));
    xml(exchange, 200, "<CopyObjectResult><ETag>\"etag\"</ETag></CopyObjectResult>");
  }

  private void list(HttpExchange exchange) throws IOException {
    String prefix = exchange.getRequestURI().getQuery().replaceAll(".*prefix=([^&]*).*", "$1");
    StringBuilder contents = new StringBuilder();
    objects.forEach(
        (key, stored) -> {
          if (key.startsWith(prefix)) {
            contents.append(
                "<Contents><Key>%s</Key><LastModified>%s</LastModified><Size>%d</Size></Contents>"
                    .formatted(key, stored.modified(), stored.content().length));
          }
        });
    xml(
        exchange,
        200,
        "<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>"
            .formatted(contents));
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
    } else {
      xml(
          exchange,
          status,
          "<Error><Code>%s</Code><Message>%s</Message></Error>".formatted(code, code));
    }
  }

  private static void xml(HttpExchange exchange, int status, String xml) throws IOException {
    byte[] body = xml.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/xml");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
