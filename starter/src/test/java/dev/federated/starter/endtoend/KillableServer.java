package dev.federated.starter.endtoend;

import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A server of embedded mode {@code cli} that is killed and started again on its database. */
final class KillableServer implements AutoCloseable {
  private static final long KILL_SECONDS = 10;

  private final Path directory;
  private final int port;
  private final WorkflowServiceStubs stubs;
  private EmbeddedServer server;

  private KillableServer(Path directory, EmbeddedServer server) {
    this.directory = directory;
    this.server = server;
    this.port = server.port();
    this.stubs = TemporalConnection.plaintext(server.address()).connect();
  }

  static KillableServer start(Path directory) {
    return new KillableServer(directory, start(directory, 0));
  }

  private static EmbeddedServer start(Path directory, int port) {
    return EmbeddedServer.cli(
        EmbeddedServerOptions.builder(directory, System.getenv())
            .headless(true)
            .port(port)
            .build());
  }

  int port() {
    return port;
  }

  /** A client that outlives the server. */
  WorkflowClient client() {
    return WorkflowClient.newInstance(
        stubs,
        WorkflowClientOptions.newBuilder()
            .setNamespace(TemporalConnection.DEFAULT_NAMESPACE)
            .build());
  }

  /** Ends the process by SIGKILL. */
  void kill() throws Exception {
    ProcessHandle process = ProcessHandle.of(pid()).orElseThrow();
    process.destroyForcibly();
    var unused = process.onExit().get(KILL_SECONDS, TimeUnit.SECONDS);
  }

  private long pid() throws IOException {
    String described = Files.readString(directory.resolve(".federate").resolve("server.pid"));
    return Long.parseLong(described.strip().split(" ", 2)[0]);
  }

  /** Starts it again on the same database and port. */
  void restart() {
    server.close();
    server = start(directory, port);
  }

  @Override
  public void close() {
    stubs.shutdownNow();
    server.close();
  }
}
