package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.model.CircuitState;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CheckHealthWorkflowTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance();
  private final FakeWorld world =
      new FakeWorld(
          FederationConfig.of(
              List.of(
                  RegionConfig.builder("good").maxConcurrent(2).build(),
                  RegionConfig.builder("off").maxConcurrent(3).enabled(false).build(),
                  RegionConfig.builder("unserved").maxConcurrent(4).build(),
                  RegionConfig.builder("busy").maxConcurrent(5).build(),
                  RegionConfig.builder("broken").maxConcurrent(6).build())));

  @AfterEach
  void close() {
    environment.close();
  }

  private Map<String, RegionHealth> check() {
    Worker control = environment.newWorker(FederatedQueues.CONTROL);
    control.registerWorkflowImplementationFactory(
        CheckHealthWorkflow.class, () -> new CheckHealthWorkflowImpl(world));
    region("good", name -> new RegionHealth(true, "healthy", 1L, 0.0, 2, null));
    region(
        "broken",
        name -> {
          throw ApplicationFailure.newNonRetryableFailure("a probe broke", "java.lang.Broken");
        });
    environment.start();
    WorkflowStub stub =
        environment
            .getWorkflowClient()
            .newUntypedWorkflowStub(
                CheckHealthWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    stub.start();
    return JSON.convertValue(
        stub.getResult(JsonNode.class), new TypeReference<Map<String, RegionHealth>>() {});
  }

  private void region(String name, ProbeRegionActivity probe) {
    environment.newWorker(FederatedQueues.ofRegion(name)).registerActivitiesImplementations(probe);
  }

  @Test
  void aRegionThatDoesNotAnswerStillTellsHowManyExecutionsItTakes() {
    Map<String, RegionHealth> health = check();
    assertThat(health.get("off").status()).isEqualTo("disabled");
    assertThat(health.get("off").maxConcurrent()).isEqualTo(3);
    assertThat(health.get("unserved").status()).isEqualTo("no_worker");
    assertThat(health.get("unserved").maxConcurrent()).isEqualTo(4);
    assertThat(health.get("broken").status()).isEqualTo("unhealthy");
    assertThat(health.get("broken").maxConcurrent()).isEqualTo(6);
    assertThat(health.get("broken").reason()).contains("a probe broke");
  }

  @Test
  void aQueueThatIsPolledAndTakesNoProbeIsBusyAndNotWithoutWorker() {
    RegionHealth busy = withPolls("busy").get("busy");
    assertThat(busy.status()).isEqualTo("busy");
    assertThat(busy.healthy()).isFalse();
    assertThat(busy.reason()).contains("5 s");
  }

  private Map<String, RegionHealth> withPolls(String region) {
    world.polls(region);
    return check();
  }

  @Test
  void anOpenBreakerIsToldOfAHealthyRegion() {
    world.knows("good", region -> region.circuit(CircuitState.OPEN));
    assertThat(check().get("good").reason()).isEqualTo("circuit breaker is open");
    assertThat(world.started).isEmpty();
  }
}
