package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.starter.endtoend.ChaosDeployment.Victim;
import dev.federated.starter.endtoend.ChaosRounds.Moment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every process of a federation is killed at every moment of a stage: {@code mvn -Pchaos}. */
@Tag("chaos")
@Timeout(1800)
@RealServer.Needed
class ChaosTest {
  private static final int STAGES = 2;

  @TempDir private Path directory;
  private ChaosDeployment deployment;

  @BeforeEach
  void start() throws IOException {
    deployment = ChaosDeployment.start(directory);
  }

  @AfterEach
  void end() throws IOException {
    if (deployment != null) {
      deployment.close();
    }
  }

  @Test
  void noResultIsLostAndNoRecordedSuccessIsExecutedAgain() throws Exception {
    ChaosRounds rounds = new ChaosRounds(deployment);
    int forgotten = 0;
    try {
      for (int repeat = 0; repeat < 2; repeat++) {
        for (Victim victim : Victim.values()) {
          for (Moment moment : Moment.values()) {
            rounds.kill(victim, moment, STAGES);
          }
        }
      }
      // What the killed nodes had executed and not yet answered: 3, 2 and 0 regions of each stage.
      forgotten += 2 * STAGES * (3 + 2);
      for (Victim victim : Victim.values()) {
        rounds.killWhileParked(victim);
      }
      for (Victim victim : Victim.values()) {
        rounds.killWhileRedriven(victim);
      }
      // The one region that a redrive executes again.
      forgotten += 1;
      for (Moment moment : Moment.values()) {
        rounds.cutOff(moment, false, STAGES);
      }
      // With all results recorded there is no attempt that could be given up.
      rounds.cutOff(Moment.SELECTED, true, STAGES);
      rounds.cutOff(Moment.ONE_DONE, true, STAGES);
    } finally {
      System.out.println(rounds.table());
      Files.writeString(Path.of("target", "chaos.txt"), rounds.table().toString());
    }

    ChaosTable.Row total = rounds.table().total();
    assertThat(total.kills()).as("kills").isGreaterThanOrEqualTo(50);
    assertThat(total.lost()).as("lost results").isZero();
    assertThat(total.afterSuccess()).as("recorded successes that were executed again").isZero();
    assertThat(total.twice()).as("executions that killed nodes forgot").isEqualTo(forgotten);
  }
}
