package dev.federated.activities.component;

import java.time.Duration;

/**
 * Limits of one execution.
 *
 * @param maxOutputBytes largest output in bytes of JSON, 1 or more
 * @param timeout how long somebody waits for the result, above zero
 */
public record ComponentLimits(int maxOutputBytes, Duration timeout) {
  public ComponentLimits {
    if (maxOutputBytes < 1) {
      throw new IllegalArgumentException("maxOutputBytes has to be 1 or more: " + maxOutputBytes);
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout has to be above zero: " + timeout);
    }
  }
}
