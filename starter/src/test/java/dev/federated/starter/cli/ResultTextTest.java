package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.pipeline.PipelineResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResultTextTest {
  private static String text(String message, double cost) {
    return ResultText.of(
        new PipelineResult(
            "p",
            StageOutcome.FAILED,
            List.of(),
            RegionError.of(FailureType.COMPONENT_FAILED, message),
            List.of(),
            Map.of(),
            cost,
            1_000,
            1_500,
            "w",
            "r",
            null,
            null));
  }

  @Test
  void messageNeitherBreaksTheLinesNorCommandsTheTerminal() {
    assertThat(text("two\nlines \u001b[2J", 0))
        .startsWith("pipeline p: failed, ComponentFailed: two lines  [2J\n")
        .doesNotContain("\u001b");
  }

  @Test
  void costHasNoTrailingZeros() {
    assertThat(text("x", 0)).contains("cost 0, tokens 1000, 1.5 s");
    assertThat(text("x", 10)).contains("cost 10,");
    assertThat(text("x", 0.015)).contains("cost 0.015,");
  }
}
