package dev.federated.starter.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** Ends TLS in front of a port of this machine, for clients with a certificate that it trusts. */
final class TlsRelay implements AutoCloseable {
  private final SSLServerSocket listener;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger taken = new AtomicInteger();

  private TlsRelay(SSLServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  static TlsRelay to(int target, SSLContext context) {
    try {
      SSLServerSocket listener =
          (SSLServerSocket)
              context
                  .getServerSocketFactory()
                  .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
      SSLParameters parameters = listener.getSSLParameters();
      parameters.setNeedClientAuth(true);
      parameters.setApplicationProtocols(new String[] {"h2"});
      listener.setSSLParameters(parameters);
      TlsRelay relay = new TlsRelay(listener, target);
      inBackground(relay::accept);
      return relay;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void inBackground(Runnable task) {
    Thread thread = new Thread(task, "tls-relay");
    thread.setDaemon(true);
    thread.start();
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Connections of clients that it trusted. */
  int taken() {
    return taken.get();
  }

  private void accept() {
    try {
      while (!listener.isClosed()) {
        SSLSocket from = (SSLSocket) listener.accept();
        open.add(from);
        inBackground(() -> connect(from));
      }
    } catch (IOException e) {
      // The relay was closed.
      return;
    }
  }

  private void connect(SSLSocket from) {
    try {
      from.startHandshake();
      taken.incrementAndGet();
      Socket to = new Socket(InetAddress.getLoopbackAddress(), target);
      open.add(to);
      inBackground(() -> pass(from, to));
      pass(to, from);
    } catch (IOException e) {
      // A client that is not trusted: it sees the alert and a closed connection.
      closeQuietly(from);
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One side is gone, so the other one goes as well.
      open.remove(from);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    open.forEach(TlsRelay::closeQuietly);
  }
}
