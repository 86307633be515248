package dev.federated.starter.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a process serves its metrics and probes. */
final class MetricsOptions {
  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description =
          "Serve /metrics, /healthz and /readyz there, 0 for a free port (default: 9464 for worker,"
              + " none otherwise).")
  private @Nullable Integer port;

  @Option(
      names = "--metrics-host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description = "The address for --metrics-port (default: ${DEFAULT-VALUE}).")
  private String host = "";

  /** The port, or what applies without the option. */
  @Nullable Integer port(@Nullable Integer otherwise) {
    Integer chosen = port == null ? otherwise : port;
    if (chosen != null && (chosen < 0 || chosen > 65_535)) {
      throw CommandException.badInput("--metrics-port", "%d is not 0 to 65535".formatted(chosen));
    }
    return chosen;
  }

  String host() {
    return host;
  }
}
