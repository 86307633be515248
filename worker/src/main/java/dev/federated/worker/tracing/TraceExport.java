package dev.federated.worker.tracing;

import dev.federated.activities.tracing.Tracing;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The export of a process's spans over OTLP, as OpenTelemetry's own environment variables say.
 * Without them nothing of OpenTelemetry is loaded. Thread-safe.
 */
public final class TraceExport implements AutoCloseable {
  /** How long {@link #close} waits for spans that were not sent yet: 1 s. */
  public static final Duration LONGEST_FLUSH = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(TraceExport.class);

  private static final String DISABLED = "OTEL_SDK_DISABLED";
  private static final String EXPORTER = "OTEL_TRACES_EXPORTER";
  private static final String OTLP = "otlp";
  private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
  private static final String TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

  private final Map<String, String> environment;
  private @Nullable OtlpExport export;
  private @Nullable Tracing tracing;

  private TraceExport(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /** The export that the environment asks for. Begins with the first {@link #tracing}. */
  public static TraceExport of(Map<String, String> environment) {
    return new TraceExport(environment);
  }

  /**
   * Whether the environment asks for an export: {@code OTEL_TRACES_EXPORTER} is {@code otlp}, or it
   * is not set and an endpoint is, and {@code OTEL_SDK_DISABLED} is not {@code true}.
   */
  public static boolean isAskedFor(Map<String, String> environment) {
    if (value(environment, DISABLED).equals("true")) {
      return false;
    }
    String exporter = value(environment, EXPORTER);
    return exporter.isEmpty()
        ? !value(environment, ENDPOINT).isEmpty() || !value(environment, TRACES_ENDPOINT).isEmpty()
        : exporter.equals(OTLP);
  }

  private static String value(Map<String, String> environment, String name) {
    return environment.getOrDefault(name, "").strip().toLowerCase(Locale.ROOT);
  }

  /**
   * Where the process's spans go: {@link Tracing#NONE} if no export is asked for, or if what is
   * asked for cannot be done, which is logged as a warning once.
   */
  public synchronized Tracing tracing() {
    Tracing known = tracing;
    if (known == null) {
      known = open();
      tracing = known;
    }
    return known;
  }

  private Tracing open() {
    if (!isAskedFor(environment)) {
      return Tracing.NONE;
    }
    try {
      OtlpExport opened = OtlpExport.open(environment);
      export = opened;
      return opened.tracing();
    } catch (RuntimeException e) {
      log.warn("No traces are exported; check the variables OTEL_…: {}", e.getMessage());
      log.debug("No traces are exported", e);
      return Tracing.NONE;
    }
  }

  /** Sends what is left, for up to {@link #LONGEST_FLUSH}; later spans are lost. */
  @Override
  public synchronized void close() {
    OtlpExport opened = export;
    export = null;
    tracing = Tracing.NONE;
    if (opened != null) {
      opened.close(LONGEST_FLUSH);
    }
  }
}
