package dev.federated.pipeline;

/**
 * A template cannot be resolved; the message names the template and what is missing or wrong. It
 * shows no values.
 */
public final class TemplateException extends Exception {
  private final boolean tooLarge;

  /** A template that is malformed or whose path is missing. */
  public TemplateException(String message) {
    this(message, false);
  }

  TemplateException(String message, boolean tooLarge) {
    super(message);
    this.tooLarge = tooLarge;
  }

  /** Whether the reason is the size of what would come out: failure type PayloadTooLarge. */
  public boolean tooLarge() {
    return tooLarge;
  }
}
