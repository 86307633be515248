package dev.federated.starter;

import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the history of a closed execution says beside its result. */
final class ClosedHistory {
  private final WorkflowClient client;
  private final List<HistoryEvent> events;

  private ClosedHistory(WorkflowClient client, List<HistoryEvent> events) {
    this.client = client;
    this.events = events;
  }

  static ClosedHistory of(WorkflowClient client, String workflowId) {
    return new ClosedHistory(client, client.fetchHistory(workflowId).getEvents());
  }

  /** The run that is described. */
  String runId() {
    return events.get(0).getWorkflowExecutionStartedEventAttributes().getOriginalExecutionRunId();
  }

  /** What it was started with. */
  <T> T input(Class<T> type) {
    return decode(events.get(0).getWorkflowExecutionStartedEventAttributes().getInput(), type);
  }

  /** The shares of a stage that succeeded, for one that ended without a record. */
  Map<String, RegionResult> shares() {
    Map<Long, RemoteRequest> scheduled = new HashMap<>();
    Map<String, RegionResult> shares = new LinkedHashMap<>();
    for (HistoryEvent event : events) {
      if (event.getEventType() == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
          && event
              .getActivityTaskScheduledEventAttributes()
              .getActivityType()
              .getName()
              .equals(RemoteExecuteActivity.REMOTE_EXECUTE)) {
        scheduled.put(
            event.getEventId(),
            decode(
                event.getActivityTaskScheduledEventAttributes().getInput(), RemoteRequest.class));
      } else if (event.getEventType() == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) {
        RemoteRequest request =
            scheduled.get(event.getActivityTaskCompletedEventAttributes().getScheduledEventId());
        if (request != null) {
          RemoteResponse response =
              decode(
                  event.getActivityTaskCompletedEventAttributes().getResult(),
                  RemoteResponse.class);
          String share = request.share() == null ? request.region() : request.share();
          shares.put(share, result(share, request, response));
        }
      }
    }
    return shares;
  }

  private static RegionResult result(String share, RemoteRequest request, RemoteResponse response) {
    return new RegionResult(
        share,
        request.region(),
        RegionStatus.SUCCEEDED,
        response.output(),
        null,
        response.attempts(),
        List.of(),
        response.latencyMs(),
        response.tokensUsed(),
        response.cost() == null ? 0 : response.cost(),
        response.cost() == null);
  }

  private <T> T decode(Payloads payloads, Class<T> type) {
    return client
        .getOptions()
        .getDataConverter()
        .fromPayloads(0, Optional.of(payloads), type, type);
  }
}
