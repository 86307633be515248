package dev.federated.activities.remote;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A call to a region failed. It has no cause: the text of an I/O error may repeat what the region
 * sent, and causes end in histories.
 */
public final class RegionCallException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient RegionError error;
  private final transient @Nullable Duration retryAfter;
  private final boolean workerStopped;
  private boolean workerLost;

  RegionCallException(RegionError error, @Nullable Duration retryAfter) {
    this(error, retryAfter, false);
  }

  private RegionCallException(
      RegionError error, @Nullable Duration retryAfter, boolean workerStopped) {
    super(error.message());
    this.error = retryAfter == null ? error : withRetryAfter(error, retryAfter);
    this.retryAfter = retryAfter;
    this.workerStopped = workerStopped;
  }

  private static RegionError withRetryAfter(RegionError error, Duration retryAfter) {
    long seconds = retryAfter.plusNanos(999_999_999).toSeconds();
    return new RegionError(
        error.type(), error.message(), error.retryable(), error.httpStatus(), seconds);
  }

  /** A failure of a component, with the place where it failed. */
  RegionCallException(RegionError error, @Nullable Duration retryAfter, Throwable origin) {
    this(error, retryAfter);
    setStackTrace(origin.getStackTrace());
  }

  static RegionCallException of(FailureType type, String message, @Nullable Integer httpStatus) {
    return new RegionCallException(
        new RegionError(type, message, type.retryable(), httpStatus), null);
  }

  /** The worker was stopped during the call: another one will repeat it. */
  static RegionCallException workerStopped(String region) {
    return new RegionCallException(
        RegionError.of(
            FailureType.REGION_UNAVAILABLE,
            "region %s: its worker was stopped during the call".formatted(region)),
        null,
        true);
  }

  /** The same where the region's worker stopped answering. */
  RegionCallException workerLost() {
    workerLost = true;
    return this;
  }

  /** Whether the region's worker stopped answering, as its own cluster tells. */
  boolean isWorkerLost() {
    return workerLost;
  }

  /** Whether this says that the region is not well. */
  boolean counts() {
    return !workerStopped && CircuitBreakers.counts(error.type(), retryAfter != null);
  }

  /** What happened, safe to show. */
  public RegionError error() {
    return error;
  }

  /** The pause that the region asked for, or null if it asked for none. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }
}
