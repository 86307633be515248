package dev.federated.starter.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Over a million inputs: {@code mvn -Pfuzz}. The seed is system property {@value #SEED}, a new one
 * each time by default; a finding names it.
 */
@Tag("fuzz")
@Timeout(value = 4, unit = TimeUnit.HOURS)
class FuzzTest {
  private static final String SEED = "fuzz.seed";
  private static final int EACH = 100_000;

  @Test
  void everyParserReadsOrRefusesAMillionInputs() throws Exception {
    long seed = Long.getLong(SEED, System.nanoTime());
    FuzzRun run = new FuzzRun(seed);
    try (FuzzTargets targets = new FuzzTargets()) {
      run.feed(targets.all(), EACH);
    } finally {
      String report =
          "seed %d, %,d inputs, %d findings%n%s"
              .formatted(seed, run.inputs(), run.findings().size(), run);
      System.out.println(report);
      run.findings().forEach(System.out::println);
      Files.writeString(Path.of("target", "fuzz.txt"), report);
    }

    assertThat(run.findings()).isEmpty();
    assertThat(run.inputs()).isGreaterThan(1_000_000);
  }
}
