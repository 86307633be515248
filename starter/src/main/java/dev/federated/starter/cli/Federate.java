package dev.federated.starter.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code federate}: runs pipeline stages in one or many regions, on Temporal. */
@Command(
    name = "federate",
    description = "Runs pipeline stages in one or many regions, durably, on Temporal.",
    versionProvider = Version.class,
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
public final class Federate implements Runnable {
  /** Set by the launcher. */
  static final String STDERR_IS_TERMINAL = "federate.stderr.terminal";

  /** Describes any other command. */
  private static final String HELP = "help";

  /** The commands, in the order of the help. */
  static final List<String> COMMANDS =
      List.of(
          "run",
          "stage",
          "validate",
          "drill",
          "explain",
          "route",
          "health",
          "stats",
          "regions",
          "show",
          "resume",
          "redrive",
          "worker",
          "node",
          "codec-server",
          "dev",
          "demo",
          "setup",
          HELP);

  private final CommandContext context;

  @Spec private CommandSpec spec = CommandSpec.create();

  private Federate(CommandContext context) {
    this.context = context;
  }

  /** Runs the command line of this process and ends it. */
  public static void main(String[] arguments) {
    System.exit(run(arguments, System.getenv(), Path.of("").toAbsolutePath()));
  }

  /** Runs a command line on the streams of this process, and gives the exit code. */
  static int run(String[] arguments, Map<String, String> environment, Path workingDirectory) {
    Logging.configure(List.of(arguments), environment);
    // Not System.out: its encoding is the terminal's, and JSON is UTF-8.
    Stdout stdout = new Stdout();
    PrintWriter out = new PrintWriter(stdout, false, StandardCharsets.UTF_8);
    PrintWriter err =
        new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    Interruption interruption =
        new Interruption(
            Interruption.LONGEST_STOP,
            code -> {
              if (!stdout.used() && OutputOptions.asksForJson(List.of(arguments))) {
                ErrorReport.interrupted(out);
              }
              Runtime.getRuntime().halt(code);
            });
    Runtime.getRuntime().addShutdownHook(new Thread(interruption::shutdown, "federate-end"));
    CommandContext context =
        new CommandContext(
            environment,
            workingDirectory,
            System.in,
            interruption,
            Patience.usual(liveTerminal(environment)));
    int exitCode = commandLine(context, arguments).setOut(out).setErr(err).execute(arguments);
    out.flush();
    err.flush();
    interruption.commandEnded();
    return exitCode;
  }

  /**
   * Whether stderr is a terminal that can erase a line. The launcher knows what stderr is; {@code
   * System.console()} tells of stdin and stdout, and means another thing in each release of Java.
   */
  static boolean liveTerminal(Map<String, String> environment) {
    String terminal = environment.getOrDefault("TERM", "");
    return Boolean.getBoolean(STDERR_IS_TERMINAL)
        && !terminal.isEmpty()
        && !terminal.equals("dumb");
  }

  /** The command line for a process of that kind; its output goes where the caller says. */
  static CommandLine commandLine(CommandContext context) {
    return commandLine(context, COMMANDS);
  }

  /** As much of the command line as those arguments need: the options of a command take time. */
  static CommandLine commandLine(CommandContext context, String... arguments) {
    String first = arguments.length == 0 ? HELP : arguments[0];
    return first.equals(HELP) || !COMMANDS.contains(first)
        ? commandLine(context)
        : commandLine(context, List.of(first));
  }

  private static CommandLine commandLine(CommandContext context, List<String> commands) {
    CommandLine federate = new CommandLine(new Federate(context));
    commands.forEach(command -> federate.addSubcommand(command(command)));
    ErrorReport errors = new ErrorReport();
    return federate
        // --input @FILE is a file with JSON, not with arguments.
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(errors)
        .setExecutionStrategy(parsed -> execute(parsed, context))
        .setExecutionExceptionHandler(errors);
  }

  private static Class<?> command(String name) {
    return switch (name) {
      case "run" -> RunCommand.class;
      case "stage" -> StageCommand.class;
      case "validate" -> ValidateCommand.class;
      case "drill" -> DrillCommand.class;
      case "explain" -> ExplainCommand.class;
      case "route" -> RouteCommand.class;
      case "health" -> HealthCommand.class;
      case "stats" -> StatsCommand.class;
      case "regions" -> RegionsCommand.class;
      case "show" -> ShowCommand.class;
      case "resume" -> ResumeCommand.class;
      case "redrive" -> RedriveCommand.class;
      case "worker" -> WorkerCommand.class;
      case "node" -> NodeCommand.class;
      case "codec-server" -> CodecServerCommand.class;
      case "dev" -> DevCommand.class;
      case "demo" -> DemoCommand.class;
      case "setup" -> SetupCommand.class;
      case HELP -> CommandLine.HelpCommand.class;
      default -> throw new IllegalArgumentException("there is no command '" + name + "'");
    };
  }

  /** Runs the command; an error of the JVM is reported like any other, not left to the thread. */
  private static int execute(CommandLine.ParseResult parsed, CommandContext context) {
    try {
      return new CommandLine.RunLast().execute(parsed);
    } catch (StackOverflowError | OutOfMemoryError | LinkageError e) {
      throw new CommandLine.ExecutionException(parsed.commandSpec().commandLine(), e.toString(), e);
    } finally {
      context.traces().close();
    }
  }

  /** What the subcommand of that root command sees of its process. */
  static CommandContext contextOf(@Nullable Federate federate) {
    return Objects.requireNonNull(federate, "picocli sets the parent command").context;
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "which command? One of " + String.join(", ", spec.subcommands().keySet()));
  }
}
