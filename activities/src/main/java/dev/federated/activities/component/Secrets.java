package dev.federated.activities.component;

import java.util.Optional;

/** The secrets of a worker. Values never leave the process. */
@FunctionalInterface
public interface Secrets {
  /** No secrets at all. */
  Secrets NONE = (name, componentType) -> Optional.empty();

  /**
   * The value of the secret of that name, or empty if there is none or if components of that type
   * may not read it.
   */
  Optional<String> resolve(String name, String componentType);
}
