package dev.federated.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.Candidate;
import dev.federated.model.CircuitState;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class RegionSelectorPropertyTest {
  private static final List<FederationStrategy> RANKING =
      List.of(
          FederationStrategy.NEAREST,
          FederationStrategy.ROUND_ROBIN,
          FederationStrategy.LEAST_LOADED,
          FederationStrategy.COST_OPTIMIZED);

  @Property(tries = 300)
  void anIneligibleRegionIsNeverChosenAndNeverAFallback(
      @ForAll("regions") List<RegionSnapshot> regions,
      @ForAll("stages") FederatedStageConfig stage) {
    WorldSnapshot world = Worlds.of(regions, null, null);

    RoutingDecision decision = RegionSelector.decide(stage, world);

    for (String chosen : decision.chosen()) {
      assertThat(Eligibility.of(world.region(chosen), stage).eligible()).isTrue();
      String fallback = RegionSelector.fallback(stage, world, decision, chosen);
      if (fallback != null) {
        assertThat(fallback).isNotEqualTo(chosen);
        assertThat(Eligibility.of(world.region(fallback), stage).eligible()).isTrue();
      }
    }
    assertThat(decision.chosen().isEmpty())
        .isEqualTo(regions.stream().noneMatch(region -> Eligibility.of(region, stage).eligible()));
    assertThat(decision.candidates())
        .extracting(Candidate::region)
        .containsExactlyInAnyOrderElementsOf(regions.stream().map(RegionSnapshot::name).toList());
  }

  @Property(tries = 300)
  void theSameInputsGiveTheSameDecision(
      @ForAll("regions") List<RegionSnapshot> regions,
      @ForAll("stages") FederatedStageConfig stage) {
    WorldSnapshot world = Worlds.of(regions, null, null);

    assertThat(RegionSelector.decide(stage, world)).isEqualTo(RegionSelector.decide(stage, world));
  }

  @Property(tries = 300)
  void aRankingDoesNotDependOnTheOrderOfTheCandidates(
      @ForAll("regions") List<RegionSnapshot> regions,
      @ForAll("stages") FederatedStageConfig stage,
      @ForAll long seed) {
    List<RegionSnapshot> shuffled = new ArrayList<>(regions);
    Collections.shuffle(shuffled, new Random(seed));
    for (FederationStrategy strategy : RANKING) {
      FederatedStageConfig ranked = stage.toBuilder().strategy(strategy).build();
      assertThat(eligible(RegionSelector.decide(ranked, Worlds.of(shuffled, null, null))))
          .isEqualTo(eligible(RegionSelector.decide(ranked, Worlds.of(regions, null, null))));
    }
  }

  @Property(tries = 300)
  void candidatesAreSortedByScoreThenPriorityThenNameAndUnknownScoresAreLast(
      @ForAll("regions") List<RegionSnapshot> regions,
      @ForAll("scored") FederationStrategy strategy) {
    WorldSnapshot world = Worlds.of(regions, null, null);
    FederatedStageConfig stage = Worlds.stage(strategy).build();

    List<Candidate> eligible = eligible(RegionSelector.decide(stage, world));

    Comparator<Candidate> rank =
        Comparator.comparing(
                Candidate::score, Comparator.nullsLast(Comparator.<Double>naturalOrder()))
            .thenComparing(candidate -> world.region(candidate.region()).priorityOrDefault())
            .thenComparing(Candidate::region);
    assertThat(eligible).isSortedAccordingTo(rank);
  }

  @Property(tries = 300)
  void aFreeRegionAlwaysWinsOnCost(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1) Integer> nanodollars,
      @ForAll @IntRange(min = 0, max = 20) int place) {
    List<RegionSnapshot> regions = new ArrayList<>();
    for (int price : nanodollars) {
      regions.add(
          RegionSnapshot.builder("r" + regions.size())
              .priority(1)
              .costPerExecution(price / 1e9)
              .build());
    }
    regions.add(
        Math.min(place, regions.size()),
        RegionSnapshot.builder("free").priority(999).costPerExecution(0.0).build());

    FederatedStageConfig stage = Worlds.stage(FederationStrategy.COST_OPTIMIZED).build();

    assertThat(RegionSelector.decide(stage, Worlds.of(regions, null, null)).chosen())
        .containsExactly("free");
  }

  @Property(tries = 100)
  void roundRobinKeepsEveryRegionWithinOneOfItsWeightedShare(
      @ForAll @Size(min = 2, max = 12) List<@DoubleRange(min = 0.01, max = 100) Double> weights) {
    int n = weights.size();
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    double[] lags = new double[n];
    int[] picks = new int[n];
    FederatedStageConfig stage = Worlds.stage(FederationStrategy.ROUND_ROBIN).build();
    for (int turn = 1; turn <= 500; turn++) {
      List<RegionSnapshot> regions = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        regions.add(RegionSnapshot.builder("r" + i).weight(weights.get(i)).turn(lags[i]).build());
      }
      String chosen = RegionSelector.decide(stage, Worlds.of(regions, null, null)).chosen().get(0);
      int picked = Integer.parseInt(chosen.substring(1));
      picks[picked]++;
      for (int i = 0; i < n; i++) {
        lags[i] += weights.get(i) / total - (i == picked ? 1 : 0);
        assertThat((double) picks[i]).isCloseTo(turn * weights.get(i) / total, within(1.0));
      }
    }
  }

  @Property(tries = 200)
  void aPlaceOnTheEquatorOrTheMeridianIsAPlace(
      @ForAll @DoubleRange(min = -90, max = 90) double lat,
      @ForAll @DoubleRange(min = -180, max = 180) double lon,
      @ForAll boolean dataLocality) {
    for (GeoPoint place : List.of(new GeoPoint(0, lon), new GeoPoint(lat, 0))) {
      FederatedStageConfig stage =
          Worlds.stage(FederationStrategy.NEAREST)
              .dataLocality(dataLocality)
              .dataLocation(DataLocation.at(place))
              .sourceLocation(place)
              .build();
      RegionSnapshot there =
          RegionSnapshot.builder("there").latitude(place.lat()).longitude(place.lon()).build();
      RegionSnapshot placeless = RegionSnapshot.builder("a").priority(1).latencyMs(1.0).build();

      RoutingDecision decision =
          RegionSelector.decide(stage, Worlds.of(List.of(placeless, there), null, null));

      assertThat(decision.chosen()).containsExactly("there");
      assertThat(decision.candidates().get(0).score()).isZero();
    }
  }

  private static List<Candidate> eligible(RoutingDecision decision) {
    return decision.candidates().stream().filter(Candidate::eligible).toList();
  }

  @Provide
  Arbitrary<FederationStrategy> scored() {
    return Arbitraries.of(
        FederationStrategy.NEAREST,
        FederationStrategy.LEAST_LOADED,
        FederationStrategy.COST_OPTIMIZED);
  }

  @Provide
  Arbitrary<FederatedStageConfig> stages() {
    Arbitrary<DataLocation> data =
        Arbitraries.of(
            DataLocation.inRegion("r1"),
            DataLocation.inRegion("elsewhere"),
            DataLocation.at(new GeoPoint(0, 0)));
    return net.jqwik.api.Combinators.combine(
            Arbitraries.of(FederationStrategy.values()),
            Arbitraries.of(true, false),
            data.injectNull(0.3),
            Arbitraries.of(new GeoPoint(0, 0), new GeoPoint(50, 10)).injectNull(0.5),
            Arbitraries.of(List.of(), List.of("gpu")),
            Arbitraries.of(List.of("r0", "r1", "r2"), List.<String>of()).injectNull(0.7),
            Arbitraries.of("r0", "r2").injectNull(0.5))
        .as(
            (strategy, locality, location, source, tags, residency, fallback) ->
                FederatedStageConfig.builder()
                    .strategy(strategy)
                    .dataLocality(locality)
                    .dataLocation(location)
                    .dataSizeBytes(1_000_000)
                    .expectedTokens(10)
                    .sourceLocation(source)
                    .requiredTags(List.copyOf(tags.stream().map(Object::toString).toList()))
                    .residency(residency)
                    .fallbackRegion(fallback)
                    .build());
  }

  /** Regions r0, r1, … of which anything may be known, with many equal scores. */
  @Provide
  Arbitrary<List<RegionSnapshot>> regions() {
    return Arbitraries.randomValue(RegionSelectorPropertyTest::region)
        .list()
        .ofMinSize(0)
        .ofMaxSize(40)
        .map(
            regions -> {
              List<RegionSnapshot> named = new ArrayList<>();
              for (RegionSnapshot.Builder region : regions) {
                named.add(renamed(region.build(), "r" + named.size()));
              }
              return named;
            });
  }

  private static RegionSnapshot.Builder region(Random random) {
    return RegionSnapshot.builder("r")
        .enabled(chance(random, 0.1) ? false : null)
        .drained(chance(random, 0.1) ? true : null)
        .online(chance(random, 0.1) ? false : null)
        .polled(chance(random, 0.1) ? false : null)
        .circuit(chance(random, 0.2) ? List.of(CircuitState.values()).get(random.nextInt(3)) : null)
        .tags(chance(random, 0.5) ? List.of("gpu") : null)
        .priority(chance(random, 0.5) ? random.nextInt(3) : null)
        .weight(chance(random, 0.5) ? 0.1 + random.nextInt(4) : null)
        .turn(chance(random, 0.5) ? random.nextInt(4) / 2.0 - 1 : null)
        .latitude(chance(random, 0.7) ? (double) random.nextInt(3) : null)
        .longitude(chance(random, 0.7) ? (double) random.nextInt(3) : null)
        .latencyMs(chance(random, 0.5) ? (double) random.nextInt(5) : null)
        .maxConcurrent(chance(random, 0.5) ? 1 + random.nextInt(5) : null)
        .inFlight(chance(random, 0.5) ? (double) random.nextInt(5) : null)
        .backlog(chance(random, 0.5) ? (long) random.nextInt(5) : null)
        .picks(chance(random, 0.5) ? random.nextInt(5) : null)
        .costPerExecution(chance(random, 0.5) ? random.nextInt(4) / 100.0 : null)
        .costPerToken(chance(random, 0.3) ? random.nextInt(4) / 1000.0 : null)
        .egressCostPerGb(chance(random, 0.3) ? random.nextInt(4) / 10.0 : null)
        .egressCostPerGbTo(chance(random, 0.2) ? Map.of("r0", 0.05, "r3", 0.0) : null)
        .meanTokens(chance(random, 0.3) ? (double) random.nextInt(3) : null);
  }

  private static boolean chance(Random random, double probability) {
    return random.nextDouble() < probability;
  }

  private static RegionSnapshot renamed(RegionSnapshot region, String name) {
    return new RegionSnapshot(
        name,
        region.enabled(),
        region.drained(),
        region.tags(),
        region.priority(),
        region.weight(),
        region.maxConcurrent(),
        region.timeoutSeconds(),
        region.latitude(),
        region.longitude(),
        region.costPerExecution(),
        region.costPerToken(),
        region.egressCostPerGb(),
        region.circuit(),
        region.online(),
        region.polled(),
        region.latencyMs(),
        region.inFlight(),
        region.backlog(),
        region.picks(),
        region.turn(),
        region.egressCostPerGbTo(),
        region.meanTokens(),
        region.comingBack(),
        region.hedgeAfterMs(),
        region.honoursKey(),
        region.nexusEndpoint());
  }
}
