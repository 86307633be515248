package dev.federated.starter.cli;

import com.codahale.metrics.MetricRegistry;
import dev.federated.worker.operations.MetricReports;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a process serves its metrics and probes, and to whom else it reports. */
final class MetricsOptions {
  /** Set to true, it does as {@code --jmx}. */
  private static final String JMX_VARIABLE = "FEDERATION_JMX";

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

  @Option(
      names = "--jmx",
      description = "Show the metrics as MBeans too; FEDERATION_JMX=true does the same.")
  private boolean jmx;

  @Option(
      names = "--metrics-csv",
      paramLabel = "DIRECTORY",
      description = "Append the metrics to CSV files there too.")
  private @Nullable String csv;

  @Option(
      names = "--metrics-interval",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "The pause between lines of --metrics-csv (default: ${DEFAULT-VALUE}).")
  private double interval;

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

  /** Starts the reports that are asked for. */
  MetricReports reports(MetricRegistry registry, CommandContext context) {
    if (!(interval >= 1 && interval <= 86_400)) {
      throw CommandException.badInput("--metrics-interval", "has to be between 1 and 86400");
    }
    MetricReports reports = new MetricReports();
    if (csv != null) {
      try {
        var unused =
            reports.csv(
                registry,
                context.workingDirectory().resolve(csv),
                Duration.ofMillis((long) (interval * 1000)));
      } catch (UncheckedIOException e) {
        throw CommandException.badInput(
            "--metrics-csv", "%s is no directory that can be written".formatted(csv));
      }
    }
    Map<String, String> environment = context.environment();
    if (jmx || "true".equalsIgnoreCase(environment.get(JMX_VARIABLE))) {
      var unused = reports.jmx(registry);
    }
    return reports;
  }
}
