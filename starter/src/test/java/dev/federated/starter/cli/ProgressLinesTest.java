package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressLinesTest {
  private final StringWriter err = new StringWriter();

  @Test
  void withoutTerminalOnlyLinesArePrinted() {
    try (ProgressLines lines = new ProgressLines(new PrintWriter(err), false)) {
      lines.status("running");
      lines.line("done");
    }
    assertThat(err.toString()).isEqualToNormalizingNewlines("done\n");
  }

  @Test
  void onATerminalTheStatusIsErasedBeforeEachLineAndAtTheEnd() {
    try (ProgressLines lines = new ProgressLines(new PrintWriter(err), true)) {
      lines.status("one");
      lines.status("two");
      lines.line("done");
      lines.status("three");
    }
    String erase = ProgressLines.ERASE;
    assertThat(err.toString())
        .isEqualToNormalizingNewlines("one" + erase + "two" + erase + "done\n" + "three" + erase);
  }

  @Test
  void statusThatWouldWrapIsCut() {
    ProgressLines lines = new ProgressLines(new PrintWriter(err), true);
    lines.status("x".repeat(200));
    lines.close();
    assertThat(err.toString()).startsWith("x".repeat(78) + "…").doesNotContain("x".repeat(79));
  }

  @Test
  void nothingIsPrintedAfterTheEnd() {
    ProgressLines lines = new ProgressLines(new PrintWriter(err), true);
    lines.close();
    lines.line("late");
    lines.status("late");
    assertThat(err.toString()).isEmpty();
  }
}
