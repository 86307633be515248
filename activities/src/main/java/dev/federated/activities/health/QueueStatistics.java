package dev.federated.activities.health;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a Temporal server tells of task queues. */
@FunctionalInterface
public interface QueueStatistics {
  /**
   * Reads the state of an activity task queue; may block for seconds.
   *
   * @throws UnsupportedOperationException if the server does not tell such things at all
   * @throws RuntimeException if it could not be asked now
   */
  QueueState read(String taskQueue);

  /**
   * The state of one queue.
   *
   * @param backlog tasks that wait in it, approximately
   * @param lastPoll when a worker was last seen polling it, or null if none was
   */
  record QueueState(long backlog, @Nullable Instant lastPoll) {}
}
