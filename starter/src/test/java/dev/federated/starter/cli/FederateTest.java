package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class FederateTest {
  @Test
  void unknownCommandIsExit2WithTheNearestOne() {
    CommandRun run = CommandRun.of("hepl");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err())
        .isEqualToNormalizingNewlines(
            "error: unknown command 'hepl'; did you mean help?\nSee 'federate --help'.\n");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void unknownOptionIsExit2WithTheNearestOne() {
    CommandRun run = CommandRun.of("--versoin");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("unknown option '--versoin'; did you mean --version?");
  }

  @Test
  void noCommandIsExit2AndListsThem() {
    CommandRun run = CommandRun.of();
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("help");
  }

  @Test
  void errorOfUsageIsOneJsonDocumentOnStdout() {
    CommandRun run = CommandRun.of("hepl", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).isEmpty();
    assertThat(run.json().at("/error/type").asText()).isEqualTo("InvalidUsage");
    assertThat(run.json().at("/error/message").asText()).contains("did you mean help?");
    assertThat(run.json().at("/error/problems/0/file").asText()).isEqualTo("command line");
    assertThat(run.json().at("/error/problems/0/path").asText()).isEqualTo("hepl");
    assertThat(run.json().at("/error/problems/0/suggestions/0").asText()).isEqualTo("help");
  }

  @Test
  void whatSeemsToBeACommandBehindAnotherOneIsNotRun() {
    CommandRun run = CommandRun.of("validate", "help");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("help");
  }

  @Test
  void everyCommandIsCalledWhatItSaysItself() {
    CommandContext context = contextOf(Path.of(""));
    for (String name : Federate.COMMANDS) {
      Map<String, CommandLine> commands = Federate.commandLine(context, name).getSubcommands();
      assertThat(commands.get(name).getCommandName()).isEqualTo(name);
    }
  }

  @Test
  void onlyTheCommandThatIsCalledIsPreparedUnlessAllAreAskedFor() {
    CommandContext context = contextOf(Path.of(""));
    assertThat(Federate.commandLine(context, "stage", "stage.json").getSubcommands())
        .containsOnlyKeys("stage");
    assertThat(Federate.commandLine(context, "help").getSubcommands().keySet())
        .containsExactlyElementsOf(Federate.COMMANDS);
    assertThat(Federate.commandLine(context).getSubcommands().keySet())
        .containsExactlyElementsOf(Federate.COMMANDS);
  }

  private static CommandContext contextOf(Path directory) {
    return new CommandContext(
        Map.of(),
        directory,
        InputStream.nullInputStream(),
        new Interruption(Duration.ofSeconds(1), code -> {}));
  }

  @Test
  void liveViewNeedsATerminalThatTheLauncherSawAndThatCanEraseALine() {
    assertThat(Federate.liveTerminal(Map.of("TERM", "xterm"))).isFalse();
    System.setProperty(Federate.STDERR_IS_TERMINAL, "true");
    try {
      assertThat(Federate.liveTerminal(Map.of("TERM", "xterm"))).isTrue();
      assertThat(Federate.liveTerminal(Map.of("TERM", "dumb"))).isFalse();
      assertThat(Federate.liveTerminal(Map.of())).isFalse();
    } finally {
      System.clearProperty(Federate.STDERR_IS_TERMINAL);
    }
  }

  @Test
  void versionNamesTheBuildAndTemporal() {
    CommandRun run = CommandRun.of("--version");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .matches("federate \\d+\\.\\d+\\S* \\(Temporal SDK \\d+\\.\\d+\\.\\d+, Java \\d+\\)\\R");
  }

  @Test
  void helpListsTheCommandsOnStdout() {
    assertThat(CommandRun.of("help").out()).startsWith("Usage: federate").contains("\n  drill ");
    assertThat(CommandRun.of("--help").exitCode()).isZero();
  }
}
