package dev.federated.claimcheck;

import io.temporal.common.converter.DataConverterException;
import org.jspecify.annotations.Nullable;

/** What a history refers to cannot be read from the store, or cannot be put there. */
public final class LargeDataException extends DataConverterException {
  private static final long serialVersionUID = 1L;

  /**
   * With a message that says which blob of which store, and what to do.
   *
   * @param cause what the store said, or null
   */
  LargeDataException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
