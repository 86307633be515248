package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Why a region share or a stage failed.
 *
 * @param type the kind of failure
 * @param message what happened, where, with which value; never a secret
 * @param retryable whether the same region may succeed later
 * @param httpStatus the status that the region answered, or null where there was none
 * @param retryAfter seconds after which the region asked to be called again, or null if it did not
 */
@WireRecord
public record RegionError(
    FailureType type,
    String message,
    boolean retryable,
    @Nullable Integer httpStatus,
    @Nullable Long retryAfter) {
  /** Statuses that say the request itself is wrong, so that every region would refuse it. */
  private static final Set<Integer> REQUEST_IS_WRONG = Set.of(400, 413, 422);

  /** A failure of a region that did not say when to call it again. */
  public RegionError(
      FailureType type, String message, boolean retryable, @Nullable Integer httpStatus) {
    this(type, message, retryable, httpStatus, null);
  }

  /** A failure without an HTTP status, retryable as its type says. */
  public static RegionError of(FailureType type, String message) {
    return new RegionError(type, message, type.retryable(), null);
  }

  /** Whether another region may succeed where this one failed. */
  @JsonIgnore
  public boolean allowsHop() {
    boolean requestIsWrong =
        type == FailureType.REGION_REJECTED
            && httpStatus != null
            && REQUEST_IS_WRONG.contains(httpStatus);
    return type.hops() && !requestIsWrong;
  }

  /**
   * Whether the failure proves that nothing of the share is still running or was done, so that a
   * further execution may carry a new idempotency key.
   */
  @JsonIgnore
  public boolean definitive() {
    return type == FailureType.REGION_REJECTED || type == FailureType.COMPONENT_FAILED;
  }
}
