package dev.federated.model;

/**
 * When calls to a region stop and when they are tried again.
 *
 * @param threshold consecutive failures that open the breaker, 1 to 1000, default 5
 * @param timeoutSeconds how long it stays open before one call is let through, 0.1 to 86400,
 *     default 60
 */
@WireRecord
public record CircuitBreakerConfig(int threshold, double timeoutSeconds) {
  /** Five failures, one minute: the values of the reference implementation. */
  public static final CircuitBreakerConfig DEFAULT = new CircuitBreakerConfig(5, 60);
}
