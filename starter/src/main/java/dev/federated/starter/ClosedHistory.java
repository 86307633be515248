package dev.federated.starter;

import dev.federated.model.ItemRanges;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.Partition;
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
  private static final String SIDE_EFFECT = "SideEffect";

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

  /**
   * How a stage that ended without a record split its array: every part under its region, with what
   * is known of it. The shares themselves where nothing was split.
   */
  Map<String, RegionResult> parts(StageRequest request, Map<String, RegionResult> shares) {
    if (!request.federation().partitioned()) {
      return shares;
    }
    Map<String, RegionResult> parts = new LinkedHashMap<>();
    Map<String, ItemRanges> split =
        snapshot().map(snapshot -> Partition.ofStage(request, snapshot).parts()).orElse(Map.of());
    split.forEach(
        (region, items) -> {
          RegionStatus missing = items.isEmpty() ? RegionStatus.SKIPPED : RegionStatus.FAILED;
          RegionResult share =
              shares.getOrDefault(region, RegionResult.notCalled(region, missing, null));
          parts.put(region, share.withItems(items));
        });
    return parts;
  }

  /** What the stage knew when it decided, if it came that far. */
  private Optional<WorldSnapshot> snapshot() {
    for (HistoryEvent event : events) {
      if (event.getEventType() == EventType.EVENT_TYPE_MARKER_RECORDED
          && event.getMarkerRecordedEventAttributes().getMarkerName().equals(SIDE_EFFECT)) {
        return Optional.of(
            decode(
                event.getMarkerRecordedEventAttributes().getDetailsOrThrow("data"),
                WorldSnapshot.class));
      }
    }
    return Optional.empty();
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
