package dev.federated.starter.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which server a command talks to, beyond Temporal's own environment configuration. */
final class ServerOptions {
  @Option(
      names = "--embedded",
      paramLabel = "auto|jvm|cli",
      converter = EmbeddedChoice.Converter.class,
      description =
          "Bring a server and workers: jvm runs inside this process and is not durable, cli is the"
              + " temporal command, auto takes cli if it is installed.")
  private @Nullable EmbeddedChoice embedded;

  /** The server to bring, or null if the command line does not say. */
  @Nullable EmbeddedChoice embedded() {
    return embedded;
  }
}
