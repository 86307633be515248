package dev.federated.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.CircuitState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private final Ledger ledger = new Ledger(LedgerState.EMPTY);
  private final Map<String, Long> sequences = new LinkedHashMap<>();
  private long now = 1_000_000;

  @Test
  void aReportThatWasSentTwiceCountsOnce() {
    WorkerReport report = new WorkerReport("w", 1, null, null, Map.of("us", ended(true, 10)));
    ledger.report(report, now);
    ledger.report(report, now);

    assertThat(ledger.totals().reported().get("us").executions()).isEqualTo(1);
  }

  @Test
  void failuresThatSeveralWorkersSawOpenTheBreakerTogether() {
    hello("a", 3);
    tell("a", failures(1));
    tell("b", failures(1));
    assertThat(circuit()).isNull();

    tell("a", failures(1));

    assertThat(circuit().state()).isEqualTo(CircuitState.OPEN);
    assertThat(circuit().by()).isEqualTo("a");
  }

  @Test
  void aSuccessStartsTheCountAgain() {
    hello("a", 3);
    tell("a", failures(2));
    tell("b", new RegionReport(null, null, 0, true, null, null));
    tell("a", failures(2));

    assertThat(circuit()).isNull();
  }

  @Test
  void anOpenBreakerIsNotOpenedAgainByFailuresOfCallsThatWereUnderWay() {
    hello("a", 2);
    tell("a", failures(2));
    long openedAt = circuit().at();
    now += 1_000;

    tell("b", failures(5));

    assertThat(circuit().at()).isEqualTo(openedAt);
  }

  @Test
  void aWorkerThatIsSilentForAMinuteAndAHalfTakesWhatItRanWithIt() {
    tell("a", new RegionReport(null, null, 0, false, 4, null));
    assertThat(ledger.copy(0).known().inFlight()).containsEntry("a", Map.of("us", 4));
    now += Ledger.WORKER_GONE_MS + 1;

    tell("b", failures(0));

    assertThat(ledger.copy(0).known().inFlight()).isEmpty();
  }

  @Test
  void aCopyThatIsUpToDateIsNotSentAgain() {
    tell("a", new RegionReport(false, null, 0, false, null, null));
    LedgerCopy copy = ledger.copy(0);
    assertThat(copy.known().health().get("us").online()).isFalse();

    assertThat(ledger.copy(copy.version()).known()).isNull();
    tell("a", new RegionReport(true, null, 0, false, null, null));
    assertThat(ledger.copy(copy.version()).known()).isNotNull();
  }

  @Test
  void aRegionThatNobodyHasCannotBeDrainedAndTheNearestNameIsTold() {
    hello("a", 3);

    assertThat(ledger.refusal(operation(RegionOperation.Action.DRAIN, "us-eats-1")))
        .contains("no region named us-eats-1", "did you mean us-east-1?");
    assertThat(ledger.refusal(operation(RegionOperation.Action.ADD, "us")))
        .contains("a region named us already");
    assertThat(ledger.refusal(operation(RegionOperation.Action.ADD, "new")))
        .contains("without its configuration");
  }

  @Test
  void aRegionIsDrainedTakenBackAddedAndRemoved() {
    hello("a", 3);
    ledger.operate(operation(RegionOperation.Action.DRAIN, "us"));
    assertThat(ledger.settings().get("us").drained()).isTrue();
    ledger.operate(operation(RegionOperation.Action.ENABLE, "us"));
    assertThat(ledger.settings()).isEmpty();

    ledger.operate(
        new RegionOperation(
            RegionOperation.Action.ADD,
            "new",
            JsonNodeFactory.instance.objectNode().put("name", "new"),
            "more room"));
    assertThat(ledger.refusal(operation(RegionOperation.Action.DRAIN, "new"))).isNull();
    ledger.operate(operation(RegionOperation.Action.REMOVE, "new"));
    assertThat(ledger.settings()).as("it never was in a file").isEmpty();
    ledger.operate(operation(RegionOperation.Action.REMOVE, "us"));
    assertThat(ledger.settings().get("us").removed()).isTrue();
    assertThat(ledger.refusal(operation(RegionOperation.Action.DRAIN, "us")))
        .contains("no region named us");
  }

  @Test
  void whatOneRunKnowsTheNextOneKnows() {
    hello("a", 3);
    tell("a", new RegionReport(false, CircuitState.OPEN, 0, false, 2, null));
    tell("a", ended(true, 40));
    ledger.operate(operation(RegionOperation.Action.DRAIN, "us"));
    ledger.collected(
        new CollectedStages(
            Map.of("us", ExecutionTotals.of(true, 40, 10, 0.5)),
            Map.of("process", ExecutionTotals.of(true, 40, 10, 0.5)),
            77,
            List.of("run"),
            false));

    LedgerState state = ledger.state();

    assertThat(new Ledger(state).state()).isEqualTo(state);
    assertThat(new Ledger(state).copy(0)).isEqualTo(ledger.copy(0));
  }

  @Test
  void figuresOfClosedStagesGoBeforeReportedOnesWhereTheServerListsThem() {
    tell("a", ended(true, 40));
    assertThat(ledger.totals().approximate()).isTrue();
    assertThat(ledger.totals().best().get("us").executions()).isEqualTo(1);

    ledger.collected(
        new CollectedStages(
            Map.of("us", ExecutionTotals.of(false, 1, 0, 0)), Map.of(), 5, List.of(), false));

    assertThat(ledger.totals().approximate()).isFalse();
    assertThat(ledger.totals().best().get("us").successes()).isZero();
  }

  @Test
  void percentilesComeFromAllExecutions() {
    ExecutionTotals totals = ExecutionTotals.NONE;
    for (int ms = 1; ms <= 1000; ms++) {
      totals = totals.plus(ExecutionTotals.of(true, ms, 1, 0.1));
    }

    assertThat(totals.executions()).isEqualTo(1000);
    assertThat(totals.percentile(50)).isBetween(495L, 505L);
    assertThat(totals.percentile(99)).isBetween(980L, 1000L);
    assertThat(totals.meanTokens()).isEqualTo(1);
    assertThat(ExecutionTotals.NONE.percentile(50)).isNull();
    assertThat(totals.latencies().length()).as("bytes of a region").isLessThan(1_500);
  }

  @Test
  void workersAreToldThePercentilesOfEveryRegion() {
    for (int ms = 1; ms <= 100; ms++) {
      tell("a", ended(true, ms));
    }

    LatencyPercentiles told = ledger.copy(-1).known().latencies().get("us");

    assertThat(told.samples()).isEqualTo(100);
    assertThat(told.at(50)).isBetween(49L, 51L);
    assertThat(told.at(95)).isBetween(94L, 96L);
    assertThat(told.at(42)).isNull();
    assertThat(ledger.copy(-1).known().latencies()).isEqualTo(Map.of("us", told));
    tell("a", ended(true, 500));
    assertThat(ledger.copy(-1).known().latencies().get("us").samples()).isEqualTo(101);
  }

  private void hello(String worker, int threshold) {
    ledger.report(
        new WorkerReport(
            worker,
            sequences.merge(worker, 1L, Long::sum),
            List.of("us", "eu", "us-east-1"),
            new CircuitBreakerConfig(threshold, 60),
            Map.of()),
        now);
  }

  private void tell(String worker, RegionReport report) {
    ledger.report(
        new WorkerReport(
            worker, sequences.merge(worker, 1L, Long::sum), null, null, Map.of("us", report)),
        now);
  }

  private LedgerState.@Nullable Circuit circuit() {
    return ledger.copy(-1).known().circuits().get("us");
  }

  private static RegionReport failures(int failures) {
    return new RegionReport(null, null, failures, false, null, null);
  }

  private static RegionReport ended(boolean succeeded, long latencyMs) {
    return new RegionReport(
        null,
        null,
        succeeded ? 0 : 1,
        succeeded,
        null,
        ExecutionTotals.of(succeeded, latencyMs, 0, 0));
  }

  private static RegionOperation operation(RegionOperation.Action action, String region) {
    return new RegionOperation(action, region, null, null);
  }
}
