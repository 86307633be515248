package dev.federated.starter;

/** What an operator wants of a region cannot be done; nothing has changed. */
public final class OperationRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OperationRefusedException(String message) {
    super(message);
  }
}
