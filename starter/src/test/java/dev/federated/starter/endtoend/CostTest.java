package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.Candidate;
import dev.federated.model.DataLocation;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.node.NodeAnswer;
import io.temporal.client.WorkflowClient;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a stage costs with its data, and how max_cost stops it; the figures are printed. */
@Timeout(120)
@RealServer.Needed
class CostTest {
  private static final List<String> REGIONS = List.of("us-east-1", "eu-west-1", "ap-south-1");
  private static final long FIFTY_GB = 50_000_000_000L;
  private static final int TOKENS = 1_000;

  @TempDir private Path directory;

  /** A node that answers with what the execution used and cost. */
  private static TestNode reporting(String region, double cost) {
    return TestNode.faulty(
        region,
        (request, next) ->
            NodeAnswer.ok(
                Json.of("{output: 1, tokens_used: %d, cost: %s}".formatted(TOKENS, cost))));
  }

  private static FederatedStageConfig.Builder stage() {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.COST_OPTIMIZED)
        .regions(REGIONS)
        .dataLocation(DataLocation.inRegion("us-east-1"))
        .dataSizeBytes(FIFTY_GB)
        .expectedTokens(TOKENS);
  }

  @Test
  void theCheapestRegionIncludingTheMoveIsChosenAndMaxCostStopsAttempts(RealServer server) {
    WorkflowClient client = server.client(server.newNamespace("cost"));
    try (TestNode us = reporting("us-east-1", 2.0);
        TestNode eu = reporting("eu-west-1", 1.6);
        TestNode ap =
            TestNode.faulty(
                "ap-south-1",
                (request, next) -> NodeAnswer.error(503, "Down", "answered by the test"));
        InProcessWorkers workers =
            InProcessWorkers.start(
                client, federation(us, eu, ap), REGIONS, directory, factory -> {})) {
      FederationCoordinator coordinator = new FederationCoordinator(workers.client());
      cheapest(coordinator);
      stopped(coordinator, ap);
      refused(coordinator, us, eu);
    }
  }

  /** By execution ap, eu, us; with 50 GB out of us-east-1 eu, us, ap. */
  private static FederationConfig federation(TestNode us, TestNode eu, TestNode ap) {
    return FederationConfig.of(
        List.of(
            RegionConfig.builder("us-east-1")
                .endpoint(us.endpoint())
                .costPerExecution(1.5)
                .costPerToken(0.0005)
                .egressCostPerGb(0.09)
                .egressCostPerGbTo(Map.of("eu-west-1", 0.02))
                .build(),
            RegionConfig.builder("eu-west-1")
                .endpoint(eu.endpoint())
                .costPerExecution(0.4)
                .costPerToken(0.0001)
                .build(),
            RegionConfig.builder("ap-south-1")
                .endpoint(ap.endpoint())
                .costPerExecution(0.1)
                .build()));
  }

  private static void cheapest(FederationCoordinator coordinator) {
    JsonNode inputs = Json.of("{}");
    FederatedStageResult result = coordinator.executeFederated("cheapest", stage().build(), inputs);

    List<Candidate> candidates = result.decisions().get(0).candidates();
    for (Candidate candidate : candidates) {
      System.out.printf(
          "cost: %s estimated at %.2f: %s%n",
          candidate.region(), candidate.estimatedCost(), candidate.reason());
    }
    assertThat(candidates)
        .extracting(Candidate::region)
        .containsExactly("eu-west-1", "us-east-1", "ap-south-1");
    assertThat(candidates).extracting(Candidate::estimatedCost).containsExactly(1.5, 2.0, 4.6);
    RegionResult share = result.regionResults().get("eu-west-1");
    System.out.printf(
        "cost: executed in %s, estimated at %.2f, paid %.2f, error %.2f%n",
        share.executedIn(),
        share.estimatedCost(),
        share.cost(),
        share.cost() - share.estimatedCost());
    assertThat(share.estimatedCost()).isCloseTo(1.5, within(1e-9));
    assertThat(share.cost()).isEqualTo(1.6);
  }

  private static void stopped(FederationCoordinator coordinator, TestNode ap) {
    FederatedStageConfig stage =
        stage()
            .regions(List.of("ap-south-1"))
            .dataSizeBytes(0)
            .maxRetries(9)
            .retryDelaySeconds(0)
            .maxCost(0.25)
            .build();
    FederatedStageResult result = failed(coordinator, "stopped", stage);

    System.out.println("cost: stopped after " + ap.asked() + " attempts: " + result.error());
    assertThat(ap.asked()).isEqualTo(2);
    assertThat(result.error().message()).contains("max_cost is 0.25: 0.2 is spent");
  }

  private static void refused(FederationCoordinator coordinator, TestNode us, TestNode eu) {
    int asked = us.asked() + eu.asked();
    FederatedStageResult result = failed(coordinator, "refused", stage().maxCost(1.0).build());

    System.out.println("cost: refused: " + result.error());
    assertThat(result.error().type()).isEqualTo(FailureType.NO_ELIGIBLE_REGION);
    assertThat(result.error().message())
        .isEqualTo("max_cost is 1, and the cheapest region, eu-west-1, is estimated to cost 1.5");
    assertThat(us.asked() + eu.asked()).isEqualTo(asked);
  }

  private static FederatedStageResult failed(
      FederationCoordinator coordinator, String stageId, FederatedStageConfig stage) {
    try {
      FederatedStageResult result = coordinator.executeFederated(stageId, stage, Json.of("{}"));
      throw new AssertionError("the stage ended as " + result.outcome());
    } catch (FederatedStageException e) {
      assertThat(e.result().outcome()).isEqualTo(StageOutcome.FAILED);
      return e.result();
    }
  }
}
