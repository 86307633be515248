package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A region's node that is healthy and answers no execution. It tells when the caller of the first
 * one gave up, which no server of a higher level does.
 */
final class SilentNode implements AutoCloseable {
  private static final String HEALTHY = "{\"node_id\": \"silent\", \"load\": 0, \"capacity\": 10}";

  private final ServerSocket socket;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger asked = new AtomicInteger();
  private final CompletableFuture<Long> givenUp = new CompletableFuture<>();

  SilentNode() {
    try {
      socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.execute(this::accept);
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        threads.execute(() -> serve(connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      InputStream in = connection.getInputStream();
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = in.read();
        if (next < 0) {
          return;
        }
        head.append((char) next);
      }
      if (head.indexOf("GET") == 0) {
        connection
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                    .formatted(HEALTHY.length(), HEALTHY)
                    .getBytes(US_ASCII));
        return;
      }
      asked.incrementAndGet();
      awaitEnd(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitEnd(InputStream in) {
    try {
      while (in.read() >= 0) {
        // The body of the request, and then nothing until the caller closes the connection.
      }
    } catch (IOException e) {
      // Closed as well.
    }
    givenUp.complete(System.nanoTime());
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort());
  }

  /** Requests to execute that came in. */
  int asked() {
    return asked.get();
  }

  /** When the caller of the first execution gave up, as {@link System#nanoTime}. */
  CompletableFuture<Long> givenUp() {
    return givenUp;
  }

  @Override
  public void close() throws IOException {
    socket.close();
    threads.shutdownNow();
  }
}
