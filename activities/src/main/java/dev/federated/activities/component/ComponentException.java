package dev.federated.activities.component;

import dev.federated.model.FailureType;
import org.jspecify.annotations.Nullable;

/** A component could not do its work. */
public final class ComponentException extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailureType type;
  private final boolean retryable;

  /**
   * A failure of the component itself.
   *
   * @param message what, where, which value and what to do; resolved secrets are masked by the
   *     executor
   * @param retryable whether the same execution may succeed later
   */
  public ComponentException(String message, boolean retryable) {
    this(FailureType.COMPONENT_FAILED, message, retryable, null);
  }

  /** A failure of the component itself, with what caused it for the log of this process. */
  public ComponentException(String message, boolean retryable, Throwable cause) {
    this(FailureType.COMPONENT_FAILED, message, retryable, cause);
  }

  private ComponentException(
      FailureType type, String message, boolean retryable, @Nullable Throwable cause) {
    super(message, cause);
    this.type = type;
    this.retryable = retryable;
  }

  /** The output is larger than it may be; not retryable. */
  public static ComponentException tooLarge(String message) {
    return new ComponentException(FailureType.RESPONSE_TOO_LARGE, message, false, null);
  }

  /** The same failure with another message and without its cause, whose text is not masked. */
  ComponentException withMessage(String message) {
    ComponentException copy = new ComponentException(type, message, retryable, null);
    copy.setStackTrace(getStackTrace());
    return copy;
  }

  /** {@link FailureType#COMPONENT_FAILED} or {@link FailureType#RESPONSE_TOO_LARGE}. */
  public FailureType type() {
    return type;
  }

  /** Whether the same execution may succeed later. */
  public boolean retryable() {
    return retryable;
  }

  /** The message, which is never null. */
  @Override
  public String getMessage() {
    String message = super.getMessage();
    return message == null ? "" : message;
  }
}
