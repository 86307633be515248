package dev.federated.starter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs a stage in regions that the caller names, without aggregation. Thread-safe. */
public final class RemoteExecutor {
  private final FederationCoordinator coordinator;
  private final FederatedStageConfig settings;
  private final String type;
  private final JsonNode config;

  /** Executes component transformer with the default timeouts and retries. */
  public RemoteExecutor(FederationCoordinator coordinator) {
    this(
        coordinator,
        "transformer",
        JsonNodeFactory.instance.objectNode(),
        FederatedStageConfig.builder().build());
  }

  /**
   * Executes that component.
   *
   * @param coordinator starts the stages
   * @param type the component type
   * @param config the component's configuration
   * @param settings timeouts, retries and fallback; its strategy, regions and aggregation are not
   *     read
   */
  public RemoteExecutor(
      FederationCoordinator coordinator,
      String type,
      JsonNode config,
      FederatedStageConfig settings) {
    this.coordinator = coordinator;
    this.type = type;
    this.config = config;
    this.settings = settings;
  }

  /**
   * Runs the stage in one region.
   *
   * @return what the region did, whether it succeeded or failed
   * @throws FederatedStageException if the region is unknown or may not run it, with the reason
   */
  public RegionResult execute(String region, String stageId, JsonNode inputs) {
    return Objects.requireNonNull(
        run(List.of(region), stageId, inputs).regionResults().get(region),
        "a stage that ran has a result of its only region");
  }

  /**
   * Runs the stage in several regions at once.
   *
   * @return what each region did, in the order given
   * @throws FederatedStageException if a region is unknown or none may run it, with the reason
   */
  public Map<String, RegionResult> executeParallel(
      List<String> regions, String stageId, JsonNode inputs) {
    return run(regions, stageId, inputs).regionResults();
  }

  private FederatedStageResult run(List<String> regions, String stageId, JsonNode inputs) {
    FederatedStageConfig federation =
        settings.toBuilder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(regions)
            .aggregation(AggregationStrategy.ALL)
            .minRegions(1)
            .build();
    try {
      return coordinator.executeFederated(
          new StageRequest(stageId, type, config, inputs, federation));
    } catch (FederatedStageException e) {
      boolean ran =
          e.result().regionResults().values().stream()
              .anyMatch(result -> result.status() != RegionStatus.SKIPPED);
      if (!ran) {
        throw e;
      }
      return e.result();
    }
  }
}
