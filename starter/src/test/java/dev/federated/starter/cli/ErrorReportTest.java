package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.worker.document.DocumentReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class ErrorReportTest {
  private static final Problem PROBLEM =
      new Problem(
          "p.json",
          "stages[1].federation.strategy",
          DocumentReader.json("\"nearst\"".getBytes(UTF_8), "value"),
          "unknown strategy",
          List.of("nearest"));

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Command(name = "failing")
  private record Failing(RuntimeException failure, @Mixin OutputOptions output)
      implements Runnable {
    @Override
    public void run() {
      throw failure;
    }
  }

  @Test
  void unexpectedErrorIsExit1WithoutStackTrace() {
    assertThat(run(new IllegalStateException("broken"))).isEqualTo(ExitCodes.FAILED);
    assertThat(err.toString())
        .contains("error: IllegalStateException: broken")
        .contains("--verbose")
        .doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void unexpectedErrorIsOneJsonDocumentToo() {
    assertThat(run(new IllegalStateException("broken"), "-o", "json")).isEqualTo(ExitCodes.FAILED);
    assertThat(json().at("/error/type").asText()).isEqualTo("InternalError");
    assertThat(err.toString()).doesNotContain("\tat ");
  }

  @Test
  void stackTraceIsShownOnStderrWhenAskedFor() {
    run(new IllegalStateException("broken"), "-o=json", "--verbose");
    assertThat(err.toString()).contains("\tat ");
    assertThat(json().has("error")).isTrue();
  }

  @Test
  void invalidDocumentListsEveryProblem() {
    RuntimeException failure =
        new InvalidDocumentException(
            List.of(PROBLEM, new Problem("p.json", "id", null, "is required", List.of())));
    assertThat(run(failure)).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: p.json: stages[1].federation.strategy: unknown strategy (found \"nearst\");"
                + " did you mean nearest?\nerror: p.json: id: is required\n");
  }

  @Test
  void invalidDocumentAsJsonHasFilePathValueMessageAndSuggestions() {
    assertThat(run(new InvalidDocumentException(List.of(PROBLEM)), "-o", "json"))
        .isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(json().at("/error/type").asText()).isEqualTo("InvalidDocument");
    assertThat(json().at("/error/problems"))
        .isEqualTo(
            DocumentReader.json(
                """
                [{"file": "p.json", "path": "stages[1].federation.strategy", "value": "nearst",
                  "message": "unknown strategy", "suggestions": ["nearest"]}]"""
                    .getBytes(UTF_8),
                "expected"));
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void commandExceptionHasItsOwnExitCodeAndType() {
    RuntimeException failure =
        new CommandException(ExitCodes.UNAVAILABLE, "ServerUnavailable", "no server", List.of());
    assertThat(run(failure, "--output=json")).isEqualTo(ExitCodes.UNAVAILABLE);
    assertThat(json().at("/error/type").asText()).isEqualTo("ServerUnavailable");
    assertThat(json().at("/error/problems").isArray()).isTrue();
  }

  @Test
  void serverThatIsMissingIsExit5WithAProblem() {
    RuntimeException failure = new ServerUnavailableException("no server at a:1");
    assertThat(run(failure, "-o", "json")).isEqualTo(ExitCodes.UNAVAILABLE);
    assertThat(json().at("/error/type").asText()).isEqualTo("ServerUnavailable");
    assertThat(json().at("/error/problems/0/message").asText()).isEqualTo("no server at a:1");
  }

  private JsonNode json() {
    return DocumentReader.json(out.toString().getBytes(UTF_8), "stdout");
  }

  private int run(RuntimeException failure, String... arguments) {
    ErrorReport errors = new ErrorReport();
    return new CommandLine(new Failing(failure, new OutputOptions()))
        .setParameterExceptionHandler(errors)
        .setExecutionExceptionHandler(errors)
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }
}
