package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hop;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each region here has one fault; region spare works and is the fallback. */
@Timeout(60)
@RealServer.Needed
class RegionFaultsTest {
  /** Far below the total timeouts, which are minutes; attempts and pauses here take under 5 s. */
  private static final long PROMPT_MS = 15_000;

  private Deployment deployment;

  @BeforeEach
  void connect(Deployment deployment) {
    this.deployment = deployment;
  }

  private static FederatedStageConfig.Builder block(String region) {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.NEAREST)
        .regions(List.of(region))
        .timeoutSeconds(1)
        .maxRetries(1)
        .retryDelaySeconds(0.1)
        .fallbackRegion("spare");
  }

  private static StageRequest request(FederatedStageConfig config) {
    return new StageRequest(
        "faults",
        "transformer",
        Json.of("{}"),
        Json.of("{spare: {from: 'spare'}, us: {from: 'us'}}"),
        config);
  }

  private FederatedStageResult run(FederatedStageConfig config) {
    return deployment.coordinator().executeFederated(request(config));
  }

  /** Runs a stage there, which has to end in region spare after that many attempts. */
  private Hop hopsToSpare(String region, int attempts) {
    int before = deployment.asked(region);
    FederatedStageResult result = run(block(region).build());

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).isEqualTo(Json.of("{from: 'spare'}"));
    assertThat(result.latencyMs()).isLessThan(PROMPT_MS);
    RegionResult share = result.regionResults().get(region);
    assertThat(share.executedIn()).isEqualTo("spare");
    assertThat(share.attempts()).isEqualTo(attempts + 1);
    assertThat(deployment.asked(region) - before).as("requests at the node").isEqualTo(attempts);
    assertThat(share.hops()).hasSize(1);
    Hop hop = share.hops().get(0);
    assertThat(hop.region()).isEqualTo(region);
    assertThat(hop.attempts()).isEqualTo(attempts);
    return hop;
  }

  /** Runs a stage there, which has to fail after one attempt although there is a fallback. */
  private FederatedStageResult failsWithoutHop(String region) {
    int before = deployment.asked(region);
    FederatedStageException failure =
        catchThrowableOfType(
            FederatedStageException.class, () -> run(block(region).timeoutSeconds(20).build()));

    FederatedStageResult result = failure.result();
    assertThat(result.outcome()).isEqualTo(StageOutcome.FAILED);
    assertThat(result.latencyMs()).isLessThan(PROMPT_MS);
    assertThat(deployment.asked(region) - before).as("requests at the node").isEqualTo(1);
    assertThat(result.regionResults().get(region).hops()).isEmpty();
    assertThat(result.regionResults().get(region).attempts()).isEqualTo(1);
    return result;
  }

  @Test
  void regionKnownToBeDownIsNotCalledAndTakesItsFallback() {
    // The first health check may still be under way.
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              FederatedStageResult result =
                  run(block("down").strategy(FederationStrategy.PARALLEL).build());
              assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
              RegionResult share = result.regionResults().get("down");
              assertThat(share.executedIn()).isEqualTo("spare");
              assertThat(share.hops()).hasSize(1);
              assertThat(share.hops().get(0).attempts()).isZero();
              assertThat(share.hops().get(0).error().type())
                  .isEqualTo(FailureType.REGION_UNAVAILABLE);
            });
  }

  @Test
  void connectionsThatAreClosedWithoutAnAnswerAreRepeated() {
    Hop hop = hopsToSpare("reset", 2);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(hop.error().httpStatus()).isNull();
  }

  @Test
  void regionSlowerThanTheTimeoutIsRepeated() {
    Hop hop = hopsToSpare("slow", 2);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
  }

  @Test
  void status401IsNotRepeatedButHops() {
    Hop hop = hopsToSpare("unauthorized", 1);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_REJECTED);
    assertThat(hop.error().httpStatus()).isEqualTo(401);
    assertThat(hop.error().retryable()).isFalse();
  }

  @Test
  void status404IsNotRepeatedButHops() {
    Hop hop = hopsToSpare("missing", 1);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_REJECTED);
    assertThat(hop.error().httpStatus()).isEqualTo(404);
  }

  @Test
  void status422IsRefusedEverywhereSoThatItDoesNotHop() {
    int spare = deployment.asked("spare");
    FederatedStageResult result = failsWithoutHop("invalid");
    assertThat(result.error().type()).isEqualTo(FailureType.REGION_REJECTED);
    assertThat(result.error().httpStatus()).isEqualTo(422);
    assertThat(deployment.asked("spare")).isEqualTo(spare);
  }

  @Test
  void status429IsRepeatedAfterTheTimeThatItAsksFor() {
    long start = System.nanoTime();
    Hop hop = hopsToSpare("throttled", 2);
    assertThat(System.nanoTime() - start).isGreaterThan(1_000_000_000L);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_OVERLOADED);
    assertThat(hop.error().message()).contains("Retry-After 1 s");
  }

  @Test
  void status500IsRepeated() {
    Hop hop = hopsToSpare("broken", 2);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(hop.error().httpStatus()).isEqualTo(500);
  }

  @Test
  void status503IsRepeated() {
    Hop hop = hopsToSpare("unavailable", 2);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(hop.error().httpStatus()).isEqualTo(503);
  }

  @Test
  void bodyThatIsNotJsonIsNotRepeatedButHops() {
    Hop hop = hopsToSpare("garbage", 1);
    assertThat(hop.error().type()).isEqualTo(FailureType.INVALID_REGION_RESPONSE);
  }

  @Test
  void answerThatIsCutOffIsRepeated() {
    Hop hop = hopsToSpare("half", 2);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
  }

  @Test
  void redirectIsNotFollowed() {
    Hop hop = hopsToSpare("redirect", 1);
    assertThat(hop.error().type()).isEqualTo(FailureType.REGION_REJECTED);
    assertThat(hop.error().httpStatus()).isEqualTo(302);
  }

  @Test
  void answerOf50MegabytesIsTooLargeAndEndsTheStage() {
    FederatedStageResult result = failsWithoutHop("huge");
    assertThat(result.error().type()).isEqualTo(FailureType.RESPONSE_TOO_LARGE);
    assertThat(result.error().message()).contains("50000000").contains("1048576");
  }

  @Test
  void answerOf50MegabytesOfUnknownLengthIsTooLargeAsWell() {
    FederatedStageResult result = failsWithoutHop("endless");
    assertThat(result.error().type()).isEqualTo(FailureType.RESPONSE_TOO_LARGE);
  }

  @Test
  void regionThatFailsBesideOneThatWorksIsAPartialOutcome() {
    FederatedStageResult result =
        run(
            FederatedStageConfig.builder()
                .regions(List.of("us", "missing"))
                .aggregation(AggregationStrategy.ALL)
                .build());

    assertThat(result.outcome()).isEqualTo(StageOutcome.PARTIAL);
    assertThat(result.hasPartialFailure()).isTrue();
    assertThat(result.successfulRegions()).containsExactly("us");
    assertThat(result.failedRegions()).containsExactly("missing");
    assertThat(result.aggregated()).isEqualTo(Json.of("[{from: 'us'}]"));
  }
}
