package dev.federated.starter;

import static dev.federated.starter.FederationEnvironment.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.stage.FederatedStageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RemoteExecutorTest {
  @TempDir static Path directory;
  private static FederationEnvironment environment;

  @BeforeAll
  static void start() {
    environment =
        FederationEnvironment.start(
            FederationConfig.of(
                List.of(
                    RegionConfig.builder("us").tags(List.of("gpu")).build(),
                    RegionConfig.builder("eu").build())),
            directory);
  }

  @AfterAll
  static void stop() {
    environment.close();
  }

  private static RemoteExecutor executor(
      String type, String config, FederatedStageConfig.Builder settings) {
    return new RemoteExecutor(
        environment.coordinator(), type, json(config), settings.maxRetries(0).build());
  }

  /** Bug 12 of the Python code: unknown names of regions were dropped silently. */
  @Test
  void pythonBug12AnUnknownRegionIsAnErrorAndNotDropped() {
    RemoteExecutor executor = new RemoteExecutor(environment.coordinator());

    assertThatThrownBy(() -> executor.execute("mars", "s", json("1")))
        .isInstanceOf(FederatedStageException.class)
        .hasMessageContaining("mars");
    assertThatThrownBy(() -> executor.executeParallel(List.of("us", "mars"), "s", json("1")))
        .isInstanceOf(FederatedStageException.class)
        .hasMessageContaining("mars");
  }

  @Test
  void aRegionThatMayNotRunTheStageIsAnErrorWithTheReason() {
    RemoteExecutor executor =
        executor("transformer", "{}", FederatedStageConfig.builder().requiredTags(List.of("gpu")));

    assertThatThrownBy(() -> executor.execute("eu", "s", json("1")))
        .isInstanceOf(FederatedStageException.class)
        .hasMessageContaining("missing tag gpu");
    assertThat(executor.executeParallel(List.of("us", "eu"), "s", json("1")))
        .satisfies(
            results -> {
              assertThat(results.get("us").status()).isEqualTo(RegionStatus.SUCCEEDED);
              assertThat(results.get("eu").status()).isEqualTo(RegionStatus.SKIPPED);
            });
  }

  @Test
  void aFailureIsAResultAndNoException() {
    RemoteExecutor executor =
        executor(
            "transformer",
            "{\"jmespath_expression\": \"abs('x')\"}",
            FederatedStageConfig.builder());

    RegionResult result = executor.execute("us", "s", json("1"));

    assertThat(result.status()).isEqualTo(RegionStatus.FAILED);
    assertThat(result.error().type()).isEqualTo(FailureType.COMPONENT_FAILED);
    assertThat(executor.executeParallel(List.of("eu", "us"), "s", json("1")).values())
        .allMatch(each -> each.status() == RegionStatus.FAILED);
  }

  @Test
  void resultsStandInTheOrderGiven() {
    Map<String, RegionResult> results =
        executor("transformer", "{}", FederatedStageConfig.builder())
            .executeParallel(List.of("us", "eu"), "s", json("{\"a\": 1}"));

    assertThat(results.keySet()).containsExactly("us", "eu");
    assertThat(results.values()).allMatch(result -> result.output().equals(json("{\"a\": 1}")));
  }
}
