package dev.federated.starter.cli;

import dev.federated.parsing.Problem;
import java.util.List;

/** A command ends early, with an exit code and a message for people. */
final class CommandException extends RuntimeException {
  private final int exitCode;
  private final String type;
  private final transient List<Problem> problems;

  CommandException(int exitCode, String type, String message, List<Problem> problems) {
    super(message);
    this.exitCode = exitCode;
    this.type = type;
    this.problems = List.copyOf(problems);
  }

  /** Bad usage or input: exit 2. */
  static CommandException badInput(String option, String message) {
    return new CommandException(
        ExitCodes.BAD_INPUT,
        ErrorReport.INVALID_USAGE,
        option + ": " + message,
        List.of(new Problem(ErrorReport.COMMAND_LINE, option, null, message, List.of())));
  }

  /** No control worker answered in time: exit 5. */
  static CommandException noWorker(String message) {
    return new CommandException(
        ExitCodes.UNAVAILABLE,
        "NoWorker",
        message,
        List.of(new Problem("server", "", null, message, List.of())));
  }

  int exitCode() {
    return exitCode;
  }

  /** The error's type in printed JSON. */
  String type() {
    return type;
  }

  List<Problem> problems() {
    return problems;
  }
}
