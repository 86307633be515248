package dev.federated.starter.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Logging} says, told to Logback in code: reading it from XML would take a fifth of the
 * time of a short command. Logback finds it by its service file in every process that has this jar;
 * where {@code federate} does not run, it does nothing.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class LogbackConfigurator extends ContextAwareBase implements Configurator {
  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (!Logging.configured()) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    level(context, "io.grpc", "WARN");
    // Failures of regions and stages are results: they are recorded, counted and shown.
    level(context, "io.temporal.internal.activity", Logging.levelOfAttempts());
    level(context, "io.temporal.internal.sync", Logging.levelOfAttempts());
    level(context, "io.temporal.internal.worker.WorkflowWorker", Logging.levelOfAttempts());
    // The in-JVM server: what it cannot do is said where it is missing.
    level(context, "io.temporal.internal.testservice", "OFF");
    level(context, "io.temporal.internal.client", "ERROR");
    level(context, "io.temporal.internal.worker.HeartbeatManager", "ERROR");
    level(context, org.slf4j.Logger.ROOT_LOGGER_NAME, Logging.level());
    Stderr stderr = new Stderr();
    stderr.setContext(context);
    stderr.setName("STDERR");
    stderr.start();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(stderr);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static void level(LoggerContext context, String logger, String level) {
    context.getLogger(logger).setLevel(Level.toLevel(level, Level.WARN));
  }

  /** Most commands log nothing: what dates and patterns need is loaded with the first line. */
  private static final class Stderr extends AppenderBase<ILoggingEvent> {
    private @Nullable ConsoleAppender<ILoggingEvent> console;

    /** Called by one thread at a time. */
    @Override
    protected void append(ILoggingEvent event) {
      if (console == null) {
        console = open();
      }
      console.doAppend(event);
    }

    private ConsoleAppender<ILoggingEvent> open() {
      PatternLayoutEncoder encoder = new PatternLayoutEncoder();
      encoder.setContext(getContext());
      encoder.setCharset(StandardCharsets.UTF_8);
      encoder.setPattern("%d{HH:mm:ss.SSS} %-5level %logger{0} - %msg%n" + Logging.exceptions());
      encoder.start();
      ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
      appender.setContext(getContext());
      appender.setTarget(ConsoleTarget.SystemErr.getName());
      appender.setEncoder(encoder);
      appender.start();
      return appender;
    }
  }
}
