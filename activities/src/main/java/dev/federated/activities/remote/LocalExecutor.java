package dev.federated.activities.remote;

import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import java.time.Duration;

/** Executes components in this process, for regions without an endpoint. */
@FunctionalInterface
public interface LocalExecutor {
  /**
   * Executes the request's component once, on the calling thread, which is interrupted when the
   * activity is cancelled or the time is up. Attempts and latency of the answer are set by the
   * caller.
   *
   * @param timeout how long it may take
   * @throws io.temporal.failure.ApplicationFailure with a {@link dev.federated.model.FailureType}
   *     as type and a message that is safe to show; any other exception is a component that failed
   *     for good
   */
  RemoteResponse execute(RemoteRequest request, Duration timeout) throws Exception;
}
