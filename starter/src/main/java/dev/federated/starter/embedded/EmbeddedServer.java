package dev.federated.starter.embedded;

import dev.federated.starter.connection.ServerUnavailableException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A Temporal server on 127.0.0.1 that lives as long as the process that started it. Closing it ends
 * it.
 */
public abstract sealed class EmbeddedServer implements AutoCloseable permits JvmServer, CliServer {
  static final String LOOPBACK = "127.0.0.1";

  EmbeddedServer() {}

  /**
   * Starts the server inside this JVM: nothing to install, but not durable, without UI, and its
   * memory grows with each workflow. Time is real.
   *
   * @throws ServerUnavailableException if the port cannot be bound
   */
  public static EmbeddedServer jvm(EmbeddedServerOptions options) {
    return JvmServer.start(options);
  }

  /**
   * Starts the {@code temporal} command: durable, with its database in the project's {@code
   * .federate} directory, and with a UI.
   *
   * @throws ServerUnavailableException if the command is not on PATH, another process uses the
   *     directory, or the server does not start in time
   */
  public static EmbeddedServer cli(EmbeddedServerOptions options) {
    return CliServer.start(options);
  }

  /** The {@code temporal} command on the PATH of that environment, if it is there. */
  public static Optional<Path> command(Map<String, String> environment) {
    return TemporalCommand.find(environment);
  }

  /** Host and port. */
  public final String address() {
    return LOOPBACK + ":" + port();
  }

  /** The port of the server. */
  public abstract int port();

  /** Where the UI is, if there is one. */
  public abstract Optional<URI> ui();

  /** Whether workflows are there again after a restart. */
  public abstract boolean durable();

  @Override
  public abstract void close();
}
