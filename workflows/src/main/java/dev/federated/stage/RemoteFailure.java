package dev.federated.stage;

import dev.federated.model.RegionError;
import dev.federated.model.WireRecord;
import io.temporal.common.converter.DataConverterException;
import io.temporal.common.converter.Values;
import io.temporal.failure.ApplicationFailure;
import org.jspecify.annotations.Nullable;

/**
 * The one detail of the {@code ApplicationFailure} of a failed {@code RemoteExecute}, whose type is
 * a {@link dev.federated.model.FailureType} and whose message is safe to show. Also the heartbeat
 * detail of a running one, so that a timeout tells how many attempts there were.
 *
 * @param attempts executions that were started in the region for this activity
 * @param latencyMs time of the last execution in milliseconds
 * @param httpStatus the status that the region answered, or null
 * @param retryAfter seconds after which the region asked to be called again, or null if it did not
 * @param workerLost true if it ended because the worker stopped answering, where another workflow
 *     tells of it; null means no
 */
@WireRecord
public record RemoteFailure(
    int attempts,
    long latencyMs,
    @Nullable Integer httpStatus,
    @Nullable Long retryAfter,
    @Nullable Boolean workerLost) {
  /** Of a region that did not say when to call it again. */
  public RemoteFailure(int attempts, long latencyMs, @Nullable Integer httpStatus) {
    this(attempts, latencyMs, httpStatus, null);
  }

  /** Of a worker that answered. */
  public RemoteFailure(
      int attempts, long latencyMs, @Nullable Integer httpStatus, @Nullable Long retryAfter) {
    this(attempts, latencyMs, httpStatus, retryAfter, null);
  }

  /** Of an execution that ended with that error. */
  public static RemoteFailure of(
      RegionError error, int attempts, long latencyMs, boolean workerLost) {
    return new RemoteFailure(
        attempts, latencyMs, error.httpStatus(), error.retryAfter(), workerLost ? true : null);
  }

  /** The detail of a failure or heartbeat; null if there is none or it is somebody else's. */
  public static @Nullable RemoteFailure in(Values details) {
    try {
      return details.getSize() == 0 ? null : details.get(0, RemoteFailure.class);
    } catch (DataConverterException e) {
      // Thrown on, it would block the workflow's task for ever.
      return null;
    }
  }

  /** The failure of an execution that ended with that error, with this as its detail. */
  public ApplicationFailure.Builder failure(RegionError error) {
    return ApplicationFailure.newBuilder()
        .setType(error.type().wireName())
        .setMessage(error.message())
        .setNonRetryable(!error.retryable())
        .setDetails(this);
  }
}
