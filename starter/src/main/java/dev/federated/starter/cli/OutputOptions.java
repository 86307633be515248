package dev.federated.starter.cli;

import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** How a command prints. */
final class OutputOptions {
  private static final String SHORT = "-o";
  private static final String LONG = "--output";
  private static final String VERBOSE = "--verbose";

  @Option(
      names = {SHORT, LONG},
      paramLabel = "json|text",
      converter = OutputFormat.Converter.class,
      defaultValue = "text",
      description =
          "How to print (default: ${DEFAULT-VALUE}). With json, stdout holds"
              + " one JSON document and nothing else.")
  private OutputFormat format = OutputFormat.TEXT;

  @Option(
      names = VERBOSE,
      description = "More about what happens, and the stack trace of an unexpected error.")
  private boolean verbose;

  OutputFormat format() {
    return format;
  }

  boolean json() {
    return format == OutputFormat.JSON;
  }

  boolean verbose() {
    return verbose;
  }

  /** Whether these arguments ask for JSON, also when the rest of them cannot be parsed. */
  static boolean asksForJson(List<String> arguments) {
    for (int i = 0; i < arguments.size() && !arguments.get(i).equals("--"); i++) {
      String argument = arguments.get(i).toLowerCase(Locale.ROOT);
      boolean separate = argument.equals(SHORT) || argument.equals(LONG);
      if (separate && i + 1 < arguments.size() && arguments.get(i + 1).equalsIgnoreCase("json")) {
        return true;
      }
      if (argument.equals("-ojson")
          || argument.equals("-o=json")
          || argument.equals("--output=json")) {
        return true;
      }
    }
    return false;
  }

  /** Whether these arguments ask for details. */
  static boolean asksForDetails(List<String> arguments) {
    return arguments.contains(VERBOSE);
  }
}
