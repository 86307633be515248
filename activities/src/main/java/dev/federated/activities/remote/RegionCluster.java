package dev.federated.activities.remote;

import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import java.util.function.Function;

/**
 * The Temporal cluster where a region's workers are.
 *
 * @param profile its name, for messages
 * @param clients gives the client of the namespace there; it writes payloads as that of these
 *     options does, and stays its owner's to close
 */
public record RegionCluster(
    String profile, Function<WorkflowClientOptions, WorkflowClient> clients) {
  /** The client, for an activity of that client. */
  WorkflowClient clientFor(WorkflowClient home) {
    return clients.apply(home.getOptions());
  }
}
