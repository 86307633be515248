package dev.federated.starter.embedded;

import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.starter.connection.TemporalConnection;
import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The {@code temporal} command as a child process. */
final class CliServer extends EmbeddedServer {
  private static final long POLL_MILLIS = 50;
  private static final int CALL_MILLIS = 1_000;
  private static final long SHUTDOWN_SECONDS = 10;
  private static final int LONGEST_REASON = 500;

  /** Attempts with another free port, which somebody else may have taken meanwhile. */
  private static final int ATTEMPTS = 3;

  private final ProjectDirectory directory;
  private final Process process;
  private final int port;
  private final Optional<URI> ui;

  private CliServer(ProjectDirectory directory, Process process, int port, Optional<URI> ui) {
    this.directory = directory;
    this.process = process;
    this.port = port;
    this.ui = ui;
  }

  static CliServer start(EmbeddedServerOptions options) {
    Path command =
        TemporalCommand.find(options.environment())
            .orElseThrow(
                () ->
                    new ServerUnavailableException(
                        "the command 'temporal' is not on PATH; install it from"
                            + " https://docs.temporal.io/cli, or use --embedded jvm"));
    ProjectDirectory directory = ProjectDirectory.lock(options.directory());
    boolean started = false;
    try {
      for (int attempt = 1; ; attempt++) {
        try {
          CliServer server = start(options, command, directory);
          started = true;
          return server;
        } catch (ServerUnavailableException e) {
          boolean ownPort = options.port() != 0 && (options.headless() || options.uiPort() != 0);
          if (!(e.getCause() instanceof PortTakenException) || ownPort || attempt == ATTEMPTS) {
            throw e;
          }
        }
      }
    } finally {
      if (!started) {
        directory.close();
      }
    }
  }

  private static CliServer start(
      EmbeddedServerOptions options, Path command, ProjectDirectory directory) {
    int port = options.port() == 0 ? freePort() : options.port();
    int uiPort = options.uiPort() == 0 ? freePort() : options.uiPort();
    requireFree(port, "--port");
    if (!options.headless()) {
      requireFree(uiPort, "--ui-port");
    }
    List<String> arguments = new ArrayList<>();
    // In a session of its own the server does not get the Ctrl-C that is meant for this process,
    // which still needs it to cancel what runs.
    TemporalCommand.onPath(options.environment(), List.of("setsid"))
        .ifPresent(setsid -> arguments.add(setsid.toString()));
    arguments.addAll(
        TemporalCommand.arguments(command, directory.database(), port, uiPort, options.headless()));
    ProcessBuilder builder =
        new ProcessBuilder(arguments)
            .directory(options.directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.log().toFile());
    builder.environment().clear();
    options
        .environment()
        .forEach(
            (name, value) -> {
              // The connection of this process is not the configuration of the server.
              if (!name.startsWith("TEMPORAL_")) {
                builder.environment().put(name, value);
              }
            });
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ServerUnavailableException(
          "%s cannot be started: %s".formatted(command, e.getMessage()), e);
    }
    options.lastResort().accept(process::destroyForcibly);
    Optional<URI> ui =
        options.headless()
            ? Optional.empty()
            : Optional.of(URI.create("http://%s:%d".formatted(LOOPBACK, uiPort)));
    CliServer server = new CliServer(directory, process, port, ui);
    boolean ready = false;
    try {
      directory.serverStarted(process.toHandle());
      server.awaitReady(options.startTimeout());
      ready = true;
      return server;
    } catch (IOException e) {
      throw new ServerUnavailableException(
          "the directory %s cannot be written: %s".formatted(options.directory(), e.getMessage()),
          e);
    } finally {
      if (!ready) {
        server.end();
      }
    }
  }

  private void awaitReady(Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    while (!portOpen()) {
      pause(end, timeout, "does not listen");
    }
    WorkflowServiceStubs stubs =
        WorkflowServiceStubs.newServiceStubs(
            TemporalConnection.plaintext(address()).stubsOptions());
    try {
      while (!answers(stubs)) {
        pause(end, timeout, "does not answer");
      }
    } finally {
      stubs.shutdownNow();
    }
  }

  private boolean portOpen() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CALL_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean answers(WorkflowServiceStubs stubs) {
    try {
      stubs
          .blockingStub()
          .withDeadlineAfter(CALL_MILLIS, TimeUnit.MILLISECONDS)
          .describeNamespace(
              DescribeNamespaceRequest.newBuilder()
                  .setNamespace(TemporalConnection.DEFAULT_NAMESPACE)
                  .build());
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  private void pause(long end, Duration timeout, String state) {
    try {
      if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        String reason = reason();
        String message =
            "the server ended with exit code %d: %s".formatted(process.exitValue(), reason);
        throw reason.contains("in use")
            ? new ServerUnavailableException(message, new PortTakenException(reason))
            : new ServerUnavailableException(message);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServerUnavailableException("interrupted while the server started", e);
    }
    if (System.nanoTime() > end) {
      throw new ServerUnavailableException(
          "the server %s on %s after %d s; see %s"
              .formatted(state, address(), timeout.toSeconds(), directory.log()));
    }
  }

  private String reason() {
    try {
      byte[] log = Files.readAllBytes(directory.log());
      String text = new String(log, StandardCharsets.UTF_8).strip();
      return text.isEmpty()
          ? "it says nothing"
          : text.substring(Math.max(0, text.length() - LONGEST_REASON));
    } catch (IOException e) {
      return "its log cannot be read: " + e.getMessage();
    }
  }

  private static void requireFree(int port, String option) {
    try (ServerSocket socket = new ServerSocket()) {
      // As the server itself would bind: a port whose old connections linger is free.
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new ServerUnavailableException(
          "port %d on %s is in use; choose another with %s".formatted(port, LOOPBACK, option),
          new PortTakenException(String.valueOf(e.getMessage())));
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new ServerUnavailableException("there is no free port on " + LOOPBACK, e);
    }
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public Optional<URI> ui() {
    return ui;
  }

  @Override
  public boolean durable() {
    return true;
  }

  @Override
  public void close() {
    end();
    directory.close();
  }

  private void end() {
    process.destroy();
    try {
      if (!process.waitFor(SHUTDOWN_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        process.waitFor(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    directory.serverEnded();
  }

  /** Somebody else has the port. */
  private static final class PortTakenException extends RuntimeException {
    PortTakenException(String message) {
      super(message);
    }
  }
}
