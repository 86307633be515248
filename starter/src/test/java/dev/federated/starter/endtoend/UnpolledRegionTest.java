package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@RealServer.Needed
class UnpolledRegionTest {
  @TempDir private Path directory;

  private static FederatedStageConfig block(String region) {
    return FederatedStageConfig.builder()
        .regions(List.of(region))
        .queueTimeoutSeconds(2.0)
        .fallbackRegion("spare")
        .build();
  }

  @Test
  void regionWhoseQueueNobodyPollsTakesItsFallback(Deployment deployment) {
    FederatedStageResult result =
        deployment
            .coordinator()
            .executeFederated("unpolled", block("unpolled"), Json.of("{spare: 7}"));

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(Json.of("7"));
    RegionResult share = result.regionResults().get("unpolled");
    assertThat(share.executedIn()).isEqualTo("spare");
    assertThat(share.hops())
        .singleElement()
        .satisfies(
            hop -> {
              assertThat(hop.attempts()).isZero();
              assertThat(hop.error().type()).isEqualTo(FailureType.NO_WORKER_IN_REGION);
            });
    assertThat(result.latencyMs()).isLessThan(10_000);
  }

  @Test
  void regionWhoseWorkerHasJustLeftFailsAfterTheQueueTimeout(
      Deployment deployment, RealServer server) {
    FederationCoordinator coordinator = deployment.coordinator();
    FederationWorker worker =
        FederationWorker.start(
            server.client(RealServer.DEFAULT_NAMESPACE),
            deployment.federation(),
            new WorkerRoles(false, List.of("leaving")),
            Map.of(),
            directory.resolve("data.db"),
            new MetricRegistry(),
            Duration.ofSeconds(2));
    try {
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(
                          coordinator
                              .executeFederated("there", block("leaving"), Json.of("{spare: 7}"))
                              .regionResults()
                              .get("leaving")
                              .executedIn())
                      .isEqualTo("leaving"));
    } finally {
      worker.close();
    }
    FederatedStageResult result =
        coordinator.executeFederated("left", block("leaving"), Json.of("{spare: 7}"));

    RegionResult share = result.regionResults().get("leaving");
    assertThat(share.executedIn()).isEqualTo("spare");
    // A worker was seen in the last 90 s, so that the wait may have been for a busy one.
    assertThat(share.hops().get(0).error().type()).isEqualTo(FailureType.REGION_OVERLOADED);
    assertThat(result.latencyMs()).isBetween(1_500L, 15_000L);
  }
}
