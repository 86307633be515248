package dev.federated.activities.reference;

/** An input that is a reference cannot be read. Its message shows no query of an address. */
public final class ReferenceException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean retryable;

  ReferenceException(String message, boolean retryable) {
    super(message);
    this.retryable = retryable;
  }

  /** Whether it may be there later. */
  public boolean retryable() {
    return retryable;
  }
}
