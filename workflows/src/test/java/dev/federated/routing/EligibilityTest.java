package dev.federated.routing;

import static dev.federated.routing.Worlds.region;
import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.Eligibility.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

class EligibilityTest {
  private static final FederatedStageConfig ANYWHERE = FederatedStageConfig.builder().build();

  @Test
  void aDisabledRegionIsExcluded() {
    assertExcluded(region("a").enabled(false), ANYWHERE, "disabled in the federation file");
  }

  @Test
  void aRegionOutsideTheResidencyIsExcluded() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder().residency(List.of("eu", "uk")).build();

    assertExcluded(region("us"), stage, "outside the residency [eu, uk]");
    assertThat(Eligibility.of(region("uk").build(), stage).eligible()).isTrue();
  }

  @Test
  void anEmptyResidencyExcludesEveryRegion() {
    assertExcluded(
        region("us"),
        FederatedStageConfig.builder().residency(List.of()).build(),
        "outside the residency []");
  }

  @Test
  void aRegionHasToHaveEveryTag() {
    FederatedStageConfig stage =
        FederatedStageConfig.builder().requiredTags(List.of("gpu", "eu", "big")).build();

    assertExcluded(region("a").tags(List.of("eu", "x")), stage, "missing tag gpu, big");
    assertExcluded(region("a"), stage, "missing tag gpu, eu, big");
    assertThat(
            Eligibility.of(region("a").tags(List.of("big", "eu", "gpu", "x")).build(), stage)
                .eligible())
        .isTrue();
  }

  @Test
  void aRegionThatIsDownIsUnavailableAndItsFailureIsNamed() {
    assertUnavailable(
        region("a").drained(true), FailureType.REGION_UNAVAILABLE, "drained by an operator");
    assertUnavailable(
        region("a").circuit(CircuitState.OPEN),
        FailureType.CIRCUIT_OPEN,
        "circuit breaker is open");
    assertUnavailable(
        region("a").online(false),
        FailureType.REGION_UNAVAILABLE,
        "offline: its last health probe failed");
    assertUnavailable(
        region("a").polled(false),
        FailureType.NO_WORKER_IN_REGION,
        "no worker polls its task queue");
  }

  @Test
  void whatExcludesARegionGoesBeforeWhatMakesItUnavailable() {
    assertExcluded(
        region("a").enabled(false).drained(true).online(false),
        ANYWHERE,
        "disabled in the federation file");
  }

  /** Bug 13 of the Python code: an unknown region was assumed to be half free. */
  @Test
  void whatIsNotKnownNeverMakesARegionIneligible() {
    assertThat(Eligibility.of(region("a").build(), ANYWHERE)).isEqualTo(eligible());
  }

  @Test
  void aHalfOpenBreakerLetsATrialThrough() {
    assertThat(Eligibility.of(region("a").circuit(CircuitState.HALF_OPEN).build(), ANYWHERE))
        .isEqualTo(eligible());
  }

  private static Eligibility eligible() {
    return new Eligibility(Verdict.ELIGIBLE, null, "");
  }

  private static void assertExcluded(
      RegionSnapshot.Builder region, FederatedStageConfig stage, String reason) {
    assertThat(Eligibility.of(region.build(), stage))
        .isEqualTo(new Eligibility(Verdict.EXCLUDED, null, reason));
  }

  private static void assertUnavailable(
      RegionSnapshot.Builder region, FailureType failure, String reason) {
    assertThat(Eligibility.of(region.build(), ANYWHERE))
        .isEqualTo(new Eligibility(Verdict.UNAVAILABLE, failure, reason));
  }

  @Test
  void withoutPanicModeNoRegionIsEligibleWhenAllAreOpen() {
    WorldSnapshot allOpen = Worlds.of(region("a").circuit(CircuitState.OPEN));

    assertThat(new Eligibility.Rules(ANYWHERE, allOpen).of(allOpen.region("a")).eligible())
        .isFalse();
  }

  @Test
  void inPanicModeRegionsThatAreOnlyOpenOrOfflineAreEligibleWhenNoneIsWell() {
    WorldSnapshot world =
        Worlds.panicking(
            region("open").circuit(CircuitState.OPEN),
            region("offline").online(false),
            region("drained").drained(true),
            region("unpolled").polled(false),
            region("off").enabled(false));
    Eligibility.Rules rules = new Eligibility.Rules(ANYWHERE, world);

    assertThat(rules.panic()).isTrue();
    assertThat(world.candidates().stream().filter(region -> rules.of(region).eligible()))
        .extracting(RegionSnapshot::name)
        .containsExactly("open", "offline");
  }

  @Test
  void oneRegionThatIsWellOrAFallbackIsNoPanic() {
    RegionSnapshot.Builder open = region("open").circuit(CircuitState.OPEN);
    WorldSnapshot world = Worlds.panicking(open, region("well"));
    FederatedStageConfig spared =
        FederatedStageConfig.builder().regions(List.of("open")).fallbackRegion("well").build();

    assertThat(new Eligibility.Rules(ANYWHERE, world).panic()).isFalse();
    assertThat(new Eligibility.Rules(spared, world).panic()).isFalse();
  }
}
