package dev.federated.starter;

/** A decision cannot be carried out; the stage is as it was. The message says what is possible. */
public final class DecisionRefusedException extends RuntimeException {
  DecisionRefusedException(String message, Throwable cause) {
    super(message, cause);
  }
}
