package dev.federated.starter.cli;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Logs go to stderr: warnings of most commands, and what happens of those that serve. Stack traces
 * are shown to who asks for details.
 */
final class Logging {
  /** Overrides the level: TRACE, DEBUG, INFO, WARN, ERROR or OFF. */
  static final String VARIABLE = "FEDERATE_LOG_LEVEL";

  private static final String LEVEL = "federate.log.level";
  private static final String EXCEPTION = "federate.log.exception";
  private static final String ATTEMPTS = "federate.log.attempts";

  /** Logback's own property: who sets it has a configuration of their own. */
  private static final String FILE = "logback.configurationFile";

  private static final Set<String> SERVING = Set.of("dev", "worker");
  private static final Set<String> DETAILED = Set.of("TRACE", "DEBUG");

  private Logging() {}

  /** Has to be called before the first logger is made. */
  static void configure(List<String> arguments, Map<String, String> environment) {
    String level = level(arguments, environment);
    System.setProperty(LEVEL, level);
    boolean details = OutputOptions.asksForDetails(arguments) || DETAILED.contains(level);
    // Zero lines of the stack: what happened and its causes, but not where.
    System.setProperty(EXCEPTION, details ? "%ex" : "%ex{0}");
    if (details) {
      System.setProperty(ATTEMPTS, level);
    }
  }

  /** Whether {@link #configure} has been called and nobody else says how to log. */
  static boolean configured() {
    return System.getProperty(LEVEL) != null && System.getProperty(FILE) == null;
  }

  /** The level of what has none of its own. */
  static String level() {
    return System.getProperty(LEVEL, "WARN");
  }

  /** The level of failed attempts. */
  static String levelOfAttempts() {
    return System.getProperty(ATTEMPTS, "ERROR");
  }

  /** How exceptions are written, as a conversion word of Logback. */
  static String exceptions() {
    return System.getProperty(EXCEPTION, "%ex");
  }

  static String level(List<String> arguments, Map<String, String> environment) {
    String level = environment.get(VARIABLE);
    if (level != null && !level.isBlank()) {
      return level;
    }
    boolean serves = !arguments.isEmpty() && SERVING.contains(arguments.get(0));
    return serves || OutputOptions.asksForDetails(arguments) ? "INFO" : "WARN";
  }
}
