package dev.federated.benchmarks;

import io.temporal.api.history.v1.History;
import io.temporal.client.WorkflowClient;
import java.util.ArrayList;
import java.util.List;

/**
 * What workflows left in histories: means over several of them, because how many completions share
 * a workflow task is a race.
 *
 * @param events events of a history
 * @param tasks workflow tasks that were completed
 * @param bytes bytes of a history
 */
record HistoryCost(double events, double tasks, double bytes) {
  private static final int MOST_HISTORIES = 60;

  /** A workflow task takes three events; without these, equal workflows have equal counts. */
  private static final int EVENTS_OF_A_TASK = 3;

  /** Of the last of those workflows. */
  static HistoryCost of(WorkflowClient client, List<String> workflowIds) {
    List<String> last =
        workflowIds.subList(Math.max(0, workflowIds.size() - MOST_HISTORIES), workflowIds.size());
    List<HistoryCost> each = new ArrayList<>();
    for (String id : last) {
      History history = client.fetchHistory(id).getHistory();
      long tasks =
          history.getEventsList().stream()
              .filter(event -> event.hasWorkflowTaskCompletedEventAttributes())
              .count();
      each.add(new HistoryCost(history.getEventsCount(), tasks, history.getSerializedSize()));
    }
    return new HistoryCost(
        each.stream().mapToDouble(HistoryCost::events).average().orElse(0),
        each.stream().mapToDouble(HistoryCost::tasks).average().orElse(0),
        each.stream().mapToDouble(HistoryCost::bytes).average().orElse(0));
  }

  /** Events beside those of workflow tasks. */
  double otherEvents() {
    return events - EVENTS_OF_A_TASK * tasks;
  }
}
