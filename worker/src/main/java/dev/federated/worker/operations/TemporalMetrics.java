package dev.federated.worker.operations;

import com.codahale.metrics.MetricRegistry;
import com.uber.m3.tally.RootScopeBuilder;
import com.uber.m3.tally.Scope;
import com.uber.m3.util.Duration;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.dropwizard.DropwizardConfig;
import io.micrometer.core.instrument.dropwizard.DropwizardMeterRegistry;
import io.temporal.common.reporter.MicrometerClientStatsReporter;
import org.jspecify.annotations.Nullable;

/** Puts the metrics of Temporal's SDK beside ours, into the one Dropwizard registry. */
public final class TemporalMetrics {
  private static final double REPORT_SECONDS = 5;

  /** What the SDK writes for a tag that does not apply. */
  private static final String NONE = "none";

  private TemporalMetrics() {}

  /**
   * A scope for service stubs; closing it stops the reports and leaves the registry open.
   *
   * @param registry where the metrics go, named as ours: {@code temporal_x;tag=value}
   */
  public static Scope scope(MetricRegistry registry) {
    DropwizardConfig config =
        new DropwizardConfig() {
          @Override
          public String prefix() {
            return "temporal";
          }

          @Override
          public @Nullable String get(String key) {
            return null;
          }
        };
    DropwizardMeterRegistry meters =
        new DropwizardMeterRegistry(config, registry, (id, convention) -> name(id), Clock.SYSTEM) {
          @Override
          protected Double nullGaugeValue() {
            return 0.0;
          }
        };
    return new RootScopeBuilder()
        .reporter(new MicrometerClientStatsReporter(meters))
        .reportEvery(Duration.ofSeconds(REPORT_SECONDS));
  }

  /** A name with the labels that apply; the rest would only multiply series. */
  private static String name(Meter.Id id) {
    StringBuilder name = new StringBuilder(id.getName());
    for (Tag tag : id.getTags()) {
      if (!tag.getValue().equals(NONE)) {
        name.append(';').append(tag.getKey()).append('=').append(tag.getValue().replace(';', '_'));
      }
    }
    return name.toString();
  }
}
