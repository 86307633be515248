package dev.federated.starter.connection;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where Temporal's configuration file is, by the rules of temporal-envconfig but from an injected
 * environment: $TEMPORAL_CONFIG_FILE, else the operating system's place for such files.
 */
final class ConfigFilePath {
  private ConfigFilePath() {}

  /** The path, or null if the environment does not tell. */
  static @Nullable String of(Map<String, String> environment, String operatingSystem) {
    String explicit = environment.get("TEMPORAL_CONFIG_FILE");
    if (explicit != null && !explicit.isEmpty()) {
      return explicit;
    }
    String system = operatingSystem.toLowerCase(Locale.ROOT);
    if (system.contains("win") && !system.contains("darwin")) {
      String appData = environment.get("APPDATA");
      return appData == null ? null : appData + "\\temporalio\\temporal.toml";
    }
    String home = environment.get("HOME");
    if (home == null || home.isEmpty()) {
      return null;
    }
    return system.contains("mac")
        ? home + "/Library/Application Support/temporalio/temporal.toml"
        : home + "/.config/temporalio/temporal.toml";
  }
}
