package dev.federated.starter;

import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A stage or a pipeline that was started.
 *
 * @param <T> its result
 */
public final class Execution<T> {
  private final WorkflowStub stub;
  private final Class<T> resultType;
  private final Function<WorkflowFailedException, @Nullable RuntimeException> failure;
  private final boolean attached;

  Execution(
      WorkflowStub stub,
      Class<T> resultType,
      Function<WorkflowFailedException, @Nullable RuntimeException> failure,
      boolean attached) {
    this.stub = stub;
    this.resultType = resultType;
    this.failure = failure;
    this.attached = attached;
  }

  /** Its workflow id. */
  public String workflowId() {
    return stub.getExecution().getWorkflowId();
  }

  /** The run that was started; empty if it was found by its workflow id alone. */
  public String runId() {
    return stub.getExecution().getRunId();
  }

  /** Whether the execution was there before. */
  public boolean attached() {
    return attached;
  }

  /**
   * Waits for the end.
   *
   * @throws dev.federated.stage.FederatedStageException if it is a stage that failed
   * @throws PipelineFailedException if it is a pipeline that failed
   * @throws WorkflowFailedException if it was cancelled, terminated or timed out
   */
  public T result() {
    try {
      return stub.getResult(resultType);
    } catch (WorkflowFailedException e) {
      throw translated(e);
    }
  }

  /** As {@link #result()}, without waiting. */
  public CompletableFuture<T> resultAsync() {
    return stub.getResultAsync(resultType)
        .exceptionally(
            thrown -> {
              Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
              throw cause instanceof WorkflowFailedException failed
                  ? translated(failed)
                  : new CompletionException(cause);
            });
  }

  /** Asks it to stop; it tells its regions and then closes as cancelled. */
  public void cancel() {
    stub.cancel();
  }

  private RuntimeException translated(WorkflowFailedException e) {
    RuntimeException own = failure.apply(e);
    return own == null ? e : own;
  }
}
