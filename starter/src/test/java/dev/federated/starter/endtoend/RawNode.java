package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.federated.worker.node.RegionNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A region's node whose answers a {@link RegionNode} could not give: cut off, or without end. */
final class RawNode implements AutoCloseable {
  private static final byte[] HEALTH =
      "{\"node_id\": \"raw\", \"load\": 0, \"capacity\": 10}".getBytes(UTF_8);
  private static final int CHUNK = 64 * 1024;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger asked = new AtomicInteger();

  /** Answers an execution. */
  @FunctionalInterface
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private RawNode(Answer answer) {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext(
        RegionNode.HEALTH_PATH,
        exchange -> {
          exchange.sendResponseHeaders(200, HEALTH.length);
          exchange.getResponseBody().write(HEALTH);
          exchange.close();
        });
    server.createContext(
        RegionNode.EXECUTE_PATH,
        exchange -> {
          asked.incrementAndGet();
          try (exchange) {
            exchange.getRequestBody().readAllBytes();
            answer.to(exchange);
          }
        });
    server.setExecutor(threads);
    server.start();
  }

  /** Promises an answer and closes the connection after half of it. */
  static RawNode halfAnAnswer() {
    byte[] answer = "{\"output\": {\"total\": 17, \"region\": \"half\"}}".getBytes(UTF_8);
    return new RawNode(
        exchange -> {
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer, 0, answer.length / 2);
          exchange.getResponseBody().flush();
        });
  }

  /** An output that is a text of that length; declared says whether there is a Content-Length. */
  static RawNode largeAnswer(int bytes, boolean declared) {
    byte[] start = "{\"output\": \"".getBytes(UTF_8);
    byte[] end = "\"}".getBytes(UTF_8);
    byte[] chunk = new byte[CHUNK];
    Arrays.fill(chunk, (byte) 'x');
    return new RawNode(
        exchange -> {
          int length = bytes - start.length - end.length;
          exchange.sendResponseHeaders(200, declared ? bytes : 0);
          OutputStream out = exchange.getResponseBody();
          out.write(start);
          for (int left = length; left > 0; left -= CHUNK) {
            out.write(chunk, 0, Math.min(left, CHUNK));
          }
          out.write(end);
        });
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Requests to execute that came in. */
  int asked() {
    return asked.get();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
