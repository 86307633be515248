package dev.federated.starter.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A part of {@link FuzzTest} in every build, with the same inputs each time. */
@Timeout(180)
class FuzzSliceTest {
  private static final long SEED = 1;
  private static final int EACH = 1_000;

  @Test
  void everyParserReadsOrRefusesWhateverComesIn() throws Exception {
    FuzzRun run = new FuzzRun(SEED);
    try (FuzzTargets targets = new FuzzTargets()) {
      run.feed(targets.all(), EACH);
    }
    System.out.println(run);

    assertThat(run.findings()).isEmpty();
    assertThat(run.inputs()).isGreaterThan(10_000);
  }
}
