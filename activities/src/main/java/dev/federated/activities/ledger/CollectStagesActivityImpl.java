package dev.federated.activities.ledger;

import dev.federated.ledger.CollectRequest;
import dev.federated.ledger.CollectStagesActivity;
import dev.federated.ledger.CollectedStages;
import dev.federated.ledger.ExecutionTotals;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionMetadata;
import io.temporal.failure.ApplicationFailure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * See {@link CollectStagesActivity}. What is counted is told by times of the server alone, so that
 * the clock of a worker does not matter.
 */
public final class CollectStagesActivityImpl implements CollectStagesActivity {
  /** A server may list an execution that long after it closed. */
  private static final Duration LISTED_LATE = Duration.ofSeconds(30);

  /** Executions of one collection, roughly; the rest is left for the next. */
  private static final long MOST_EXECUTIONS = 2_000;

  private static final Duration LEAST_WINDOW = Duration.ofSeconds(1);

  /** Enough of a run id to tell the runs of half a minute apart. */
  private static final int SHORT_ID = 13;

  private final Clock clock;

  /**
   * Counts the executions of its worker's namespace.
   *
   * @param clock bounds the time that is looked at; a day off does not matter
   */
  public CollectStagesActivityImpl(Clock clock) {
    this.clock = clock;
  }

  @Override
  public CollectedStages collect(CollectRequest request) {
    try {
      return new Collection(request).collect();
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      if (code == Status.Code.UNIMPLEMENTED || code == Status.Code.PERMISSION_DENIED) {
        throw ApplicationFailure.newNonRetryableFailureWithCause(
            "this Temporal server lists no closed workflows: " + code, NOT_LISTED, e);
      }
      throw e;
    }
  }

  /** One collection. */
  private final class Collection {
    private final ActivityExecutionContext context = Activity.getExecutionContext();
    private final WorkflowClient client = context.getWorkflowClient();
    private final ClosedStages stages = new ClosedStages(client);
    private final Instant since;
    private final Instant from;
    private final Set<String> counted;
    private final Map<String, Instant> closed = new LinkedHashMap<>();
    private final Map<String, ExecutionTotals> byRegion = new LinkedHashMap<>();
    private final Map<String, ExecutionTotals> byStage = new LinkedHashMap<>();

    Collection(CollectRequest request) {
      this.since = Instant.ofEpochMilli(request.since());
      this.from = since.equals(Instant.EPOCH) ? since : since.minus(LISTED_LATE);
      this.counted = new HashSet<>(request.seen());
    }

    CollectedStages collect() {
      Instant tomorrow = clock.instant().plus(Duration.ofDays(1));
      Instant end = tomorrow;
      while (Duration.between(since, end).compareTo(LEAST_WINDOW) > 0
          && client.countWorkflows(query(end)).getCount() > MOST_EXECUTIONS) {
        end = since.plus(Duration.between(since, end).dividedBy(2));
        context.heartbeat(null);
      }
      Instant latest = since;
      try (Stream<WorkflowExecutionMetadata> listed = client.listExecutions(query(end))) {
        for (Iterator<WorkflowExecutionMetadata> each = listed.iterator(); each.hasNext(); ) {
          WorkflowExecutionMetadata execution = each.next();
          Instant closedAt = execution.getCloseTime();
          latest = closedAt.isAfter(latest) ? closedAt : latest;
          String id = execution.getExecution().getRunId().substring(0, SHORT_ID);
          closed.put(id, closedAt);
          if (!counted.contains(id)) {
            stages.of(execution).forEach(this::count);
            context.heartbeat(null);
          }
        }
      }
      boolean more = end.isBefore(tomorrow);
      Instant until = more ? end : latest;
      List<String> late =
          closed.entrySet().stream()
              .filter(run -> !run.getValue().isBefore(until.minus(LISTED_LATE)))
              .map(Map.Entry::getKey)
              .toList();
      return new CollectedStages(byRegion, byStage, until.toEpochMilli(), late, more);
    }

    private String query(Instant end) {
      return "WorkflowType IN ('%s', '%s') AND CloseTime >= '%s' AND CloseTime < '%s'"
          .formatted(FederatedStageWorkflow.TYPE, PipelineWorkflow.TYPE, from, end);
    }

    private void count(FederatedStageResult stage) {
      StageExecutions.of(stage)
          .forEach(
              (region, executions) -> {
                byRegion.merge(region, executions, ExecutionTotals::plus);
                byStage.merge(stage.stageId(), executions, ExecutionTotals::plus);
              });
    }
  }
}
