package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.response;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class RegionInputsTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static RemoteResponse echo(RemoteRequest request) {
    return response(request.inputs());
  }

  /** Inputs of us and eu, in that order; no regions are listed. */
  private static FederatedStageConfig.Builder own(FederationStrategy strategy) {
    Map<String, JsonNode> inputs = new LinkedHashMap<>();
    inputs.put("us", json("{\"shard\": \"us\"}"));
    inputs.put("eu", json("{\"shard\": \"eu\"}"));
    return FederatedStageConfig.builder()
        .strategy(strategy)
        .regionInputs(inputs)
        .maxRetries(0)
        .aggregation(AggregationStrategy.ALL);
  }

  @Test
  void aListedRegionWithoutInputsIsRefusedAndNothingRuns() {
    regions
        .region("us", RegionInputsTest::echo)
        .region("eu", RegionInputsTest::echo)
        .region("ap", RegionInputsTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(own(FederationStrategy.PARALLEL).regions(List.of("us", "ap")));

    assertThat(result.error().message()).isEqualTo("region_inputs has nothing for ap");
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void aFallbackWithoutInputsIsNotRunInPlaceOfRegionsThatAreDown() {
    regions
        .region("us", RegionInputsTest::echo)
        .region("eu", RegionInputsTest::echo)
        .region("spare", RegionInputsTest::echo)
        .start();
    regions.world().knows("us", region -> region.circuit(CircuitState.OPEN));
    regions.world().knows("eu", region -> region.circuit(CircuitState.OPEN));

    FederatedStageResult result =
        regions.run(own(FederationStrategy.NEAREST).fallbackRegion("spare"));

    assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(regions.requests).isEmpty();
  }

  @Test
  void theSizeOfARequestIsThatOfItsOwnInputs() {
    FederatedStageConfig block = own(FederationStrategy.PARALLEL).build();
    Map<String, JsonNode> inputs = new LinkedHashMap<>(block.regionInputs());
    inputs.put("eu", json("\"%s\"".formatted("x".repeat(100_000))));
    ShareInputs measured =
        new ShareInputs(
            new StageRequest(
                "process",
                "transformer",
                json("{}"),
                json("null"),
                block.toBuilder().regionInputs(inputs).build()));

    assertThat(measured.bytes(new RegionRun("us"))).isLessThan(3_000);
    assertThat(measured.bytes(new RegionRun("eu"))).isBetween(100_000L, 103_000L);
  }

  @ParameterizedTest
  @EnumSource(
      value = FederationStrategy.class,
      names = {"PARALLEL", "SEQUENTIAL"})
  void everyRegionExecutesItsOwnAndTheEntriesAreTheRegions(FederationStrategy strategy) {
    regions
        .region("us", RegionInputsTest::echo)
        .region("eu", RegionInputsTest::echo)
        .region("ap", RegionInputsTest::echo)
        .start();

    FederatedStageResult result = regions.run(own(strategy), "{\"shard\": \"none\"}");

    assertThat(result.aggregated()).isEqualTo(json("[{\"shard\": \"us\"}, {\"shard\": \"eu\"}]"));
    assertThat(regions.callsOf("ap")).isZero();
    assertThat(regions.requests)
        .allSatisfy(
            request ->
                assertThat(request.inputs().get("shard").asText()).isEqualTo(request.region()));
  }

  @Test
  void aShareThatHopsKeepsTheInputsOfItsOwnRegion() {
    regions
        .region("us", unavailable())
        .region("eu", RegionInputsTest::echo)
        .region("spare", RegionInputsTest::echo)
        .start();

    FederatedStageResult result =
        regions.run(own(FederationStrategy.PARALLEL).fallbackRegion("spare"));

    RegionResult share = result.regionResults().get("us");
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(share.executedIn()).isEqualTo("spare");
    assertThat(share.output()).isEqualTo(json("{\"shard\": \"us\"}"));

    regions
        .world()
        .knows("us", region -> region.latencyMs(1.0))
        .knows("eu", region -> region.latencyMs(9.0));
    RegionResult single = regions.run(own(FederationStrategy.NEAREST)).regionResults().get("us");
    assertThat(single.executedIn()).isEqualTo("eu");
    assertThat(single.output()).isEqualTo(json("{\"shard\": \"us\"}"));
  }
}
