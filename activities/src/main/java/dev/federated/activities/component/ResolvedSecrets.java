package dev.federated.activities.component;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Secrets whose values are already known. Its text form shows names only. */
public final class ResolvedSecrets implements Secrets {
  /**
   * One secret.
   *
   * @param value its value
   * @param components component types that may read it
   */
  public record Secret(String value, Set<String> components) {
    public Secret {
      components = Set.copyOf(components);
    }

    /** Shows everything but the value. */
    @Override
    public String toString() {
      return "Secret[value=***, components=" + components + "]";
    }
  }

  private final Map<String, Secret> byName;

  /** The secrets by name. */
  public ResolvedSecrets(Map<String, Secret> byName) {
    this.byName = new LinkedHashMap<>(byName);
  }

  @Override
  public Optional<String> resolve(String name, String componentType) {
    return Optional.ofNullable(byName.get(name))
        .filter(secret -> secret.components().contains(componentType))
        .map(Secret::value);
  }

  /** Shows names and component types. */
  @Override
  public String toString() {
    return "ResolvedSecrets" + byName;
  }
}
