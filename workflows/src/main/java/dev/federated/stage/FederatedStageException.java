package dev.federated.stage;

/**
 * A federated stage failed; {@link #result()} says what each region did. Caught or not, it does not
 * block a workflow: the plugin turns one that leaves a workflow into a failed workflow.
 */
public final class FederatedStageException extends RuntimeException {
  private final transient FederatedStageResult result;

  /** With the record of the stage. */
  public FederatedStageException(FederatedStageResult result, Throwable cause) {
    super(
        "stage %s failed in workflow %s: %s"
            .formatted(
                result.stageId(),
                result.workflowId(),
                result.error() == null ? "no reason recorded" : result.error().message()),
        cause);
    this.result = result;
  }

  /** The record of the stage, with every region's result. */
  public FederatedStageResult result() {
    return result;
  }
}
