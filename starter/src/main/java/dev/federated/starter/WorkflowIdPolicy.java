package dev.federated.starter;

/** What a start does when its workflow id has been used. */
public enum WorkflowIdPolicy {
  /**
   * The same request attaches to the execution, running or closed; another request is refused. A
   * start that is repeated after a crash of the caller therefore runs once.
   */
  SAME_REQUEST_ATTACHES,
  /** A closed execution makes room for a new one; a running one is refused. */
  RERUN
}
