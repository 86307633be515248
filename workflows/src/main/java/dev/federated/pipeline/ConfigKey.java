package dev.federated.pipeline;

import java.util.List;

/**
 * A key of a built-in component's configuration.
 *
 * @param name its name
 * @param kind what it takes
 * @param required whether it has to be there
 * @param aliases other names that are accepted for it
 * @param choices the values of the two kinds of choice; empty for other kinds
 */
public record ConfigKey(
    String name, ConfigKind kind, boolean required, List<String> aliases, List<String> choices) {
  public ConfigKey {
    aliases = List.copyOf(aliases);
    choices = List.copyOf(choices);
  }

  static ConfigKey required(String name, ConfigKind kind, String... aliases) {
    return new ConfigKey(name, kind, true, List.of(aliases), List.of());
  }

  static ConfigKey optional(String name, ConfigKind kind, String... aliases) {
    return new ConfigKey(name, kind, false, List.of(aliases), List.of());
  }

  static ConfigKey choice(String name, String... choices) {
    return new ConfigKey(name, ConfigKind.CHOICE, false, List.of(), List.of(choices));
  }

  static ConfigKey choiceInAnyCase(String name, String... choices) {
    return new ConfigKey(name, ConfigKind.CHOICE_IN_ANY_CASE, false, List.of(), List.of(choices));
  }
}
