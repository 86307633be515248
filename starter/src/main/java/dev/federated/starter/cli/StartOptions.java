package dev.federated.starter.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a pipeline or stage is started and followed. */
final class StartOptions {
  /**
   * The longest workflow id: Temporal takes 1000 characters, and a stage of a pipeline adds its own
   * id of up to 100 and a colon.
   */
  private static final int LONGEST_ID = 800;

  @Option(
      names = "--workflow-id",
      paramLabel = "ID",
      description =
          "The workflow's id; makes the start idempotent: it attaches to a running one and prints"
              + " the stored result of a closed one.")
  private @Nullable String workflowId;

  @Option(names = "--rerun", description = "With --workflow-id: start anew although it is closed.")
  private boolean rerun;

  @Option(names = "--detach", description = "Print the ids and do not wait for the result.")
  private boolean detach;

  @Option(
      names = "--leave-running",
      description = "When interrupted, let go of the workflow and do not cancel it.")
  private boolean leaveRunning;

  @Nullable String workflowId() {
    return workflowId;
  }

  boolean rerun() {
    return rerun;
  }

  boolean detach() {
    return detach;
  }

  boolean leaveRunning() {
    return leaveRunning;
  }

  /** Follows an execution with every default. */
  static StartOptions following() {
    return new StartOptions();
  }

  /** Refuses combinations that cannot be meant, before anything starts. */
  void check(ServerOptions server) {
    if (rerun && workflowId == null) {
      throw CommandException.badInput("--rerun", "goes with --workflow-id");
    }
    if (workflowId != null && (workflowId.isBlank() || workflowId.length() > LONGEST_ID)) {
      throw CommandException.badInput(
          "--workflow-id", "must not be empty nor longer than %d characters".formatted(LONGEST_ID));
    }
    if (detach && server.embedded() != null) {
      throw CommandException.badInput("--detach", DETACHED);
    }
  }

  /** Refuses to detach from a server that would end with this command, before it is started. */
  void checkBringsServer() {
    if (detach) {
      throw CommandException.badInput("--detach", DETACHED);
    }
  }

  private static final String DETACHED =
      "needs a server that outlives this command; start one with 'federate dev', or set"
          + " TEMPORAL_ADDRESS";
}
