package dev.federated.starter.cli;

import java.util.Locale;

/** How a command prints its result. */
enum OutputFormat {
  /** For people. */
  TEXT,
  /** One JSON document. */
  JSON;

  /** The name as it is typed. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the option. */
  static final class Converter extends WordConverter<OutputFormat> {
    Converter() {
      super(OutputFormat.class);
    }
  }
}
