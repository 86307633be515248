package dev.federated.starter.cli;

import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import java.io.PrintWriter;

/** Starts the server that a command brings, and says what it is. */
final class EmbeddedServers {
  private EmbeddedServers() {}

  /**
   * Starts a server.
   *
   * @param choice which one; auto takes the {@code temporal} command if it is installed
   * @param port its port, 0 for a free one
   * @param uiPort the port of its UI, 0 for a free one
   * @param headless without UI
   * @throws dev.federated.starter.connection.ServerUnavailableException if it does not start
   */
  static EmbeddedServer start(
      CommandContext context,
      EmbeddedChoice choice,
      int port,
      int uiPort,
      boolean headless,
      PrintWriter err) {
    EmbeddedServerOptions options =
        EmbeddedServerOptions.builder(context.workingDirectory(), context.environment())
            .port(port)
            .uiPort(uiPort)
            .headless(headless)
            .lastResort(context.interruption()::beforeEnd)
            .build();
    boolean command =
        choice == EmbeddedChoice.CLI
            || (choice == EmbeddedChoice.AUTO
                && EmbeddedServer.command(context.environment()).isPresent());
    EmbeddedServer server = command ? EmbeddedServer.cli(options) : EmbeddedServer.jvm(options);
    String kind =
        command
            ? "the temporal command, durable, database under .federate/"
            : "in this JVM: not durable, no UI; install the temporal command for both";
    err.println("started a Temporal server at %s (%s)".formatted(server.address(), kind));
    server.ui().ifPresent(ui -> err.println("its UI: " + ui));
    err.flush();
    return server;
  }
}
