package dev.federated.activities.remote;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One region's breaker, see {@link CircuitBreakers}. Thread-safe. */
public final class RegionBreaker {
  private final CircuitBreakerConfig settings;
  private final CircuitBreaker breaker;

  RegionBreaker(String region, CircuitBreakerConfig settings, Clock clock) {
    this.settings = settings;
    // A window of the last n calls that opens at 100 % failures is n failures in a row.
    this.breaker =
        CircuitBreaker.of(
            region,
            io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.custom()
                .slidingWindow(
                    settings.threshold(), settings.threshold(), SlidingWindowType.COUNT_BASED)
                .failureRateThreshold(100)
                .permittedNumberOfCallsInHalfOpenState(1)
                .waitDurationInOpenState(
                    Duration.ofMillis((long) Math.ceil(settings.timeoutSeconds() * 1000)))
                .clock(clock)
                .build());
  }

  CircuitBreakerConfig settings() {
    return settings;
  }

  /** Permission for one call, which has to be told its outcome; null if the breaker is open. */
  synchronized @Nullable Permit tryCall() {
    if (!breaker.tryAcquirePermission()) {
      return null;
    }
    return new Permit(breaker.getState() == CircuitBreaker.State.HALF_OPEN);
  }

  /** Half open when a call would be let through for a trial, open when none would be. */
  public synchronized CircuitState state() {
    if (breaker.getState() == CircuitBreaker.State.CLOSED) {
      return CircuitState.CLOSED;
    }
    if (!breaker.tryAcquirePermission()) {
      return CircuitState.OPEN;
    }
    breaker.releasePermission();
    return CircuitState.HALF_OPEN;
  }

  /** A call that needed no permission succeeded. */
  public synchronized void succeeded() {
    breaker.onSuccess(0, TimeUnit.MILLISECONDS);
  }

  /** A call that needed no permission failed in a way that counts. */
  public synchronized void failed() {
    breaker.onError(0, TimeUnit.MILLISECONDS, new RegionFailed());
  }

  /** Opens it for its timeout, whatever was counted. */
  public synchronized void open() {
    if (breaker.getState() != CircuitBreaker.State.OPEN) {
      breaker.transitionToOpenState();
    }
  }

  /** Closes it, whatever was counted. */
  public synchronized void close() {
    if (breaker.getState() != CircuitBreaker.State.CLOSED) {
      breaker.transitionToClosedState();
    }
  }

  /** One call that was let through. */
  final class Permit {
    private final boolean trial;
    private boolean told;

    private Permit(boolean trial) {
      this.trial = trial;
    }

    void succeeded() {
      synchronized (RegionBreaker.this) {
        told = true;
        RegionBreaker.this.succeeded();
      }
    }

    void failed() {
      synchronized (RegionBreaker.this) {
        told = true;
        RegionBreaker.this.failed();
      }
    }

    /** The call says nothing about the region, or has told already. */
    void release() {
      synchronized (RegionBreaker.this) {
        if (!told && trial && breaker.getState() == CircuitBreaker.State.HALF_OPEN) {
          breaker.releasePermission();
        }
        told = true;
      }
    }
  }

  /** What the library is told; nobody sees it. */
  private static final class RegionFailed extends Exception {
    private static final long serialVersionUID = 1L;

    RegionFailed() {
      super(null, null, false, false);
    }
  }
}
