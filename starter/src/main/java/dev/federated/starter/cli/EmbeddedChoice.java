package dev.federated.starter.cli;

import java.util.Locale;

/** Which server a command brings along. */
enum EmbeddedChoice {
  /** The {@code temporal} command if it is on PATH, else the server inside the JVM. */
  AUTO,
  /** The server inside the JVM: nothing to install, not durable, no UI. */
  JVM,
  /** The {@code temporal} command: durable, with UI. */
  CLI;

  /** The name as it is typed. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the option. */
  static final class Converter extends WordConverter<EmbeddedChoice> {
    Converter() {
      super(EmbeddedChoice.class);
    }
  }
}
