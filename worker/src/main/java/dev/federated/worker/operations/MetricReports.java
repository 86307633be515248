package dev.federated.worker.operations;

import com.codahale.metrics.CsvReporter;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.jmx.JmxReporter;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Other ways out of the registry than {@code /metrics}: JMX, and CSV files. */
public final class MetricReports implements AutoCloseable {
  /** The JMX domain of the metrics. */
  public static final String JMX_DOMAIN = "dev.federated";

  private static final Pattern NOT_IN_A_FILE_NAME = Pattern.compile("[^A-Za-z0-9._=;-]");

  private final List<AutoCloseable> reporters = new ArrayList<>();

  /** Reports nothing yet. */
  public MetricReports() {}

  /** Shows every metric, also those to come, as an MBean of this process. */
  public MetricReports jmx(MetricRegistry registry) {
    JmxReporter reporter = JmxReporter.forRegistry(registry).inDomain(JMX_DOMAIN).build();
    reporter.start();
    reporters.add(reporter);
    return this;
  }

  /**
   * Appends a line to a file of each metric, again and again, and once more at the end. Times are
   * in milliseconds, rates per second.
   *
   * @param directory where the files go; made if it is not there
   * @throws UncheckedIOException if it cannot be made
   */
  public MetricReports csv(MetricRegistry registry, Path directory, Duration interval) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    CsvReporter reporter =
        CsvReporter.forRegistry(registry)
            .convertDurationsTo(TimeUnit.MILLISECONDS)
            .convertRatesTo(TimeUnit.SECONDS)
            .withCsvFileProvider((place, metric) -> new File(place, fileName(metric)))
            .build(directory.toFile());
    reporter.start(interval.toMillis(), TimeUnit.MILLISECONDS);
    reporters.add(
        () -> {
          reporter.report();
          reporter.close();
        });
    return this;
  }

  private static String fileName(String metric) {
    return NOT_IN_A_FILE_NAME.matcher(metric).replaceAll("_") + ".csv";
  }

  @Override
  public void close() {
    for (AutoCloseable reporter : reporters) {
      try {
        reporter.close();
      } catch (Exception e) {
        throw new IllegalStateException("a reporter of metrics cannot be closed", e);
      }
    }
    reporters.clear();
  }
}
