package dev.federated.worker.config;

import dev.federated.activities.component.ResolvedSecrets;
import dev.federated.activities.component.Secrets;
import java.util.Map;
import java.util.Optional;

/** The secrets of one process, in the clear. Its text form shows names only. */
public final class ProcessSecrets {
  /** No secrets at all. */
  public static final ProcessSecrets NONE =
      new ProcessSecrets(Map.of(), new ResolvedSecrets(Map.of()));

  private final Map<String, String> apiKeys;
  private final ResolvedSecrets named;

  /**
   * With those values.
   *
   * @param apiKeys keys of endpoints by region
   * @param named the secrets that pipelines may name
   */
  public ProcessSecrets(Map<String, String> apiKeys, ResolvedSecrets named) {
    this.apiKeys = Map.copyOf(apiKeys);
    this.named = named;
  }

  /** The key for the endpoint of that region; empty if it has none or was not resolved. */
  public Optional<String> apiKey(String region) {
    return Optional.ofNullable(apiKeys.get(region));
  }

  /** The secrets that pipelines may name. */
  public Secrets named() {
    return named;
  }

  @Override
  public String toString() {
    return "ProcessSecrets[apiKeys=%s, named=%s]".formatted(apiKeys.keySet(), named);
  }
}
