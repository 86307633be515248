package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.starter.FederationCoordinator;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.history.v1.ActivityTaskScheduledEventAttributes;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflow.v1.PendingActivityInfo;
import io.temporal.api.workflow.v1.PendingChildExecutionInfo;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.failure.TemporalFailure;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows a stage or pipeline that was started before: its result, or what it is doing. */
@Command(
    name = "show",
    description = "Shows the result of a stage or pipeline, or what it is doing.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class ShowCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(paramLabel = "ID", description = "The workflow id.")
  private String id = "";

  @Override
  public Integer call() {
    CommandContext context = Federate.contextOf(federate);
    try (ServerSession session =
        ServerSession.withoutWorkers(context, server, spec.commandLine().getErr())) {
      WorkflowExecutionDescription description = describe(session.client());
      boolean pipeline = description.getWorkflowType().equals(PipelineWorkflow.TYPE);
      if (!pipeline && !description.getWorkflowType().equals(FederatedStageWorkflow.TYPE)) {
        throw CommandException.badInput(
            "ID",
            "workflow %s is a %s, neither a stage nor a pipeline"
                .formatted(id, description.getWorkflowType()));
      }
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      if (description.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING) {
        printRunning(description, session.client());
      } else if (pipeline) {
        printClosed(coordinator.pipelineRecord(id), RunCommand.KIND, description);
      } else {
        printClosed(coordinator.stageRecord(id).orElse(null), StageCommand.kind(id), description);
      }
      return ExitCodes.SUCCEEDED;
    }
  }

  private WorkflowExecutionDescription describe(WorkflowClient client) {
    try {
      return client.newUntypedWorkflowStub(id).describe();
    } catch (WorkflowNotFoundException e) {
      throw CommandException.badInput(
          "ID",
          "there is no workflow %s in namespace %s"
              .formatted(id, client.getOptions().getNamespace()));
    }
  }

  private <T> void printClosed(
      @Nullable T result, Launch.Kind<T> kind, WorkflowExecutionDescription description) {
    if (result == null) {
      ObjectNode closed = head(description);
      print(closed, "%s %s, without a result".formatted(id, closed.path("status").asText()));
    } else if (output.json()) {
      JsonPrinter.print(spec.commandLine().getOut(), kind.json().apply(result));
    } else {
      spec.commandLine().getOut().print(kind.text().apply(result));
    }
  }

  private void printRunning(WorkflowExecutionDescription description, WorkflowClient client) {
    Map<String, String> regions = regions(description, client);
    ObjectNode running = head(description);
    StringBuilder text = new StringBuilder("%s running".formatted(id));
    ArrayNode runningIn = running.putArray("running_in");
    for (PendingActivityInfo activity :
        description.getRawDescription().getPendingActivitiesList()) {
      String region = regions.get(activity.getActivityId());
      String failure = lastFailure(activity, client);
      runningIn
          .addObject()
          .put("region", region)
          .put("attempt", activity.getAttempt())
          .put("last_failure", failure.isEmpty() ? null : failure);
      text.append(
          "%n  %s attempt %d %s"
              .formatted(region == null ? "here" : region, activity.getAttempt(), failure));
    }
    ArrayNode stages = running.putArray("stages");
    for (PendingChildExecutionInfo child :
        description.getRawDescription().getPendingChildrenList()) {
      stages.add(child.getWorkflowId());
      text.append("%n  stage %s".formatted(child.getWorkflowId()));
    }
    print(running, text.toString());
  }

  /** What the last attempt said, empty if there was none. */
  private static String lastFailure(PendingActivityInfo activity, WorkflowClient client) {
    if (!activity.hasLastFailure()) {
      return "";
    }
    RuntimeException failure =
        client.getOptions().getDataConverter().failureToException(activity.getLastFailure());
    return failure instanceof TemporalFailure temporal
        ? temporal.getOriginalMessage()
        : String.valueOf(failure.getMessage());
  }

  /** The regions of activities by activity id; the history tells them on every server. */
  private Map<String, String> regions(
      WorkflowExecutionDescription description, WorkflowClient client) {
    Map<String, String> regions = new HashMap<>();
    if (description.getRawDescription().getPendingActivitiesCount() == 0) {
      return regions;
    }
    for (HistoryEvent event : client.fetchHistory(id).getEvents()) {
      ActivityTaskScheduledEventAttributes activity =
          event.getActivityTaskScheduledEventAttributes();
      String region = FederatedQueues.regionOf(activity.getTaskQueue().getName());
      if (region != null) {
        regions.put(activity.getActivityId(), region);
      }
    }
    return regions;
  }

  private ObjectNode head(WorkflowExecutionDescription description) {
    String status = description.getStatus().name().replace("WORKFLOW_EXECUTION_STATUS_", "");
    return JsonNodeFactory.instance
        .objectNode()
        .put("workflow_id", id)
        .put("run_id", description.getExecution().getRunId())
        .put("status", status.toLowerCase(Locale.ROOT))
        .put("started_at", description.getStartTime().toString());
  }

  private void print(ObjectNode json, String text) {
    if (output.json()) {
      JsonPrinter.print(spec.commandLine().getOut(), json);
    } else {
      spec.commandLine().getOut().println(text);
    }
  }
}
