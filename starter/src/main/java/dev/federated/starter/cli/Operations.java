package dev.federated.starter.cli;

import com.codahale.metrics.MetricRegistry;
import dev.federated.worker.operations.Check;
import dev.federated.worker.operations.MetricReports;
import dev.federated.worker.operations.OperationsServer;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Metrics and probes of a process, bound before its workers start so that a taken port stops it.
 */
final class Operations implements AutoCloseable {
  private static final Check STARTING = () -> Optional.of("the workers do not poll yet");

  private final MetricRegistry metrics = new MetricRegistry();
  private final MetricReports reports;
  private final @Nullable OperationsServer server;
  private volatile Check ready = STARTING;

  private Operations(
      MetricsOptions options, @Nullable Integer defaultPort, CommandContext context) {
    String host = options.host();
    Integer port = options.port(defaultPort);
    this.reports = options.reports(metrics, context);
    try {
      this.server =
          port == null
              ? null
              : OperationsServer.start(host, port, metrics, Check.PASSING, () -> ready.failure());
    } catch (IOException e) {
      reports.close();
      throw CommandException.badInput(
          "--metrics-port", "cannot bind %s:%d: %s".formatted(host, port, e.getMessage()));
    }
  }

  /**
   * Binds them.
   *
   * @param options the options of the command
   * @param defaultPort the port without the option; null for none
   */
  static Operations open(
      MetricsOptions options, @Nullable Integer defaultPort, CommandContext context) {
    return new Operations(options, defaultPort, context);
  }

  /** What is shown as metrics. */
  MetricRegistry metrics() {
    return metrics;
  }

  /** What decides from now on whether the process takes work. */
  void ready(Check check) {
    ready = check;
  }

  /** Where metrics and probes are served, if they are. */
  Optional<URI> uri() {
    return Optional.ofNullable(server).map(OperationsServer::uri);
  }

  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
    reports.close();
  }
}
