package dev.federated.activities.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CircuitBreakersTest {
  private final Regions.MovingClock clock = new Regions.MovingClock();
  private final CircuitBreakers breakers = new CircuitBreakers(clock);
  private final CircuitBreakerConfig settings = new CircuitBreakerConfig(3, 10);
  private final RegionBreaker breaker = breakers.of("a", settings);

  /** Bug 11 of the Python code: the settings were constants, and nothing was half open. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void itOpensAfterAsManyFailuresInARowAsTheFileSays(int threshold) {
    RegionBreaker own = breakers.of("b", new CircuitBreakerConfig(threshold, 0.5));
    for (int i = 0; i < threshold; i++) {
      assertThat(own.state()).isEqualTo(CircuitState.CLOSED);
      fail(own);
    }

    assertThat(own.state()).isEqualTo(CircuitState.OPEN);
    assertThat(own.tryCall()).isNull();
    clock.advance(Duration.ofMillis(501));
    assertThat(own.state()).isEqualTo(CircuitState.HALF_OPEN);
  }

  @Test
  void aSuccessStartsTheCountAgain() {
    fail(breaker);
    fail(breaker);
    succeed(breaker);
    fail(breaker);
    fail(breaker);

    assertThat(breaker.state()).isEqualTo(CircuitState.CLOSED);
    fail(breaker);
    assertThat(breaker.state()).isEqualTo(CircuitState.OPEN);
  }

  @Test
  void aCallThatSaysNothingNeitherCountsNorStartsTheCountAgain() {
    fail(breaker);
    fail(breaker);
    permit(breaker).release();
    permit(breaker).release();

    assertThat(breaker.state()).isEqualTo(CircuitState.CLOSED);
    fail(breaker);
    assertThat(breaker.state()).isEqualTo(CircuitState.OPEN);
  }

  @Test
  void halfOpenLetsOneCallThroughAndItsSuccessCloses() {
    open();
    clock.advance(Duration.ofSeconds(11));

    RegionBreaker.Permit trial = permit(breaker);

    assertThat(breaker.tryCall()).isNull();
    assertThat(breaker.state()).isEqualTo(CircuitState.OPEN);
    trial.succeeded();
    trial.release();
    assertThat(breaker.state()).isEqualTo(CircuitState.CLOSED);
  }

  @Test
  void aTrialThatFailsOpensForTheWholeTimeAgain() {
    open();
    clock.advance(Duration.ofSeconds(11));
    fail(breaker);

    clock.advance(Duration.ofSeconds(9));
    assertThat(breaker.tryCall()).isNull();
    clock.advance(Duration.ofSeconds(2));
    assertThat(breaker.tryCall()).isNotNull();
  }

  @Test
  void aTrialThatSaysNothingLetsTheNextCallThrough() {
    open();
    clock.advance(Duration.ofSeconds(11));

    permit(breaker).release();

    assertThat(breaker.tryCall()).isNotNull();
    assertThat(breaker.tryCall()).isNull();
  }

  @Test
  void aCallFromBeforeItOpenedGivesNoSecondTrial() {
    RegionBreaker.Permit old = permit(breaker);
    open();
    clock.advance(Duration.ofSeconds(11));
    assertThat(breaker.tryCall()).isNotNull();

    old.release();

    assertThat(breaker.tryCall()).isNull();
  }

  @Test
  void regionsHaveBreakersOfTheirOwnAndNewSettingsStartAnew() {
    open();

    assertThat(breakers.state("a")).isEqualTo(CircuitState.OPEN);
    assertThat(breakers.of("b", settings).state()).isEqualTo(CircuitState.CLOSED);
    assertThat(breakers.state("never called")).isEqualTo(CircuitState.CLOSED);
    assertThat(breakers.of("a", settings)).isSameAs(breaker);
    assertThat(breakers.of("a", new CircuitBreakerConfig(4, 10)).state())
        .isEqualTo(CircuitState.CLOSED);
  }

  /** Bug 12 of the Python code: a 4xx was treated as a 5xx. */
  @Test
  void onlyFailuresThatSayTheRegionIsNotWellCount() {
    List<FailureType> counted =
        List.of(
            FailureType.REGION_UNAVAILABLE,
            FailureType.REGION_TIMEOUT,
            FailureType.REGION_OVERLOADED,
            FailureType.INVALID_REGION_RESPONSE);
    for (FailureType type : FailureType.values()) {
      assertThat(CircuitBreakers.counts(type, false))
          .as(type.wireName())
          .isEqualTo(counted.contains(type));
    }
    assertThat(CircuitBreakers.counts(FailureType.REGION_OVERLOADED, true)).isFalse();
    assertThat(CircuitBreakers.counts(FailureType.REGION_UNAVAILABLE, true)).isTrue();
  }

  private void open() {
    fail(breaker);
    fail(breaker);
    fail(breaker);
  }

  private static RegionBreaker.Permit permit(RegionBreaker breaker) {
    return Objects.requireNonNull(breaker.tryCall(), "the breaker is open");
  }

  private static void fail(RegionBreaker breaker) {
    RegionBreaker.Permit permit = permit(breaker);
    permit.failed();
    permit.release();
  }

  private static void succeed(RegionBreaker breaker) {
    RegionBreaker.Permit permit = permit(breaker);
    permit.succeeded();
    permit.release();
  }
}
