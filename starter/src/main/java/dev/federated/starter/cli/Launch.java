package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.StageOutcome;
import dev.federated.parsing.Problem;
import dev.federated.stage.TraceParent;
import dev.federated.starter.Execution;
import dev.federated.starter.WorkflowIdInUseException;
import dev.federated.starter.WorkflowIdPolicy;
import dev.federated.worker.tracing.CommandSpan;
import io.temporal.client.WorkflowFailedException;
import io.temporal.failure.CanceledFailure;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** Starts an execution, follows it, and turns its end into output and an exit code. */
final class Launch {
  /** Where tools that trace their commands put the trace. */
  private static final String TRACE_VARIABLE = "TRACEPARENT";

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
    return run(CommandSpan.under(callersTrace()), start, newId, kind);
  }

  /**
   * Runs it as a span of that name, which regions see as the one that all their work is for.
   *
   * @param name the subcommand and the id of the stage or pipeline
   * @param start starts under an id and a policy
   * @param newId makes the id if the caller gives none
   */
  <T> int run(String name, Starter<T> start, Supplier<String> newId, Kind<T> kind)
      throws InterruptedException {
    try (CommandSpan span =
        CommandSpan.start(context.traces(), name, kind.stage(), callersTrace())) {
      try {
        int exitCode = run(span, start, newId, kind);
        span.ended(exitCode);
        return exitCode;
      } catch (CommandException e) {
        span.ended(e.exitCode());
        throw e;
      }
    }
  }

  private <T> int run(CommandSpan span, Starter<T> start, Supplier<String> newId, Kind<T> kind)
      throws InterruptedException {
    if (options.detach()) {
      printIds(start(span, start, newId));
      return ExitCodes.SUCCEEDED;
    }
    // Listens before it starts anything, so that no interruption is lost.
    CompletableFuture<Void> interrupted = new CompletableFuture<>();
    Interruption.Registration registration =
        context.interruption().onInterrupt(() -> interrupted.complete(null));
    try (Progress progress = new Progress(session.client(), err, context.patience().live())) {
      Execution<T> execution = start(span, start, newId);
      err.println(
          "%s %s"
              .formatted(execution.attached() ? "attached to" : "started", execution.workflowId()));
      err.flush();
      progress.follow(execution.workflowId(), execution.runId(), kind.stage());
      CompletableFuture<T> result = execution.resultAsync();
      awaitWorker(execution, progress, CompletableFuture.anyOf(result, interrupted));
      CompletableFuture<Void> waiting = progress.waiting();
      endOf(CompletableFuture.anyOf(result, interrupted, waiting));
      if (!result.isDone() && !interrupted.isDone() && waiting.isDone()) {
        return new WaitingReport(session, output, out, err).print(execution);
      }
      if (!result.isDone() && options.leaveRunning()) {
        printIds(execution);
        return ExitCodes.INTERRUPTED;
      }
      if (!result.isDone()) {
        cancel(execution, result);
      }
      T ended = result(execution, result, kind);
      progress.finish();
      int exitCode = print(execution, ended, kind);
      return interrupted.isDone() ? ExitCodes.INTERRUPTED : exitCode;
    } finally {
      registration.close();
    }
  }

  /** Starts an execution. */
  @FunctionalInterface
  interface Starter<T> {
    /** Under that id. */
    Execution<T> start(String workflowId, WorkflowIdPolicy policy);
  }

  /** The trace of the caller, or null. */
  private @Nullable String callersTrace() {
    String trace = context.environment().get(TRACE_VARIABLE);
    if (trace == null || TraceParent.isValid(trace)) {
      return trace;
    }
    err.println("warning: %s is no trace parent and is not used".formatted(TRACE_VARIABLE));
    return null;
  }

  private <T> Execution<T> start(CommandSpan span, Starter<T> start, Supplier<String> newId) {
    String workflowId = options.workflowId() == null ? newId.get() : options.workflowId();
    WorkflowIdPolicy policy =
        options.rerun() ? WorkflowIdPolicy.RERUN : WorkflowIdPolicy.SAME_REQUEST_ATTACHES;
    if (span.traceParent() != null) {
      MDC.put(TraceParent.NAME, span.traceParent());
    }
    try {
      Execution<T> execution = start.start(workflowId, policy);
      span.started(execution.workflowId(), execution.runId());
      return execution;
    } catch (WorkflowIdInUseException e) {
      throw CommandException.badInput("--workflow-id", String.valueOf(e.getMessage()));
    } finally {
      MDC.remove(TraceParent.NAME);
    }
  }

  private void awaitWorker(
      Execution<?> execution, Progress progress, CompletableFuture<?> otherwise)
      throws InterruptedException {
    Duration patience = context.patience().forWorker();
    try {
      var unused =
          CompletableFuture.anyOf(progress.taken(), otherwise)
              .get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return;
    } catch (ExecutionException e) {
      // How it ended is asked for next.
      return;
    } catch (TimeoutException e) {
      if (FirstTask.taken(session.client(), execution)) {
        return;
      }
    }
    if (!execution.attached()) {
      execution.cancel();
    }
    throw stopped(
        ExitCodes.UNAVAILABLE,
        "NoWorker",
        execution,
        "no worker took workflow %s within %d s%s; start one with: federate worker --control"
            .formatted(
                execution.workflowId(),
                patience.toSeconds(),
                execution.attached() ? "" : ", so it was cancelled"));
  }

  /** Cancels after an interruption and gives the execution a while to tell its regions. */
  private void cancel(Execution<?> execution, CompletableFuture<?> result)
      throws InterruptedException {
    err.println("cancelling " + execution.workflowId());
    err.flush();
    execution.cancel();
    Duration patience = context.patience().forCancellation();
    try {
      var unused = result.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (cancelled(e.getCause())) {
        throw stopped(
            ExitCodes.INTERRUPTED,
            "Cancelled",
            execution,
            "workflow %s was cancelled".formatted(execution.workflowId()));
      }
    } catch (TimeoutException e) {
      throw stopped(
          ExitCodes.INTERRUPTED,
          "Cancelled",
          execution,
          "workflow %s was asked to stop and has not ended within %d s"
              .formatted(execution.workflowId(), patience.toSeconds()));
    }
  }

  private static void endOf(CompletableFuture<?> one) throws InterruptedException {
    try {
      var unused = one.get();
    } catch (ExecutionException e) {
      // How it ended is asked for next.
      return;
    }
  }

  private static <T> T result(Execution<T> execution, CompletableFuture<T> result, Kind<T> kind)
      throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException e) {
      RuntimeException cause =
          e.getCause() instanceof RuntimeException own ? own : new IllegalStateException(e);
      T failed = kind.failed().apply(cause);
      if (failed != null) {
        return failed;
      }
      throw ended(execution, cause);
    }
  }

  /** What is said of an execution that ended without a result. */
  private static RuntimeException ended(Execution<?> execution, RuntimeException e) {
    if (!(e instanceof WorkflowFailedException)) {
      return e;
    }
    if (cancelled(e)) {
      return stopped(
          ExitCodes.FAILED,
          "Cancelled",
          execution,
          "workflow %s was cancelled".formatted(execution.workflowId()));
    }
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return stopped(
        ExitCodes.FAILED,
        "WorkflowFailed",
        execution,
        "workflow %s ended without a result: %s"
            .formatted(execution.workflowId(), cause.getMessage()));
  }

  private static boolean cancelled(@Nullable Throwable e) {
    return e instanceof WorkflowFailedException && e.getCause() instanceof CanceledFailure;
  }

  private static CommandException stopped(
      int exitCode, String type, Execution<?> execution, String message) {
    return new CommandException(
        exitCode,
        type,
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
