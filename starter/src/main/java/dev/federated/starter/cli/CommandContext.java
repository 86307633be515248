package dev.federated.starter.cli;

import dev.federated.worker.tracing.TraceExport;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command sees of the process that it runs in.
 *
 * @param environment environment variables
 * @param workingDirectory where relative paths start
 * @param stdin standard input
 * @param interruption what happens on SIGINT and SIGTERM
 * @param patience how an execution is waited for
 * @param traces where spans go; closed when the command has ended
 */
record CommandContext(
    Map<String, String> environment,
    Path workingDirectory,
    InputStream stdin,
    Interruption interruption,
    Patience patience,
    TraceExport traces) {
  CommandContext {
    environment = Map.copyOf(environment);
  }

  /** A process whose spans go where its environment says. */
  CommandContext(
      Map<String, String> environment,
      Path workingDirectory,
      InputStream stdin,
      Interruption interruption,
      Patience patience) {
    this(environment, workingDirectory, stdin, interruption, patience, TraceExport.of(environment));
  }

  /** A process whose stderr is not a terminal, with the usual times. */
  CommandContext(
      Map<String, String> environment,
      Path workingDirectory,
      InputStream stdin,
      Interruption interruption) {
    this(environment, workingDirectory, stdin, interruption, Patience.usual(false));
  }

  /** The environment may hold secrets, so that the text form leaves it out. */
  @Override
  public String toString() {
    return "CommandContext[workingDirectory=%s]".formatted(workingDirectory);
  }
}
