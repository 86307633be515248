package dev.federated.activities.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A name with labels, written as {@code family;label=value;label=value}. That is the form of tagged
 * series in Graphite 1.1 (graphite.readthedocs.io, "Graphite Tag Support"); it is used because
 * names of regions hold dots, so that a dotted name could not be taken apart again.
 *
 * @param family dotted name without labels
 * @param labels labels in their order
 */
public record MetricName(String family, Map<String, String> labels) {
  public MetricName {
    labels = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(labels));
  }

  /** A name with one label. */
  static MetricName of(String family, String label, String value) {
    return new MetricName(family, Map.of(label, value));
  }

  /** The same name with one more label. */
  MetricName and(String label, String value) {
    Map<String, String> more = new LinkedHashMap<>(labels);
    more.put(label, value);
    return new MetricName(family, more);
  }

  /** Takes the name of a registered metric apart; a name without labels is its own family. */
  public static MetricName parse(String name) {
    String[] parts = name.split(";", -1);
    Map<String, String> labels = new LinkedHashMap<>();
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      if (equals <= 0) {
        return new MetricName(name, Map.of());
      }
      labels.put(parts[i].substring(0, equals), parts[i].substring(equals + 1));
    }
    return new MetricName(parts[0], labels);
  }

  /** The name under which the metric is registered. */
  @Override
  public String toString() {
    StringBuilder name = new StringBuilder(family);
    labels.forEach((label, value) -> name.append(';').append(label).append('=').append(value));
    return name.toString();
  }
}
