package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.claimcheck.LargeData;
import dev.federated.claimcheck.LargeDataException;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.encryption.UnknownEncryptionKeyException;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.NearestNames;
import dev.federated.parsing.Problem;
import dev.federated.starter.connection.ServerUnavailableException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.common.converter.DataConverterException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Prints what went wrong: with {@code -o json} as {@code {"error": {"type", "message",
 * "problems"}}} on stdout, else as text on stderr. A stack trace is printed on stderr with {@code
 * --verbose} only.
 */
final class ErrorReport
    implements CommandLine.IParameterExceptionHandler, CommandLine.IExecutionExceptionHandler {
  /** Type of an error in the arguments. */
  static final String INVALID_USAGE = "InvalidUsage";

  /** Type of an error in a file or input. */
  static final String INVALID_DOCUMENT = "InvalidDocument";

  /** Type of an error when there is no Temporal server. */
  static final String SERVER_UNAVAILABLE = "ServerUnavailable";

  /** Type of an error that is a fault of this program. */
  static final String INTERNAL_ERROR = "InternalError";

  /** What problems of the arguments call their file. */
  static final String COMMAND_LINE = "command line";

  @Override
  public int handleParseException(ParameterException exception, String[] arguments) {
    List<String> given = List.of(arguments);
    if (exception.getCause() instanceof InvalidDocumentException invalid) {
      return handle(invalid, exception.getCommandLine(), given);
    }
    CommandLine command = exception.getCommandLine();
    Problem problem = usageProblem(exception);
    String message =
        problem.suggestions().isEmpty()
            ? problem.message()
            : "%s; did you mean %s?"
                .formatted(problem.message(), String.join(" or ", problem.suggestions()));
    if (OutputOptions.asksForJson(given)) {
      print(command, INVALID_USAGE, message, List.of(problem));
    } else {
      command.getErr().println("error: " + message);
      command
          .getErr()
          .println("See '%s --help'.".formatted(command.getCommandSpec().qualifiedName()));
      command.getErr().flush();
    }
    return ExitCodes.BAD_INPUT;
  }

  @Override
  public int handleExecutionException(
      Exception exception, CommandLine command, @Nullable ParseResult parsed) {
    List<String> given = parsed == null ? List.of() : parsed.originalArgs();
    return handle(exception, command, given);
  }

  private static int handle(Exception exception, CommandLine command, List<String> given) {
    int exitCode = ExitCodes.FAILED;
    String type = INTERNAL_ERROR;
    String message = exception.getClass().getSimpleName() + ": " + exception.getMessage();
    List<Problem> problems = List.of();
    if (exception instanceof InvalidDocumentException invalid) {
      exitCode = ExitCodes.BAD_INPUT;
      type = INVALID_DOCUMENT;
      message = String.valueOf(invalid.getMessage());
      problems = invalid.problems();
    } else if (exception instanceof CommandException refused) {
      exitCode = refused.exitCode();
      type = refused.type();
      message = String.valueOf(refused.getMessage());
      problems = refused.problems();
    } else if (exception instanceof ServerUnavailableException unavailable) {
      exitCode = ExitCodes.UNAVAILABLE;
      type = SERVER_UNAVAILABLE;
      message = String.valueOf(unavailable.getMessage());
      problems = List.of(new Problem("server", "", null, message, List.of()));
    }
    DataConverterException unreadable = type.equals(INTERNAL_ERROR) ? unreadable(exception) : null;
    if (unreadable != null) {
      exitCode = ExitCodes.BAD_INPUT;
      type = INVALID_DOCUMENT;
      message = String.valueOf(unreadable.getMessage());
      String variable =
          unreadable instanceof LargeDataException ? LargeData.VARIABLE : EncryptionKeys.VARIABLE;
      problems = List.of(new Problem(variable, "", null, message, List.of()));
    }
    Status refused = exitCode == ExitCodes.FAILED ? status(exception) : null;
    if (refused != null && type.equals(INTERNAL_ERROR)) {
      exitCode = ExitCodes.UNAVAILABLE;
      type = SERVER_UNAVAILABLE;
      message =
          "the Temporal server did not do what it was asked: %s%s"
              .formatted(
                  refused.getCode(),
                  refused.getDescription() == null ? "" : ", " + refused.getDescription());
      problems = List.of(new Problem("server", "", null, message, List.of()));
    }
    if (OutputOptions.asksForJson(given)) {
      print(command, type, message, problems);
    } else {
      message.lines().forEach(line -> command.getErr().println("error: " + line));
    }
    if (OutputOptions.asksForDetails(given)) {
      exception.printStackTrace(command.getErr());
    } else if (type.equals(INTERNAL_ERROR)) {
      command.getErr().println("This is a fault of federate; --verbose shows where.");
    }
    command.getErr().flush();
    return exitCode;
  }

  /** The missing encryption key or blob that is behind an error, or null. */
  private static @Nullable DataConverterException unreadable(Throwable exception) {
    for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnknownEncryptionKeyException || cause instanceof LargeDataException) {
        return (DataConverterException) cause;
      }
    }
    return null;
  }

  /** The answer of the server that is behind an error, or null. */
  private static @Nullable Status status(Throwable exception) {
    for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
      if (cause instanceof StatusRuntimeException answer) {
        return answer.getStatus();
      }
    }
    return null;
  }

  /** The document of a command that was interrupted before it had anything to print. */
  static void interrupted(PrintWriter out) {
    print(out, "Interrupted", "interrupted before there was a result", List.of());
  }

  private static void print(
      CommandLine command, String type, String message, List<Problem> problems) {
    print(command.getOut(), type, message, problems);
  }

  private static void print(PrintWriter out, String type, String message, List<Problem> problems) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("type", type);
    error.put("message", message);
    error.put("problems", problems);
    JsonPrinter.print(out, Map.of("error", error));
  }

  private static Problem usageProblem(ParameterException exception) {
    if (exception instanceof UnmatchedArgumentException unmatched
        && !unmatched.getUnmatched().isEmpty()) {
      return unknown(unmatched.getUnmatched().get(0), exception.getCommandLine());
    }
    String place =
        exception.getArgSpec() == null
            ? ""
            : exception.getArgSpec() instanceof CommandLine.Model.OptionSpec option
                ? option.longestName()
                : exception.getArgSpec().paramLabel();
    String message = String.valueOf(exception.getMessage());
    String value = exception.getValue();
    return new Problem(
        COMMAND_LINE,
        place,
        value == null ? null : JsonNodeFactory.instance.textNode(value),
        Character.toLowerCase(message.charAt(0)) + message.substring(1),
        List.of());
  }

  private static Problem unknown(String argument, CommandLine command) {
    boolean option = argument.startsWith("-");
    String name = option ? argument.split("=", 2)[0] : argument;
    List<String> valid = new ArrayList<>();
    if (option) {
      command.getCommandSpec().optionsMap().keySet().stream()
          .filter(known -> known.startsWith("--"))
          .forEach(valid::add);
    } else {
      valid.addAll(command.getSubcommands().keySet());
    }
    String kind = option ? "option" : valid.isEmpty() ? "argument" : "command";
    return new Problem(
        COMMAND_LINE,
        name,
        JsonNodeFactory.instance.textNode(name),
        "unknown %s '%s'".formatted(kind, name),
        NearestNames.of(name, valid));
  }
}
