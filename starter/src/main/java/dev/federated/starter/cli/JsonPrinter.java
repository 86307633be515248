package dev.federated.starter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;

/** Prints the one JSON document of a command. */
final class JsonPrinter {
  private static final JsonMapper MAPPER = new JsonMapper();

  private JsonPrinter() {}

  /** Prints a tree or record, indented, with a newline at the end. */
  static void print(PrintWriter out, Object value) {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    try {
      out.print(
          MAPPER
              .writer(new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines))
              .writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a result can be written as JSON", e);
    }
    out.print('\n');
    out.flush();
  }
}
