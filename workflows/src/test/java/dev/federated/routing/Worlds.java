package dev.federated.routing;

import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import java.util.List;

/** Snapshots of worlds in which the given regions are the candidates. */
final class Worlds {
  private Worlds() {}

  static WorldSnapshot of(RegionSnapshot.Builder... candidates) {
    return of(List.of(candidates).stream().map(RegionSnapshot.Builder::build).toList(), null, null);
  }

  static WorldSnapshot of(
      List<RegionSnapshot> candidates, RegionSnapshot fallback, RegionSnapshot dataRegion) {
    return new WorldSnapshot(
        candidates,
        fallback,
        dataRegion,
        null,
        null,
        null,
        null,
        new CircuitBreakerConfig(5, 60),
        1_000_000,
        false,
        "test");
  }

  /** A world of a federation in panic mode. */
  static WorldSnapshot panicking(RegionSnapshot.Builder... candidates) {
    WorldSnapshot calm = of(candidates);
    return new WorldSnapshot(
        calm.candidates(),
        null,
        null,
        null,
        null,
        null,
        null,
        calm.circuitBreaker(),
        calm.maxOutputBytes(),
        false,
        "test",
        null,
        null,
        true,
        null,
        null,
        null,
        null);
  }

  static RegionSnapshot.Builder region(String name) {
    return RegionSnapshot.builder(name);
  }

  static FederatedStageConfig.Builder stage(FederationStrategy strategy) {
    return FederatedStageConfig.builder().strategy(strategy);
  }
}
