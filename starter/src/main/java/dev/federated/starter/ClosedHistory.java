package dev.federated.starter;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.ItemRanges;
import dev.federated.model.Redrive;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.pipeline.ComponentResponse;
import dev.federated.pipeline.ExecuteComponentActivity;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineGraph;
import dev.federated.pipeline.PipelineRedrive;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.StageDefinition;
import dev.federated.pipeline.StageReport;
import dev.federated.routing.Partition;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.Federation;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.ActivityTaskScheduledEventAttributes;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the history of a closed execution says beside its result. */
final class ClosedHistory {
  private static final RegionError STOPPED =
      RegionError.of(FailureType.CANCELLED, "it was stopped and left no record but its history");
  private static final String SIDE_EFFECT = "SideEffect";

  private final WorkflowClient client;
  private final String workflowId;
  private final List<HistoryEvent> events;

  private ClosedHistory(WorkflowClient client, String workflowId, List<HistoryEvent> events) {
    this.client = client;
    this.workflowId = workflowId;
    this.events = events;
  }

  static ClosedHistory of(WorkflowClient client, String workflowId) {
    return new ClosedHistory(client, workflowId, client.fetchHistory(workflowId).getEvents());
  }

  /** The run that is described. */
  String runId() {
    return events.get(0).getWorkflowExecutionStartedEventAttributes().getOriginalExecutionRunId();
  }

  /** What it was started with. */
  <T> T input(Class<T> type) {
    return decode(events.get(0).getWorkflowExecutionStartedEventAttributes().getInput(), type);
  }

  /** The record of a stage that ended without one: the shares that succeeded. */
  FederatedStageResult stage() {
    StageRequest request = input(StageRequest.class);
    Redrive earlier = request.redrive();
    Map<String, RegionResult> shares =
        new LinkedHashMap<>(earlier == null ? Map.of() : earlier.shares());
    boolean split = shares.values().stream().anyMatch(share -> share.items() != null);
    for (RegionResult share : shares(request.stageId()).values()) {
      RegionResult before = shares.get(share.region());
      shares.put(share.region(), before == null ? share : share.withItems(before.items()));
    }
    return stage(request.stageId(), request.federation(), split ? shares : parts(request, shares));
  }

  /**
   * The record of a pipeline that ended without one. Stages that are children and did not end
   * before it stand as cancelled, without a result.
   */
  PipelineResult pipeline() {
    PipelineRequest request = input(PipelineRequest.class);
    PipelineDefinition pipeline = request.pipeline();
    Map<String, StageReport> done = children();
    done.putAll(components());
    for (StageDefinition stage : pipeline.stages()) {
      Map<String, RegionResult> shares = shares(stage.id());
      if (stage.federation() != null && !shares.isEmpty()) {
        done.put(stage.id(), StageReport.cancelled(stage(stage.id(), stage.federation(), shares)));
      }
    }
    Map<String, StageReport> reports = new LinkedHashMap<>();
    double cost = 0;
    long tokens = 0;
    for (StageDefinition stage : pipeline.stages()) {
      StageReport report = done.get(stage.id());
      if (report == null) {
        report = notRun(stage, pipeline, request.redrive(), done);
      }
      reports.put(stage.id(), report);
      cost += report.cost();
      tokens += report.tokensUsed();
    }
    return new PipelineResult(
        pipeline.id(),
        StageOutcome.FAILED,
        pipeline.outputStageId() == null
            ? PipelineGraph.of(pipeline.stages()).sinks()
            : List.of(pipeline.outputStageId()),
        STOPPED,
        List.of(),
        reports,
        cost,
        tokens,
        0,
        workflowId,
        runId(),
        request.redrive() == null ? null : request.redrive().workflowId(),
        request.redrive() == null ? null : request.redrive().keyRoot());
  }

  /** What an earlier execution did of a stage that this one did not run, if that still holds. */
  private static StageReport notRun(
      StageDefinition stage,
      PipelineDefinition pipeline,
      @Nullable PipelineRedrive redrive,
      Map<String, StageReport> done) {
    StageReport earlier = redrive == null ? null : redrive.stages().get(stage.id());
    return earlier == null || followsOne(stage, pipeline, done)
        ? StageReport.skipped("the pipeline was stopped")
        : earlier;
  }

  /** Whether a stage depends, however far, on one of these. */
  private static boolean followsOne(
      StageDefinition stage, PipelineDefinition pipeline, Map<String, StageReport> these) {
    return pipeline.stages().stream()
        .filter(other -> stage.dependsOn().contains(other.id()))
        .anyMatch(other -> these.containsKey(other.id()) || followsOne(other, pipeline, these));
  }

  /** What is known of the stages that are children, by stage. */
  private Map<String, StageReport> children() {
    Map<String, StageReport> reports = new HashMap<>();
    Map<Long, String> stages = new HashMap<>();
    for (HistoryEvent event : events) {
      if (event.hasStartChildWorkflowExecutionInitiatedEventAttributes()) {
        var child = event.getStartChildWorkflowExecutionInitiatedEventAttributes();
        if (child.getWorkflowType().getName().equals(FederatedStageWorkflow.TYPE)) {
          String stage = decode(child.getInput(), StageRequest.class).stageId();
          stages.put(event.getEventId(), stage);
          reports.put(stage, StageReport.cancelled(null));
        }
      } else if (event.hasChildWorkflowExecutionCompletedEventAttributes()) {
        var child = event.getChildWorkflowExecutionCompletedEventAttributes();
        String stage = stages.get(child.getInitiatedEventId());
        if (stage != null) {
          reports.put(
              stage, StageReport.federated(decode(child.getResult(), FederatedStageResult.class)));
        }
      } else if (event.hasChildWorkflowExecutionFailedEventAttributes()) {
        var child = event.getChildWorkflowExecutionFailedEventAttributes();
        String stage = stages.get(child.getInitiatedEventId());
        FederatedStageResult result =
            Federation.resultOf(
                client.getOptions().getDataConverter().failureToException(child.getFailure()));
        if (stage != null && result != null) {
          reports.put(stage, StageReport.federated(result));
        }
      }
    }
    return reports;
  }

  /** What is known of the stages that ran locally, by stage. */
  private Map<String, StageReport> components() {
    Map<String, StageReport> reports = new HashMap<>();
    activities(ExecuteComponentActivity.EXECUTE_COMPONENT)
        .forEach(
            (scheduled, completed) -> {
              ComponentRequest request = decode(scheduled.getInput(), ComponentRequest.class);
              ComponentResponse response =
                  completed == null ? null : decode(completed, ComponentResponse.class);
              reports.put(
                  request.stageId(),
                  response == null ? StageReport.cancelled(null) : StageReport.local(response));
            });
    return reports;
  }

  /** The shares of a stage that succeeded in this execution. */
  private Map<String, RegionResult> shares(String stageId) {
    Map<String, RegionResult> shares = new LinkedHashMap<>();
    activities(RemoteExecuteActivity.REMOTE_EXECUTE)
        .forEach(
            (scheduled, completed) -> {
              RemoteRequest request = decode(scheduled.getInput(), RemoteRequest.class);
              if (completed != null && request.stageId().equals(stageId)) {
                String share = request.share() == null ? request.region() : request.share();
                shares.put(share, result(share, request, decode(completed, RemoteResponse.class)));
              }
            });
    return shares;
  }

  /** Activities of a type, with the result of those that completed, in the order of the history. */
  private Map<ActivityTaskScheduledEventAttributes, @Nullable Payloads> activities(String type) {
    Map<Long, ActivityTaskScheduledEventAttributes> scheduled = new HashMap<>();
    Map<ActivityTaskScheduledEventAttributes, @Nullable Payloads> activities =
        new LinkedHashMap<>();
    for (HistoryEvent event : events) {
      if (event.getEventType() == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
          && event
              .getActivityTaskScheduledEventAttributes()
              .getActivityType()
              .getName()
              .equals(type)) {
        scheduled.put(event.getEventId(), event.getActivityTaskScheduledEventAttributes());
        activities.put(event.getActivityTaskScheduledEventAttributes(), null);
      } else if (event.getEventType() == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) {
        var completed = event.getActivityTaskCompletedEventAttributes();
        ActivityTaskScheduledEventAttributes activity =
            scheduled.get(completed.getScheduledEventId());
        if (activity != null) {
          activities.put(activity, completed.getResult());
        }
      }
    }
    return activities;
  }

  private FederatedStageResult stage(
      String stageId, FederatedStageConfig block, Map<String, RegionResult> shares) {
    List<String> succeeded =
        shares.values().stream()
            .filter(share -> share.status() == RegionStatus.SUCCEEDED)
            .map(RegionResult::region)
            .toList();
    return new FederatedStageResult(
        stageId,
        StageOutcome.FAILED,
        block.strategy() == null ? FederationStrategy.PARALLEL : block.strategy(),
        block.aggregation() == null ? AggregationStrategy.MERGE : block.aggregation(),
        null,
        null,
        null,
        STOPPED,
        List.of(),
        false,
        succeeded,
        List.of(),
        shares,
        List.of(),
        shares.values().stream().mapToDouble(RegionResult::cost).sum(),
        shares.values().stream().mapToLong(RegionResult::tokensUsed).sum(),
        0,
        workflowId,
        runId(),
        null,
        null,
        null,
        null);
  }

  /**
   * How a stage that ended without a record split its array: every part under its region, with what
   * is known of it. The shares themselves where nothing was split.
   */
  private Map<String, RegionResult> parts(StageRequest request, Map<String, RegionResult> shares) {
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
  Optional<WorldSnapshot> snapshot() {
    return events.stream()
        .filter(ClosedHistory::isSideEffect)
        .findFirst()
        .map(event -> sideEffect(event, WorldSnapshot.class));
  }

  /** What the stages knew when they decided that a pipeline ran inline, in no order of theirs. */
  List<WorldSnapshot> snapshots() {
    return events.stream()
        .filter(ClosedHistory::isSideEffect)
        // A side effect may also have recorded whether somebody polls a queue.
        .filter(event -> sideEffect(event, JsonNode.class).isObject())
        .map(event -> sideEffect(event, WorldSnapshot.class))
        .toList();
  }

  private static boolean isSideEffect(HistoryEvent event) {
    return event.getEventType() == EventType.EVENT_TYPE_MARKER_RECORDED
        && event.getMarkerRecordedEventAttributes().getMarkerName().equals(SIDE_EFFECT);
  }

  private <T> T sideEffect(HistoryEvent event, Class<T> type) {
    return decode(event.getMarkerRecordedEventAttributes().getDetailsOrThrow("data"), type);
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
