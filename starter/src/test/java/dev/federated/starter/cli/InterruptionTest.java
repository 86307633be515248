package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class InterruptionTest {
  private final List<Integer> exits = new CopyOnWriteArrayList<>();
  private final List<String> done = new CopyOnWriteArrayList<>();

  @Test
  void commandThatDoesNotStopIsEndedWhenItsTimeIsOver() {
    Interruption interruption = interruption(Duration.ofMillis(20));
    interruption.onInterrupt(() -> done.add("asked"));
    interruption.shutdown();
    assertThat(done).containsExactly("asked");
    assertThat(exits).containsExactly(ExitCodes.INTERRUPTED);
  }

  @Test
  void stopThatHangsOrFailsDoesNotKeepTheOthers() {
    Interruption interruption = interruption(Duration.ofSeconds(10));
    CountDownLatch never = new CountDownLatch(1);
    interruption.onInterrupt(
        () -> {
          try {
            never.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    interruption.onInterrupt(
        () -> {
          throw new IllegalStateException("broken");
        });
    interruption.onInterrupt(interruption::commandEnded);
    interruption.shutdown();
    assertThat(exits).containsExactly(ExitCodes.INTERRUPTED);
    never.countDown();
  }

  @Test
  void commandWithNothingToStopEndsAtOnce() {
    interruption(Duration.ofDays(1)).shutdown();
    assertThat(exits).containsExactly(ExitCodes.INTERRUPTED);
  }

  @Test
  void takenBackRegistrationIsNotAsked() {
    Interruption interruption = interruption(Duration.ofDays(1));
    interruption.onInterrupt(() -> done.add("asked")).close();
    interruption.shutdown();
    assertThat(done).isEmpty();
  }

  @Test
  void commandThatEndedByItselfKeepsItsExitCodeAndIsCleanedUp() {
    Interruption interruption = interruption(Duration.ofDays(1));
    interruption.onInterrupt(() -> done.add("asked"));
    interruption.beforeEnd(() -> done.add("cleaned"));
    interruption.commandEnded();
    interruption.shutdown();
    assertThat(done).containsExactly("cleaned");
    assertThat(exits).isEmpty();
  }

  @Test
  void cleanupComesAfterTheCommandHasStopped() {
    Interruption interruption = interruption(Duration.ofSeconds(10));
    interruption.beforeEnd(() -> done.add("cleaned"));
    interruption.onInterrupt(
        () -> {
          done.add("stopped");
          interruption.commandEnded();
        });
    interruption.shutdown();
    assertThat(done).containsExactly("stopped", "cleaned");
  }

  @Test
  void logsAreWarningsExceptWhereACommandServesOrIsAskedForMore() {
    assertThat(Logging.level(List.of("run", "p.json"), Map.of())).isEqualTo("WARN");
    assertThat(Logging.level(List.of("dev"), Map.of())).isEqualTo("INFO");
    assertThat(Logging.level(List.of("worker"), Map.of())).isEqualTo("INFO");
    assertThat(Logging.level(List.of("run", "--verbose"), Map.of())).isEqualTo("INFO");
    assertThat(Logging.level(List.of("dev"), Map.of("FEDERATE_LOG_LEVEL", "ERROR")))
        .isEqualTo("ERROR");
  }

  private Interruption interruption(Duration longestStop) {
    return new Interruption(longestStop, exits::add);
  }
}
