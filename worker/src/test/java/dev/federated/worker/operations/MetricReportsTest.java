package dev.federated.worker.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricReportsTest {
  private static final String METRIC = "federation.region.executions;region=eu.west;status=failed";

  private final MetricRegistry registry = new MetricRegistry();

  @TempDir Path directory;

  @Test
  void aDirectoryThatCannotBeMadeIsAnError() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "x");
    try (MetricReports reports = new MetricReports()) {
      assertThatThrownBy(() -> reports.csv(registry, file.resolve("csv"), Duration.ofHours(1)))
          .isInstanceOf(UncheckedIOException.class);
    }
  }

  @Test
  void everyMetricIsAnMBeanUntilTheReportsAreClosed() throws Exception {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    ObjectName all = new ObjectName(MetricReports.JMX_DOMAIN + ":*");
    try (MetricReports reports = new MetricReports().jmx(registry)) {
      registry.counter(METRIC).inc(3);
      Set<ObjectName> names = beans.queryNames(all, null);
      assertThat(names).hasSize(1);
      ObjectName name = names.iterator().next();
      assertThat(ObjectName.unquote(name.getKeyProperty("name"))).isEqualTo(METRIC);
      assertThat(beans.getAttribute(name, "Count")).isEqualTo(3L);
      assertThat(reports).isNotNull();
    }
    assertThat(beans.queryNames(all, null)).isEmpty();
  }

  @Test
  void theLastValuesAreWrittenWhenTheProcessEnds() throws Exception {
    Path files = directory.resolve("a/b");
    registry.counter("temporal_requests;operation=a/b").inc();
    registry.counter(METRIC).inc(3);
    try (MetricReports reports = new MetricReports()) {
      var unused = reports.csv(registry, files, Duration.ofHours(1));
    }
    assertThat(Files.readString(files.resolve(METRIC + ".csv")))
        .startsWith("t,count\n")
        .contains(",3");
    assertThat(files.resolve("temporal_requests;operation=a_b.csv")).exists();
  }
}
