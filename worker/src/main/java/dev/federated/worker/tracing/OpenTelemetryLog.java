package dev.federated.worker.tracing;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what OpenTelemetry's SDK says where this process logs everything else. The SDK uses the
 * JDK's logging, which would write stack traces to stderr.
 */
final class OpenTelemetryLog extends Handler {
  /** Held here, because the JDK forgets loggers that nobody holds. */
  private static final Logger OPEN_TELEMETRY = Logger.getLogger("io.opentelemetry");

  private OpenTelemetryLog() {}

  static synchronized void install() {
    for (Handler handler : OPEN_TELEMETRY.getHandlers()) {
      if (handler instanceof OpenTelemetryLog) {
        return;
      }
    }
    OPEN_TELEMETRY.addHandler(new OpenTelemetryLog());
    OPEN_TELEMETRY.setUseParentHandlers(false);
  }

  @Override
  public void publish(LogRecord said) {
    String name = said.getLoggerName() == null ? OPEN_TELEMETRY.getName() : said.getLoggerName();
    // An export that fails is no error of the work, which goes on.
    org.slf4j.event.Level level =
        said.getLevel().intValue() >= Level.WARNING.intValue()
            ? org.slf4j.event.Level.WARN
            : said.getLevel().intValue() >= Level.INFO.intValue()
                ? org.slf4j.event.Level.INFO
                : org.slf4j.event.Level.DEBUG;
    LoggerFactory.getLogger(name)
        .atLevel(level)
        .setCause(said.getThrown())
        .log(String.valueOf(said.getMessage()));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
