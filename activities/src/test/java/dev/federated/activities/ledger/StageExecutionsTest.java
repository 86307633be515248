package dev.federated.activities.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.ledger.ExecutionTotals;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FailureType;
import dev.federated.model.FederationStrategy;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.HedgedExecution;
import dev.federated.model.Hop;
import dev.federated.model.RegionError;
import dev.federated.model.RegionResult;
import dev.federated.model.RegionStatus;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StageExecutionsTest {
  private static final RegionError DOWN = RegionError.of(FailureType.REGION_UNAVAILABLE, "down");

  @Test
  void whatARedriveTookOverIsNotCountedAgain() {
    Map<String, ExecutionTotals> executions =
        StageExecutions.of(
            stage(
                List.of("us"),
                share("us", RegionStatus.SUCCEEDED, List.of(), 1),
                share("eu", RegionStatus.SUCCEEDED, List.of(), 1)));

    assertThat(executions).containsOnlyKeys("eu");
  }

  @Test
  void aShareThatMovedIsAFailureThereAndASuccessHere() {
    Map<String, ExecutionTotals> executions =
        StageExecutions.of(
            stage(null, share("eu", RegionStatus.SUCCEEDED, List.of(new Hop("us", 2, DOWN)), 3)));

    assertThat(executions.get("us").executions()).isEqualTo(1);
    assertThat(executions.get("us").successes()).isZero();
    assertThat(executions.get("eu").successes()).isEqualTo(1);
    assertThat(executions.get("eu").latencyMs()).isEqualTo(20);
    assertThat(executions.get("eu").tokens()).isEqualTo(7);
  }

  @Test
  void aRegionThatWasNotCalledExecutedNothing() {
    assertThat(
            StageExecutions.of(
                stage(null, RegionResult.notCalled("us", RegionStatus.FAILED, DOWN))))
        .isEmpty();
  }

  @Test
  void aCancelledShareCountsWithItsCostOnly() {
    ExecutionTotals cancelled =
        StageExecutions.of(stage(null, share("us", RegionStatus.CANCELLED, List.of(), 1)))
            .get("us");

    assertThat(cancelled.executions()).isZero();
    assertThat(cancelled.cost()).isEqualTo(0.5);
  }

  @Test
  void executionsThatRanSideBySideCountWhereTheyRan() {
    RegionResult share =
        share("eu", RegionStatus.SUCCEEDED, List.of(), 1)
            .withHedges(
                List.of(
                    new HedgedExecution("us", HedgeOutcome.LOST, 0, 900, 1, 0.1, true, null),
                    new HedgedExecution("ap", HedgeOutcome.FAILED, 50, 9, 1, 0, null, DOWN),
                    new HedgedExecution("eu", HedgeOutcome.WON, 50, 20, 1, 0.5, null, null)),
                2,
                0,
                0.1,
                true);

    Map<String, ExecutionTotals> executions = StageExecutions.of(stage(null, share));

    assertThat(executions.get("us").executions()).as("it did not end").isZero();
    assertThat(executions.get("us").cost()).isEqualTo(0.1);
    assertThat(executions.get("us").percentile(99)).as("but it was slow").isBetween(890L, 910L);
    assertThat(executions.get("ap").executions()).isEqualTo(1);
    assertThat(executions.get("ap").successes()).isZero();
    assertThat(executions.get("eu").successes()).isEqualTo(1);
    assertThat(executions.get("eu").cost()).isEqualTo(0.5);
    assertThat(executions.get("eu").tokens()).isEqualTo(7);
  }

  private static RegionResult share(
      String executedIn, RegionStatus status, List<Hop> hops, int attempts) {
    boolean succeeded = status == RegionStatus.SUCCEEDED;
    return new RegionResult(
        hops.isEmpty() ? executedIn : hops.get(0).region(),
        executedIn,
        status,
        succeeded ? NullNode.instance : null,
        succeeded ? null : DOWN,
        attempts,
        hops,
        20,
        7,
        0.5,
        false);
  }

  private static FederatedStageResult stage(
      @Nullable List<String> carried, RegionResult... shares) {
    Map<String, RegionResult> results = new LinkedHashMap<>();
    for (RegionResult share : shares) {
      results.put(share.region(), share);
    }
    return new FederatedStageResult(
        "process",
        StageOutcome.SUCCEEDED,
        FederationStrategy.PARALLEL,
        AggregationStrategy.MERGE,
        null,
        null,
        null,
        null,
        List.of(),
        false,
        List.of(),
        List.of(),
        results,
        List.of(),
        0,
        0,
        1,
        "workflow",
        "run",
        null,
        null,
        null,
        carried);
  }
}
