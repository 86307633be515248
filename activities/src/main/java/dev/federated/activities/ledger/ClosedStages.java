package dev.federated.activities.ledger;

import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.enums.v1.HistoryEventFilterType;
import io.temporal.api.failure.v1.Failure;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionMetadata;
import io.temporal.common.converter.DataConverterException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the records of federated stages from executions that have closed. */
final class ClosedStages {
  private static final Logger log = LoggerFactory.getLogger(ClosedStages.class);

  private final WorkflowClient client;

  ClosedStages(WorkflowClient client) {
    this.client = client;
  }

  /**
   * The stages that the execution ran itself: one, or those that a pipeline ran inline. None for an
   * execution that left no record, such as one that was terminated.
   */
  List<FederatedStageResult> of(WorkflowExecutionMetadata execution) {
    boolean pipeline = execution.getWorkflowType().equals(PipelineWorkflow.TYPE);
    try {
      if (!pipeline) {
        FederatedStageResult stage =
            record(execution, FederatedStageResult.class, FederatedStageWorkflow.FAILED);
        return stage == null ? List.of() : List.of(stage);
      }
      PipelineResult result = record(execution, PipelineResult.class, PipelineWorkflow.FAILED);
      String runId = execution.getExecution().getRunId();
      return result == null
          ? List.of()
          : result.stages().values().stream()
              .map(report -> report.result())
              .filter(Objects::nonNull)
              .filter(stage -> stage.runId().equals(runId))
              .toList();
    } catch (DataConverterException e) {
      log.warn(
          "The record of {} cannot be read and is not counted: {}",
          execution.getExecution().getWorkflowId(),
          e.getMessage());
      return List.of();
    }
  }

  private <T> @Nullable T record(
      WorkflowExecutionMetadata execution, Class<T> type, String failureType) {
    T cancelled = execution.getMemo(FederatedStageWorkflow.RESULT_MEMO, type, type);
    if (cancelled != null) {
      return cancelled;
    }
    HistoryEvent close = closeEvent(execution);
    if (close.hasWorkflowExecutionCompletedEventAttributes()) {
      return decode(close.getWorkflowExecutionCompletedEventAttributes().getResult(), type);
    }
    Failure failure = close.getWorkflowExecutionFailedEventAttributes().getFailure();
    boolean ours = failure.getApplicationFailureInfo().getType().equals(failureType);
    return ours ? decode(failure.getApplicationFailureInfo().getDetails(), type) : null;
  }

  private HistoryEvent closeEvent(WorkflowExecutionMetadata execution) {
    List<HistoryEvent> events =
        client
            .getWorkflowServiceStubs()
            .blockingStub()
            .getWorkflowExecutionHistory(
                GetWorkflowExecutionHistoryRequest.newBuilder()
                    .setNamespace(client.getOptions().getNamespace())
                    .setExecution(execution.getExecution())
                    .setHistoryEventFilterType(
                        HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
                    .build())
            .getHistory()
            .getEventsList();
    return events.isEmpty() ? HistoryEvent.getDefaultInstance() : events.get(events.size() - 1);
  }

  private <T> T decode(Payloads payloads, Class<T> type) {
    return client
        .getOptions()
        .getDataConverter()
        .fromPayloads(0, Optional.of(payloads), type, type);
  }
}
