package dev.federated.activities.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FailureType;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FederationMetricsTest {
  private final FederationMetrics metrics = new FederationMetrics(new MetricRegistry());

  @ParameterizedTest
  @ValueSource(strings = {"io.temporal.latency", "a;b", "a;=b", ""})
  void aNameThatIsNotOursIsItsOwnFamily(String name) {
    assertThat(MetricName.parse(name)).isEqualTo(new MetricName(name, Map.of()));
  }

  @Test
  void aRegionWithDotsInItsNameIsReadBackAsALabel() {
    metrics.executionStarted("eu.west-1.prod");
    metrics.executionEnded("eu.west-1.prod", RegionStatus.SUCCEEDED, null, 12);

    assertThat(metrics.registry().getCounters().keySet())
        .extracting(MetricName::parse)
        .contains(
            new MetricName(
                FederationMetrics.REGION_EXECUTIONS,
                Map.of("region", "eu.west-1.prod", "status", "succeeded")));
  }

  /** Bug 10 of the Python code: outages never reached the metrics. */
  @Test
  void failuresAndStagesWithoutAnyRegionAreCounted() {
    metrics.executionStarted("a");
    metrics.executionEnded("a", RegionStatus.FAILED, FailureType.REGION_TIMEOUT, 300);
    metrics.executionRefused("a", FailureType.CIRCUIT_OPEN);
    metrics.stageEnded(FederationStrategy.NEAREST, StageOutcome.FAILED, 0);

    assertThat(count("federation.region.executions;region=a;status=failed")).isEqualTo(1);
    assertThat(count("federation.region.failures;region=a;type=RegionTimeout")).isEqualTo(1);
    assertThat(count("federation.region.failures;region=a;type=CircuitOpen")).isEqualTo(1);
    assertThat(count("federation.stages;strategy=nearest;outcome=failed")).isEqualTo(1);
  }

  /** Bug 10 of the Python code: a stage's latency was the sum over its parallel regions. */
  @Test
  void aStagesLatencyIsItsOwn() {
    for (String region : new String[] {"a", "b", "c"}) {
      metrics.executionStarted(region);
      metrics.executionEnded(region, RegionStatus.SUCCEEDED, null, 100);
    }
    metrics.stageEnded(FederationStrategy.PARALLEL, StageOutcome.SUCCEEDED, 110);

    var timer = metrics.registry().timer("federation.stage.latency;strategy=parallel");
    assertThat(timer.getSnapshot().getMax()).isEqualTo(110_000_000L);
  }

  @Test
  void whatRunsIsInFlight() {
    assertThat(metrics.inFlight("a")).isZero();
    metrics.executionStarted("a");
    metrics.executionStarted("a");
    assertThat(metrics.inFlight("a")).isEqualTo(2);
    metrics.executionEnded("a", RegionStatus.CANCELLED, null, 1);

    assertThat(metrics.inFlight("a")).isEqualTo(1);
  }

  private long count(String name) {
    return metrics.registry().counter(name).getCount();
  }
}
