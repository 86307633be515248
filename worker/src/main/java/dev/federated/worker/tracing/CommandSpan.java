package dev.federated.worker.tracing;

import dev.federated.activities.tracing.Tracing;
import org.jspecify.annotations.Nullable;

/** The span of a command that starts an execution. Without an exit code it failed unexpectedly. */
public final class CommandSpan implements AutoCloseable {
  private final Tracing.Span span;
  private final @Nullable String traceParent;
  private boolean ended;

  private CommandSpan(Tracing.Span span, @Nullable String traceParent) {
    this.span = span;
    this.traceParent = traceParent;
  }

  /** None of its own: what is started belongs under the caller's, if there is one. */
  public static CommandSpan under(@Nullable String callersTrace) {
    return new CommandSpan(Tracing.Span.NONE, callersTrace);
  }

  /**
   * Begins it.
   *
   * @param traces where it goes
   * @param name the subcommand and what it starts
   * @param stage the stage's id; null for a pipeline
   * @param callersTrace the trace parent of whoever calls the command, or null
   */
  public static CommandSpan start(
      TraceExport traces, String name, @Nullable String stage, @Nullable String callersTrace) {
    Tracing tracing = traces.tracing();
    if (tracing == Tracing.NONE) {
      return under(callersTrace);
    }
    Tracing.Span span = tracing.start(Tracing.Kind.CLIENT, "federate " + name, callersTrace);
    span.set("process.pid", ProcessHandle.current().pid());
    if (stage != null) {
      span.set("federation.stage.id", stage);
    }
    String own = span.traceParent();
    return new CommandSpan(span, own == null ? callersTrace : own);
  }

  /** The trace parent that the execution carries on, or null. */
  public @Nullable String traceParent() {
    return traceParent;
  }

  /** It has started that execution, or found it running. */
  public void started(String workflowId, String runId) {
    if (span != Tracing.Span.NONE) {
      // As Temporal's own interceptors name them.
      span.set("temporalWorkflowID", workflowId);
      span.set("temporalRunID", runId);
    }
  }

  /** The command ends with that exit code; any but 0 is an error. */
  public void ended(int exitCode) {
    ended = true;
    span.set("process.exit.code", exitCode);
    if (exitCode != 0) {
      span.failed(Integer.toString(exitCode));
    }
  }

  @Override
  public void close() {
    if (!ended) {
      span.failed("_OTHER");
    }
    span.close();
  }
}
