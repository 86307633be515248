package dev.federated.benchmarks;

import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import io.temporal.api.operatorservice.v1.RemoveSearchAttributesRequest;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A Temporal server on this machine that ends when it is closed.
 *
 * @param address host and port
 * @param end ends it
 */
record DevServer(String address, Runnable end) implements AutoCloseable {
  private static final long START_SECONDS = 120;

  /** The server that {@code federate dev} and {@code run} bring. */
  static DevServer embedded() {
    EmbeddedServer server =
        EmbeddedServer.cli(
            EmbeddedServerOptions.builder(directory(), System.getenv())
                .headless(true)
                .startTimeout(Duration.ofSeconds(START_SECONDS))
                .build());
    return new DevServer(server.address(), server::close);
  }

  /** As {@link #embedded()}, in a namespace without the search attributes of stages. */
  static DevServer embeddedWithoutSearchAttributes() {
    DevServer server = embedded();
    WorkflowServiceStubs stubs = TemporalConnection.plaintext(server.address()).connect();
    try {
      OperatorServiceStubs.newServiceStubs(
              OperatorServiceStubsOptions.newBuilder()
                  .setChannel(stubs.getRawChannel())
                  .validateAndBuildWithDefaults())
          .blockingStub()
          .removeSearchAttributes(
              RemoveSearchAttributesRequest.newBuilder()
                  .setNamespace(TemporalConnection.DEFAULT_NAMESPACE)
                  .addSearchAttributes("FederationStage")
                  .addSearchAttributes("FederationStrategy")
                  .addSearchAttributes("FederationOutcome")
                  .addSearchAttributes("FederationFailedRegions")
                  .build());
    } finally {
      stubs.shutdownNow();
    }
    return server;
  }

  /** {@code temporal server start-dev} as it comes, in memory. */
  static DevServer plain() {
    return plain(List.of());
  }

  /** {@code temporal server start-dev} with a database file, else as it comes. */
  static DevServer plainWithFile() {
    return plain(List.of("--db-filename", directory().resolve("temporal.db").toString()));
  }

  private static DevServer plain(List<String> more) {
    Path command =
        EmbeddedServer.command(System.getenv())
            .orElseThrow(() -> new IllegalStateException("the command 'temporal' is not on PATH"));
    String address = "127.0.0.1:" + freePort();
    List<String> line =
        new ArrayList<>(
            List.of(
                command.toString(), "server", "start-dev", "--headless", "--log-level", "error"));
    line.addAll(List.of("--port", address.substring(address.indexOf(':') + 1)));
    line.addAll(more);
    try {
      Process process =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      awaitReady(address);
      return new DevServer(address, () -> end(process));
    } catch (IOException e) {
      throw new UncheckedIOException(command + " cannot be started", e);
    }
  }

  private static void awaitReady(String address) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        TemporalConnection.plaintext(address).connect().shutdownNow();
        return;
      } catch (RuntimeException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
    }
  }

  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("there is no free port", e);
    }
  }

  /** A new directory below the one for temporary files. */
  static Path directory() {
    try {
      return Files.createTempDirectory("federated-benchmarks");
    } catch (IOException e) {
      throw new UncheckedIOException("there is no place for a database", e);
    }
  }

  @Override
  public void close() {
    end.run();
  }
}
