package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.HedgedExecution;
import dev.federated.model.RegionResult;
import dev.federated.stage.FederatedStageResult;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A region that does not answer is hedged, and what it was asked ends soon after. */
@Timeout(60)
@RealServer.Needed
class HedgedRegionTest {
  /** A heartbeat goes out every half second; the rest is for a busy machine. */
  private static final Duration SOON = Duration.ofSeconds(2);

  @Test
  void theCallThatWasOvertakenEndsAtTheRegionsNode(Deployment deployment) throws Exception {
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .regions(List.of("silent"))
            .fallbackRegion("eu")
            .idempotent(true)
            .hedge(Hedge.afterSeconds(0.3).withMaxExtraLoad(1))
            .build();

    FederatedStageResult result =
        deployment.coordinator().executeFederated("hedged", block, Json.of("{eu: 5}"));
    long answeredAt = System.nanoTime();

    RegionResult share = result.regionResults().get("silent");
    assertThat(share.executedIn()).isEqualTo("eu");
    assertThat(share.hedges())
        .extracting(HedgedExecution::outcome)
        .containsExactly(HedgeOutcome.LOST, HedgeOutcome.WON);
    long givenUpAt = deployment.silent().givenUp().get(30, TimeUnit.SECONDS);
    Duration after = Duration.ofNanos(givenUpAt - answeredAt);
    System.out.printf("the overtaken call ended %d ms after the stage%n", after.toMillis());
    assertThat(after).isLessThan(SOON);
    assertThat(deployment.silent().asked()).isEqualTo(1);
  }
}
