package dev.federated.benchmarks;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.RegionSelector;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Selection by every strategy over regions of which everything is known. */
@State(Scope.Benchmark)
public class SelectionBenchmark {
  private static final GeoPoint CALLER = new GeoPoint(50, 8);

  /** How many regions there are. */
  @Param({"10", "1000", "10000"})
  public int regions;

  /** What selects. */
  @Param public FederationStrategy strategy = FederationStrategy.NEAREST;

  private FederatedStageConfig config = FederatedStageConfig.builder().build();
  private WorldSnapshot snapshot = world(List.of());

  /** Makes regions all over the world, the same each time. */
  @Setup
  public void makeRegions() {
    Random random = new Random(7);
    config =
        FederatedStageConfig.builder()
            .strategy(strategy)
            .sourceLocation(CALLER)
            .requiredTags(List.of("gpu"))
            .build();
    snapshot =
        world(
            IntStream.range(0, regions)
                .mapToObj(
                    i ->
                        RegionSnapshot.builder("region-%05d".formatted(i))
                            .enabled(true)
                            .tags(i % 10 == 0 ? List.of("cpu") : List.of("gpu", "eu"))
                            .priority(i % 5)
                            .weight(1.0 + i % 3)
                            .maxConcurrent(10)
                            .latitude(random.nextDouble() * 180 - 90)
                            .longitude(random.nextDouble() * 360 - 180)
                            .costPerExecution(random.nextDouble())
                            .costPerToken(0.00001)
                            .egressCostPerGb(0.09)
                            .circuit(i % 20 == 1 ? CircuitState.OPEN : CircuitState.CLOSED)
                            .online(true)
                            .polled(true)
                            .latencyMs(random.nextDouble() * 300)
                            .inFlight(random.nextDouble() * 10)
                            .backlog((long) random.nextInt(5))
                            .picks(random.nextInt(3))
                            .turn(random.nextDouble() - 0.5)
                            .build())
                // As a control worker's snapshot has them.
                .sorted(
                    Comparator.comparingInt(RegionSnapshot::priorityOrDefault)
                        .thenComparing(RegionSnapshot::name))
                .toList());
  }

  private static WorldSnapshot world(List<RegionSnapshot> candidates) {
    return new WorldSnapshot(
        candidates,
        null,
        null,
        null,
        null,
        null,
        null,
        CircuitBreakerConfig.DEFAULT,
        1_000_000,
        false,
        "benchmark");
  }

  /** Selects. */
  @Benchmark
  public RoutingDecision select() {
    return RegionSelector.decide(config, snapshot);
  }
}
