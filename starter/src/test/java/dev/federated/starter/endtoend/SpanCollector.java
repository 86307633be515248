package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An OTLP collector over HTTP that keeps what it gets. Requests are taken apart by the numbers of
 * fields in opentelemetry-proto's trace.proto.
 */
final class SpanCollector implements AutoCloseable {
  private final HttpServer server;
  private final List<CollectedSpan> spans = new CopyOnWriteArrayList<>();
  private final List<String> bodies = new CopyOnWriteArrayList<>();

  private SpanCollector(HttpServer server) {
    this.server = server;
  }

  /**
   * What is looked at in a span.
   *
   * @param service the service's name
   * @param parent the parent's id, empty if there is none
   * @param kind 2 for server, 3 for client
   * @param status 0 for unset, 2 for error
   */
  record CollectedSpan(
      String service,
      String trace,
      String id,
      String parent,
      String name,
      long kind,
      long status,
      Map<String, String> attributes) {
    String attribute(String key) {
      return attributes.getOrDefault(key, "");
    }
  }

  static SpanCollector start() throws IOException {
    SpanCollector collector =
        new SpanCollector(
            HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    collector.server.createContext("/v1/traces", collector::take);
    collector.server.start();
    return collector;
  }

  /** What a process needs to export to it, soon. */
  Map<String, String> environment() {
    return Map.of(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://127.0.0.1:" + server.getAddress().getPort(),
        "OTEL_BSP_SCHEDULE_DELAY",
        "100");
  }

  /** The spans that came, in no order. */
  List<CollectedSpan> spans() {
    return List.copyOf(spans);
  }

  List<CollectedSpan> named(String name) {
    return spans.stream().filter(span -> span.name().equals(name)).toList();
  }

  /** Every byte that came, as one character each. */
  String bytes() {
    return String.join("", bodies);
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      bodies.add(new String(body, ISO_8859_1));
      for (UnknownFieldSet resourceSpans : messages(UnknownFieldSet.parseFrom(body), 1)) {
        String service =
            attributes(messages(resourceSpans, 1).get(0), 1).getOrDefault("service.name", "");
        for (UnknownFieldSet scopeSpans : messages(resourceSpans, 2)) {
          messages(scopeSpans, 2).forEach(span -> spans.add(span(service, span)));
        }
      }
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private static CollectedSpan span(String service, UnknownFieldSet span) {
    List<UnknownFieldSet> status = messages(span, 15);
    return new CollectedSpan(
        service,
        hex(bytes(span, 1)),
        hex(bytes(span, 2)),
        hex(bytes(span, 4)),
        bytes(span, 5).toStringUtf8(),
        number(span, 6),
        status.isEmpty() ? 0 : number(status.get(0), 3),
        attributes(span, 9));
  }

  private static Map<String, String> attributes(UnknownFieldSet message, int field) {
    Map<String, String> attributes = new LinkedHashMap<>();
    for (UnknownFieldSet pair : messages(message, field)) {
      UnknownFieldSet value = messages(pair, 2).get(0);
      attributes.put(
          bytes(pair, 1).toStringUtf8(),
          value.hasField(3) ? Long.toString(number(value, 3)) : bytes(value, 1).toStringUtf8());
    }
    return attributes;
  }

  private static List<UnknownFieldSet> messages(UnknownFieldSet message, int field) {
    return message.getField(field).getLengthDelimitedList().stream()
        .map(
            bytes -> {
              try {
                return UnknownFieldSet.parseFrom(bytes);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            })
        .toList();
  }

  private static ByteString bytes(UnknownFieldSet message, int field) {
    List<ByteString> values = message.getField(field).getLengthDelimitedList();
    return values.isEmpty() ? ByteString.EMPTY : values.get(0);
  }

  private static long number(UnknownFieldSet message, int field) {
    List<Long> values = message.getField(field).getVarintList();
    return values.isEmpty() ? 0 : values.get(0);
  }

  private static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
