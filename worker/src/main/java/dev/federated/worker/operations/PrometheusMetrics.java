package dev.federated.worker.operations;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.Histogram;
import com.codahale.metrics.Meter;
import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Snapshot;
import com.codahale.metrics.Timer;
import dev.federated.activities.metrics.MetricName;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows a Dropwizard registry as Prometheus metrics, with the labels that {@link MetricName} says.
 * Counters and meters become counters, timers summaries in seconds, histograms summaries. The
 * client library's own bridge is of no use here: it refuses two metrics of one family.
 */
final class PrometheusMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(PrometheusMetrics.class);
  private static final Pattern NOT_IN_A_NAME = Pattern.compile("[^a-zA-Z0-9_:]");
  private static final Pattern NOT_IN_A_LABEL = Pattern.compile("[^a-zA-Z0-9_]");

  /** Suffixes that the text format adds itself or gives a meaning to. */
  private static final Pattern RESERVED_SUFFIX = Pattern.compile("_(total|created|bucket|info)$");

  private static final double[] QUANTILES = {0.5, 0.95, 0.99};
  private static final double SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final MetricRegistry registry;
  private final Set<String> falling;
  private final Set<String> rising;
  private final Map<String, Double> units;

  /**
   * For that registry.
   *
   * @param registry what to show
   * @param falling families of counters that also fall, which are gauges to Prometheus
   * @param rising families of gauges that never fall, which are counters to Prometheus
   * @param units families of histograms whose values are parts, and how many make one
   */
  PrometheusMetrics(
      MetricRegistry registry, Set<String> falling, Set<String> rising, Map<String, Double> units) {
    this.registry = registry;
    this.falling = Set.copyOf(falling);
    this.rising = Set.copyOf(rising);
    this.units = Map.copyOf(units);
  }

  private enum Kind {
    COUNTER,
    GAUGE,
    SUMMARY
  }

  /** The metrics of one name; the first kind that is seen wins. */
  private record Family(Kind kind, String help, Map<Labels, DataPointSnapshot> points) {}

  MetricSnapshots snapshots() {
    Map<String, Family> families = new TreeMap<>();
    registry
        .getMetrics()
        .forEach(
            (name, metric) -> {
              try {
                add(families, MetricName.parse(name), metric);
              } catch (RuntimeException e) {
                // One metric that cannot be shown must not hide the others.
                LOG.debug("metric {} is not shown", name, e);
              }
            });
    List<MetricSnapshot> snapshots = new ArrayList<>();
    families.forEach((name, family) -> snapshots.add(snapshot(name, family)));
    return new MetricSnapshots(snapshots);
  }

  private void add(Map<String, Family> families, MetricName name, Metric metric) {
    Kind kind = kind(name, metric);
    Labels labels = labels(name);
    double unit = units.getOrDefault(name.family(), 1.0);
    DataPointSnapshot point = point(kind, metric, unit, labels);
    if (point == null) {
      return;
    }
    String shown = prometheusName(name.family()) + (metric instanceof Timer ? "_seconds" : "");
    Family family =
        families.computeIfAbsent(
            shown, absent -> new Family(kind, name.family(), new LinkedHashMap<>()));
    if (family.kind() == kind) {
      family.points().putIfAbsent(labels, point);
    } else {
      LOG.debug("metric {} is not shown: its family is a {}", name, family.kind());
    }
  }

  private Kind kind(MetricName name, Metric metric) {
    if (metric instanceof Counter) {
      return falling.contains(name.family()) ? Kind.GAUGE : Kind.COUNTER;
    }
    if (metric instanceof Meter) {
      return Kind.COUNTER;
    }
    if (metric instanceof Gauge) {
      return rising.contains(name.family()) ? Kind.COUNTER : Kind.GAUGE;
    }
    return Kind.SUMMARY;
  }

  private static @Nullable DataPointSnapshot point(
      Kind kind, Metric metric, double unit, Labels labels) {
    if (metric instanceof Counter counter) {
      return kind == Kind.GAUGE
          ? new GaugeDataPointSnapshot(counter.getCount(), labels, null)
          : new CounterDataPointSnapshot(counter.getCount(), labels, null, 0);
    }
    if (metric instanceof Meter meter) {
      return new CounterDataPointSnapshot(meter.getCount(), labels, null, 0);
    }
    if (metric instanceof Timer timer) {
      return summary(timer.getCount(), timer.getSnapshot(), SECOND_NANOS, labels);
    }
    if (metric instanceof Histogram histogram) {
      return summary(histogram.getCount(), histogram.getSnapshot(), unit, labels);
    }
    if (metric instanceof Gauge<?> gauge) {
      Object value = gauge.getValue();
      if (value instanceof Number number) {
        return kind == Kind.COUNTER
            ? new CounterDataPointSnapshot(number.doubleValue(), labels, null, 0)
            : new GaugeDataPointSnapshot(number.doubleValue(), labels, null);
      }
      if (value instanceof Boolean truth) {
        return new GaugeDataPointSnapshot(truth ? 1 : 0, labels, null);
      }
    }
    return null;
  }

  private static DataPointSnapshot summary(
      long count, Snapshot snapshot, double unit, Labels labels) {
    List<Quantile> quantiles = new ArrayList<>();
    for (double quantile : QUANTILES) {
      quantiles.add(new Quantile(quantile, snapshot.getValue(quantile) / unit));
    }
    return SummaryDataPointSnapshot.builder()
        .count(count)
        .quantiles(Quantiles.of(quantiles))
        .labels(labels)
        .build();
  }

  private static MetricSnapshot snapshot(String name, Family family) {
    MetricMetadata metadata = new MetricMetadata(name, family.help());
    return switch (family.kind()) {
      case COUNTER -> new CounterSnapshot(metadata, points(family, CounterDataPointSnapshot.class));
      case GAUGE -> new GaugeSnapshot(metadata, points(family, GaugeDataPointSnapshot.class));
      case SUMMARY -> new SummarySnapshot(metadata, points(family, SummaryDataPointSnapshot.class));
    };
  }

  private static <T> List<T> points(Family family, Class<T> type) {
    return family.points().values().stream().map(type::cast).toList();
  }

  private static Labels labels(MetricName name) {
    List<String> names = new ArrayList<>();
    List<String> values = new ArrayList<>();
    name.labels()
        .forEach(
            (label, value) -> {
              names.add(legal(NOT_IN_A_LABEL, label));
              values.add(value);
            });
    return Labels.of(names, values);
  }

  private static String prometheusName(String family) {
    return RESERVED_SUFFIX.matcher(legal(NOT_IN_A_NAME, family)).replaceFirst("");
  }

  private static String legal(Pattern illegal, String name) {
    String legal = illegal.matcher(name).replaceAll("_");
    return legal.isEmpty() || Character.isDigit(legal.charAt(0)) ? "_" + legal : legal;
  }
}
