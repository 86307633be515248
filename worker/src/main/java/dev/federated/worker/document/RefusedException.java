package dev.federated.worker.document;

import com.fasterxml.jackson.core.JsonLocation;
import java.io.IOException;

/** A document is well-formed but holds something that is not accepted. */
final class RefusedException extends IOException {
  private final transient JsonLocation location;
  private final String reason;

  RefusedException(JsonLocation location, String reason) {
    super(reason);
    this.location = location;
    this.reason = reason;
  }

  JsonLocation location() {
    return location;
  }

  @Override
  public String getMessage() {
    return reason;
  }
}
