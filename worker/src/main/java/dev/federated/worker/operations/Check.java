package dev.federated.worker.operations;

import java.util.Optional;

/** Tells whether a process is alive or ready. */
@FunctionalInterface
public interface Check {
  /** It always is. */
  Check PASSING = Optional::empty;

  /** Why it is not, in words for an operator and without secrets; empty if it is. Returns soon. */
  Optional<String> failure();
}
