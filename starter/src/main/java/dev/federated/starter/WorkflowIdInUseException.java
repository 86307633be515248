package dev.federated.starter;

/** Another request, or a running execution, holds the workflow id; nothing was started. */
public final class WorkflowIdInUseException extends RuntimeException {
  private final String workflowId;

  WorkflowIdInUseException(String workflowId, String message) {
    super(message);
    this.workflowId = workflowId;
  }

  /** The id. */
  public String workflowId() {
    return workflowId;
  }
}
