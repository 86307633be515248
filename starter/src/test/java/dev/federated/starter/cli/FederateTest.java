package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

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
