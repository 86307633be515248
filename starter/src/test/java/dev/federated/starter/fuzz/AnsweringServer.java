package dev.federated.starter.fuzz;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.util.Locale;

/**
 * A server on loopback that answers every request with the same bytes, HTTP or not, and hangs up.
 */
final class AnsweringServer implements AutoCloseable {
  private static final String LENGTH = "content-length: ";

  private final ServerSocket socket;
  private volatile byte[] answer = {};

  AnsweringServer() {
    try {
      socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread thread = new Thread(this::serve, "answering-server");
    thread.setDaemon(true);
    thread.start();
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort());
  }

  /** What is answered from now on. */
  void answer(byte[] bytes) {
    answer = bytes.clone();
  }

  private void serve() {
    while (!socket.isClosed()) {
      try (Socket client = socket.accept()) {
        readRequest(new BufferedInputStream(client.getInputStream()));
        client.getOutputStream().write(answer);
      } catch (SocketException e) {
        // The client had enough, or the server was closed.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void readRequest(InputStream in) throws IOException {
    int length = 0;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      if (line.toLowerCase(Locale.ROOT).startsWith(LENGTH)) {
        length = Integer.parseInt(line.substring(LENGTH.length()).strip());
      }
    }
    in.skipNBytes(length);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString().strip();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
