package dev.federated.starter.cli;

import dev.federated.activities.tracing.Tracing;
import dev.federated.starter.Execution;
import org.jspecify.annotations.Nullable;

/** The span of a command that starts an execution. Without an exit code it failed unexpectedly. */
final class LaunchSpan implements AutoCloseable {
  private final Tracing.Span span;
  private final @Nullable String traceParent;
  private boolean ended;

  private LaunchSpan(Tracing.Span span, @Nullable String traceParent) {
    this.span = span;
    this.traceParent = traceParent;
  }

  /** None of its own: what is started belongs under the caller's, if there is one. */
  static LaunchSpan under(@Nullable String callersTrace) {
    return new LaunchSpan(Tracing.Span.NONE, callersTrace);
  }

  /**
   * Begins it.
   *
   * @param name the subcommand and what it starts
   * @param stage the stage's id; null for a pipeline
   * @param callersTrace the trace parent of whoever calls the command, or null
   */
  static LaunchSpan start(
      Tracing tracing, String name, @Nullable String stage, @Nullable String callersTrace) {
    if (tracing == Tracing.NONE) {
      return under(callersTrace);
    }
    Tracing.Span span = tracing.start(Tracing.Kind.CLIENT, "federate " + name, callersTrace);
    span.set("process.pid", ProcessHandle.current().pid());
    if (stage != null) {
      span.set("federation.stage.id", stage);
    }
    String own = span.traceParent();
    return new LaunchSpan(span, own == null ? callersTrace : own);
  }

  /** The trace parent that the execution carries on, or null. */
  @Nullable String traceParent() {
    return traceParent;
  }

  /** It has started that, or found it running. */
  void started(Execution<?> execution) {
    if (span != Tracing.Span.NONE) {
      // As Temporal's own interceptors name them.
      span.set("temporalWorkflowID", execution.workflowId());
      span.set("temporalRunID", execution.runId());
    }
  }

  /** The command ends with that exit code. */
  void ended(int exitCode) {
    ended = true;
    span.set("process.exit.code", exitCode);
    if (exitCode != ExitCodes.SUCCEEDED) {
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
