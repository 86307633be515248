package dev.federated.model;

import java.util.List;

/**
 * A secret that pipelines may name, and the component types that may read it.
 *
 * @param value where it comes from
 * @param components component types that may resolve it
 */
public record NamedSecret(SecretSource value, List<String> components) {
  public NamedSecret {
    components = List.copyOf(components);
  }
}
