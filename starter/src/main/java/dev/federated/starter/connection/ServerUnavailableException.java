package dev.federated.starter.connection;

/**
 * There is no Temporal server that can be used. The message says where one was looked for and what
 * to do; nothing was started.
 */
public final class ServerUnavailableException extends RuntimeException {
  /** With a message for people. */
  public ServerUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }

  /** With a message for people. */
  public ServerUnavailableException(String message) {
    super(message);
  }
}
