package dev.federated.worker.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The secrets of one process, in the clear. Its text form, and that of its parts, shows names only.
 */
public final class ResolvedSecrets {
  /** No secrets at all. */
  public static final ResolvedSecrets NONE = new ResolvedSecrets(Map.of(), Map.of());

  private final Map<String, String> apiKeys;
  private final Map<String, Secret> secrets;

  /**
   * With those values.
   *
   * @param apiKeys keys by region
   * @param secrets named secrets by name
   */
  public ResolvedSecrets(Map<String, String> apiKeys, Map<String, Secret> secrets) {
    this.apiKeys = Map.copyOf(apiKeys);
    this.secrets = Map.copyOf(secrets);
  }

  /** The key for the endpoint of that region; empty if it has none or was not resolved. */
  public Optional<String> apiKey(String region) {
    return Optional.ofNullable(apiKeys.get(region));
  }

  /**
   * The named secret, for a component that may read it.
   *
   * @param name the secret's name
   * @param componentType the type of the component that asks
   * @return empty if there is no such secret or the type is not listed for it
   */
  public Optional<String> secret(String name, String componentType) {
    return Optional.ofNullable(secrets.get(name))
        .filter(secret -> secret.components().contains(componentType))
        .map(Secret::value);
  }

  /** All named secrets by name. */
  public Map<String, Secret> secrets() {
    return secrets;
  }

  @Override
  public String toString() {
    return "ResolvedSecrets[apiKeys=%s, secrets=%s]".formatted(apiKeys.keySet(), secrets.keySet());
  }

  /**
   * One named secret.
   *
   * @param value the secret itself
   * @param components component types that may read it
   */
  public record Secret(String value, List<String> components) {
    public Secret {
      components = List.copyOf(components);
    }

    @Override
    public String toString() {
      return "Secret[(hidden), components=%s]".formatted(components);
    }
  }
}
