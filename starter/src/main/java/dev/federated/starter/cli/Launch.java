package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.StageOutcome;
import dev.federated.parsing.Problem;
import dev.federated.starter.Execution;
import dev.federated.starter.WorkflowIdInUseException;
import dev.federated.starter.WorkflowIdPolicy;
import io.temporal.client.WorkflowFailedException;
import io.temporal.failure.CanceledFailure;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Starts an execution, follows it, and turns its end into output and an exit code. */
final class Launch {
  /** How long a worker may take to pick an execution up: 30 s. */
  private static final Duration LONGEST_WAIT_FOR_WORKER = Duration.ofSeconds(30);

  private final CommandContext context;
  private final ServerSession session;
  private final StartOptions options;
  private final OutputOptions output;
  private final PrintWriter out;
  private final PrintWriter err;

  Launch(
      CommandContext context,
      ServerSession session,
      StartOptions options,
      OutputOptions output,
      PrintWriter out,
      PrintWriter err) {
    this.context = context;
    this.session = session;
    this.options = options;
    this.output = output;
    this.out = out;
    this.err = err;
  }

  /**
   * How results of one kind are read and shown.
   *
   * @param <T> the result
   * @param failed the result in the exception of an execution that failed, or null
   * @param json the printed JSON
   * @param text the account for people
   * @param outcome how it ended
   * @param stage the stage's id; null for a pipeline
   */
  record Kind<T>(
      Function<RuntimeException, @Nullable T> failed,
      Function<T, ObjectNode> json,
      Function<T, String> text,
      Function<T, StageOutcome> outcome,
      @Nullable String stage) {}

  /**
   * Runs it.
   *
   * @param start starts under an id and a policy
   * @param newId makes the id if the caller gives none
   */
  <T> int run(Starter<T> start, Supplier<String> newId, Kind<T> kind) throws InterruptedException {
    Execution<T> execution = start(start, newId);
    if (options.detach()) {
      printIds(execution);
      return ExitCodes.SUCCEEDED;
    }
    err.println(
        "%s %s"
            .formatted(execution.attached() ? "attached to" : "started", execution.workflowId()));
    err.flush();
    Progress progress = new Progress(session.client(), err);
    Interruption.Registration interruption =
        context
            .interruption()
            .onInterrupt(options.leaveRunning() ? progress::close : execution::cancel);
    try (progress) {
      progress.follow(execution.workflowId(), execution.runId(), kind.stage());
      awaitWorker(execution, progress);
      T result = result(execution, kind);
      progress.finish();
      return print(execution, result, kind);
    } finally {
      interruption.close();
    }
  }

  /** Starts an execution. */
  @FunctionalInterface
  interface Starter<T> {
    /** Under that id. */
    Execution<T> start(String workflowId, WorkflowIdPolicy policy);
  }

  private <T> Execution<T> start(Starter<T> start, Supplier<String> newId) {
    String workflowId = options.workflowId() == null ? newId.get() : options.workflowId();
    WorkflowIdPolicy policy =
        options.rerun() ? WorkflowIdPolicy.RERUN : WorkflowIdPolicy.SAME_REQUEST_ATTACHES;
    try {
      return start.start(workflowId, policy);
    } catch (WorkflowIdInUseException e) {
      throw CommandException.badInput("--workflow-id", String.valueOf(e.getMessage()));
    }
  }

  private <T> void awaitWorker(Execution<T> execution, Progress progress)
      throws InterruptedException {
    if (execution.attached() || progress.awaitTaken(LONGEST_WAIT_FOR_WORKER)) {
      return;
    }
    execution.cancel();
    String message =
        "no worker took workflow %s within %d s, so it was cancelled; start one with: federate worker --control"
            .formatted(execution.workflowId(), LONGEST_WAIT_FOR_WORKER.toSeconds());
    throw new CommandException(
        ExitCodes.UNAVAILABLE,
        "NoWorker",
        message,
        List.of(new Problem("server", execution.workflowId(), null, message, List.of())));
  }

  private static <T> T result(Execution<T> execution, Kind<T> kind) {
    try {
      return execution.result();
    } catch (RuntimeException e) {
      T failed = kind.failed().apply(e);
      if (failed != null) {
        return failed;
      }
      throw ended(execution, e);
    }
  }

  /** What is said of an execution that ended without a result. */
  private static RuntimeException ended(Execution<?> execution, RuntimeException e) {
    if (!(e instanceof WorkflowFailedException)) {
      return e;
    }
    boolean cancelled = e.getCause() instanceof CanceledFailure;
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String message =
        cancelled
            ? "workflow %s was cancelled".formatted(execution.workflowId())
            : "workflow %s ended without a result: %s"
                .formatted(execution.workflowId(), cause.getMessage());
    return new CommandException(
        ExitCodes.FAILED,
        cancelled ? "Cancelled" : "WorkflowFailed",
        message,
        List.of(new Problem("workflow", execution.workflowId(), null, message, List.of())));
  }

  private void printIds(Execution<?> execution) {
    if (output.json()) {
      ObjectNode ids = JsonNodeFactory.instance.objectNode();
      ids.put("workflow_id", execution.workflowId()).put("run_id", execution.runId());
      JsonPrinter.print(out, ids);
    } else {
      out.println(execution.workflowId());
      out.flush();
    }
  }

  private <T> int print(Execution<T> execution, T result, Kind<T> kind) {
    if (output.json()) {
      JsonPrinter.print(out, kind.json().apply(result));
    } else {
      out.print(kind.text().apply(result));
      out.flush();
    }
    StageOutcome outcome = kind.outcome().apply(result);
    err.println("%s %s".formatted(execution.workflowId(), outcome.wireName()));
    err.flush();
    return exitCode(outcome);
  }

  static int exitCode(StageOutcome outcome) {
    return switch (outcome) {
      case SUCCEEDED -> ExitCodes.SUCCEEDED;
      case PARTIAL -> ExitCodes.PARTIAL;
      case FAILED -> ExitCodes.FAILED;
    };
  }
}
