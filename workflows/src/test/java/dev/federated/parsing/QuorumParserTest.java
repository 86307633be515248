package dev.federated.parsing;

import static dev.federated.parsing.Documents.stage;
import static dev.federated.parsing.Documents.stageProblem;
import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.LateResultPolicy;
import dev.federated.model.ToleratedFailures;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The keys of quorums, of waves and of the order in which waiting executions are taken. */
class QuorumParserTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "require_available: 0 | require_available | between 1 and 10000",
        "regions: ['us-east-1'], require_available: 2 | require_available | may run the stage, 1",
        "strategy: 'nearest', require_available: 1 | require_available | runs in one region",
        "max_regions: 1.5 | max_regions | whole number",
        "strategy: 'nearest', max_regions: 1 | max_regions | runs in one region",
        "max_regions: 1, min_regions: 2 | min_regions | more than max_regions, 1",
        "grace_seconds: -1 | grace_seconds | between 0 and 86400",
        "aggregation: 'first', grace_seconds: 1 | grace_seconds | first success",
        "tolerated_failures: -1 | tolerated_failures | such as 10%",
        "tolerated_failures: 1.5 | tolerated_failures | such as 10%",
        "tolerated_failures: '101%' | tolerated_failures | such as 10%",
        "tolerated_failures: '10' | tolerated_failures | such as 10%",
        "tolerated_failures: 99999999999 | tolerated_failures | such as 10%",
        "on_late_result: 'append' | on_late_result | only read with grace_seconds",
        "strategy: 'parallel', stop_on_failure: true | stop_on_failure | strategy sequential",
        "strategy: 'parallel', pause_seconds: 1 | pause_seconds | strategy sequential",
        "strategy: 'sequential', aggregation: 'first', health_gate: true | health_gate | first success",
        "pause_seconds: 86401 | pause_seconds | between 0 and 86400",
        "health_gate: 'yes' | health_gate | true or false",
        "priority: 0 | priority | between 1 and 5",
        "priority: 6 | priority | between 1 and 5",
        "fairness_weight: 2 | fairness_weight | only read with fairness_key",
        "fairness_key: 'a', fairness_weight: 0 | fairness_weight | between 0.001 and 1000",
        "fairness_key: 'äääääääääääääääääääääääääääääääää' | fairness_key | 66 bytes, at most 64",
      })
  void whatMakesNoSenseIsRefusedAtItsPlace(String text, String key, String why) {
    Problem problem = stageProblem("{" + text + "}");

    assertThat(problem.path()).endsWith("federation." + key);
    assertThat(problem.message()).contains(why);
  }

  @ParameterizedTest
  @CsvSource({
    "on_late_result: 'apend', append",
    "grace_second: 1, grace_seconds",
    "tolerated_failure: 1, tolerated_failures",
    "stop_on_failures: true, stop_on_failure",
    "prioritty: 1, priority"
  })
  void aMisspeltNameIsRefusedWithTheNearestMatch(String text, String nearest) {
    assertThat(stageProblem("{grace_seconds: 1, " + text.replace('`', '\'') + "}").suggestions())
        .contains(nearest);
  }

  @Test
  void everyKeyIsRead() {
    assertThat(
            stage(
                "{strategy: 'sequential', regions: ['us-east-1', 'eu-west-1'],"
                    + " require_available: 2, max_regions: 2, grace_seconds: 0.5,"
                    + " tolerated_failures: '12.5 %', on_late_result: 'Append',"
                    + " stop_on_failure: true, pause_seconds: 600, health_gate: true,"
                    + " priority: 1, fairness_key: 'tenant', fairness_weight: 2}"))
        .isEqualTo(
            FederatedStageConfig.builder()
                .strategy(FederationStrategy.SEQUENTIAL)
                .regions(List.of("us-east-1", "eu-west-1"))
                .requireAvailable(2)
                .maxRegions(2)
                .graceSeconds(0.5)
                .toleratedFailures(ToleratedFailures.ofPercent(12.5))
                .onLateResult(LateResultPolicy.APPEND)
                .stopOnFailure(true)
                .pauseSeconds(600.0)
                .healthGate(true)
                .priority(1)
                .fairnessKey("tenant")
                .fairnessWeight(2.0)
                .build());
    assertThat(stage("{tolerated_failures: 2}").quorumOrDefault().toleratedFailures())
        .isEqualTo(ToleratedFailures.of(2));
  }

  @ParameterizedTest
  @CsvSource({"10, 9, 0", "10, 10, 1", "29, 100, 29", "50, 5, 2", "100, 5, 5", "0, 1000, 0"})
  void aPercentageToleratesWholeRegionsOnly(double percent, int regions, int most) {
    assertThat(ToleratedFailures.ofPercent(percent).most(regions)).isEqualTo(most);
  }
}
