package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.federated.worker.document.DocumentReader;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * One run of the command line inside a test.
 *
 * @param exitCode the exit code
 * @param out what it wrote to stdout
 * @param err what it wrote to stderr
 */
record CommandRun(int exitCode, String out, String err) {
  static final JsonMapper MAPPER = new JsonMapper();

  static CommandRun of(
      Path workingDirectory, Map<String, String> environment, String... arguments) {
    return of(
        new CommandContext(
            environment,
            workingDirectory,
            new ByteArrayInputStream(new byte[0]),
            new Interruption(Duration.ofSeconds(1), code -> {})),
        arguments);
  }

  static CommandRun of(CommandContext context, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode =
        Federate.commandLine(context, arguments)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err, true))
            .execute(arguments);
    return new CommandRun(exitCode, out.toString(), err.toString());
  }

  static CommandRun of(String... arguments) {
    return of(Path.of(""), Map.of(), arguments);
  }

  /** The one JSON document on stdout. */
  JsonNode json() {
    return DocumentReader.json(out.getBytes(UTF_8), "stdout");
  }
}
