package dev.federated.starter.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** The line with which a serving command says that it takes work, and where. */
final class Ready {
  private final Map<String, String> addresses = new LinkedHashMap<>();

  void put(String name, String value) {
    addresses.put(name, value);
  }

  /** One line that begins with {@code ready}, or one JSON document. */
  void print(PrintWriter out, OutputOptions output) {
    if (output.json()) {
      JsonPrinter.print(out, Map.of("ready", addresses));
      return;
    }
    StringBuilder line = new StringBuilder("ready:");
    addresses.forEach((name, value) -> line.append(' ').append(name).append('=').append(value));
    out.println(line);
    out.flush();
  }
}
