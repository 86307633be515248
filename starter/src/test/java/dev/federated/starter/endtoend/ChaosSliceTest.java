package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.starter.endtoend.ChaosDeployment.Victim;
import dev.federated.starter.endtoend.ChaosRounds.Moment;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A few kills of {@link ChaosTest} in every build. */
@Timeout(180)
@RealServer.Needed
class ChaosSliceTest {
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
  void killedNodesRepeatOnlyWhatWasInFlightAndNothingElseIsExecutedTwice() throws Exception {
    ChaosRounds rounds = new ChaosRounds(deployment);
    try {
      rounds.kill(Victim.SERVER, Moment.SELECTED, 1);
      rounds.kill(Victim.CONTROL, Moment.ONE_DONE, 1);
      rounds.killWhileParked(Victim.CONTROL);
      assertThat(rounds.table().total().twice()).as("executed twice").isZero();
      rounds.kill(Victim.NODES, Moment.ONE_DONE, 1);
    } finally {
      System.out.println(rounds.table());
    }

    ChaosTable.Row total = rounds.table().total();
    assertThat(total.kills()).as("kills").isEqualTo(6);
    assertThat(total.lost()).as("lost results").isZero();
    assertThat(total.afterSuccess()).as("recorded successes that were executed again").isZero();
    assertThat(total.twice()).as("executions in flight that the nodes forgot").isEqualTo(2);
  }
}
