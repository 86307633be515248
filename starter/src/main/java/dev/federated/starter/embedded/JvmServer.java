package dev.federated.starter.embedded;

import dev.federated.starter.connection.ServerUnavailableException;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.temporal.internal.testservice.GRPCServerHelper;
import io.temporal.internal.testservice.TestServicesStarter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Temporal's in-memory test server on a port, with time skipping locked. {@code
 * TestServer.createPortBoundServer} would serve on every network interface without any
 * authentication, so that its parts are put together here on the loopback address.
 */
final class JvmServer extends EmbeddedServer {
  private static final long SHUTDOWN_SECONDS = 5;

  private final TestServicesStarter services;
  private final Server server;
  private final int port;

  private JvmServer(TestServicesStarter services, Server server) {
    this.services = services;
    this.server = server;
    this.port = server.getPort();
  }

  static JvmServer start(EmbeddedServerOptions options) {
    TestServicesStarter services = new TestServicesStarter(true, 0);
    ServerBuilder<?> builder =
        NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), options.port()),
            InsecureServerCredentials.create());
    GRPCServerHelper.registerServicesAndHealthChecks(services.getServices(), builder);
    try {
      return new JvmServer(services, builder.build().start());
    } catch (IOException e) {
      services.close();
      throw new ServerUnavailableException(
          "the embedded server cannot bind %s:%d; is the port in use? Choose another with --port"
              .formatted(LOOPBACK, options.port()),
          e);
    }
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public Optional<URI> ui() {
    return Optional.empty();
  }

  @Override
  public boolean durable() {
    return false;
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      server.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    services.close();
  }
}
