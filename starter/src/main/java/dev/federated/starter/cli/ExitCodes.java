package dev.federated.starter.cli;

/** What the process tells its caller. */
final class ExitCodes {
  /** The pipeline or stage succeeded, or the command did what it was asked. */
  static final int SUCCEEDED = 0;

  /** The pipeline or stage failed, or the command broke on something unexpected. */
  static final int FAILED = 1;

  /** Bad usage or input; nothing was started. */
  static final int BAD_INPUT = 2;

  /** Enough regions succeeded, some failed. */
  static final int PARTIAL = 3;

  /** A stage waits for the decision of an operator. */
  static final int WAITING = 4;

  /** No server or no worker. */
  static final int UNAVAILABLE = 5;

  /** SIGINT or SIGTERM. */
  static final int INTERRUPTED = 130;

  private ExitCodes() {}
}
