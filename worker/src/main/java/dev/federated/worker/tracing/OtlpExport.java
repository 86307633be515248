package dev.federated.worker.tracing;

import dev.federated.activities.tracing.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * OpenTelemetry's SDK with its batches and its OTLP exporter. Spans wait in a bounded queue and are
 * dropped where it is full; its threads are daemons.
 */
final class OtlpExport {
  private static final String PREFIX = "OTEL_";
  private static final AttributeKey<String> SERVICE_NAME = AttributeKey.stringKey("service.name");
  private static final String DEFAULT_SERVICE_NAME = "federate";

  private final OpenTelemetrySdk sdk;
  private final Tracing tracing;

  private OtlpExport(OpenTelemetrySdk sdk) {
    this.sdk = sdk;
    this.tracing = OpenTelemetryTracing.of(sdk);
  }

  /**
   * Begins to export.
   *
   * @throws RuntimeException if a variable's value cannot be used
   */
  static OtlpExport open(Map<String, String> environment) {
    OpenTelemetryLog.install();
    Map<String, String> properties = properties(environment);
    return new OtlpExport(
        AutoConfiguredOpenTelemetrySdk.builder()
            .addPropertiesCustomizer(configured -> properties)
            .addResourceCustomizer((resource, config) -> named(resource))
            .disableShutdownHook()
            .build()
            .getOpenTelemetrySdk());
  }

  /** What the variables say by the names of properties, and what holds where they say nothing. */
  private static Map<String, String> properties(Map<String, String> environment) {
    Map<String, String> properties = new HashMap<>();
    properties.put("otel.exporter.otlp.protocol", "http/protobuf");
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(PREFIX) && !value.isBlank()) {
            properties.put(name.toLowerCase(Locale.ROOT).replace('_', '.'), value);
          }
        });
    properties.put("otel.traces.exporter", "otlp");
    // The process has its own metrics and logs.
    properties.put("otel.metrics.exporter", "none");
    properties.put("otel.logs.exporter", "none");
    return properties;
  }

  /** The resource, with a name of ours if the variables give it none. */
  private static Resource named(Resource resource) {
    boolean named =
        !Objects.equals(
            resource.getAttribute(SERVICE_NAME), Resource.getDefault().getAttribute(SERVICE_NAME));
    return named ? resource : resource.toBuilder().put(SERVICE_NAME, DEFAULT_SERVICE_NAME).build();
  }

  Tracing tracing() {
    return tracing;
  }

  void close(Duration longestFlush) {
    sdk.getSdkTracerProvider().shutdown().join(longestFlush.toMillis(), TimeUnit.MILLISECONDS);
  }
}
