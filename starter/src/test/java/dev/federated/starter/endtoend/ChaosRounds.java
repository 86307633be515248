package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.ParkedStage;
import dev.federated.stage.StageDecision;
import dev.federated.starter.DecisionRefusedException;
import dev.federated.starter.Execution;
import dev.federated.starter.ParkedExecution;
import dev.federated.starter.RedriveOptions;
import dev.federated.starter.endtoend.ChaosDeployment.Victim;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflow.v1.PendingActivityInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Rounds of a fault suite: stages are brought to a moment, something is killed or cut off, the held
 * answers are let go while it is away, it comes back, and what is missing or was executed again is
 * counted.
 */
final class ChaosRounds {
  private static final List<String> REGIONS = ChaosDeployment.REGIONS;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofMillis(25);

  private final ChaosDeployment deployment;
  private final ChaosTable table = new ChaosTable();
  private int number;

  ChaosRounds(ChaosDeployment deployment) {
    this.deployment = deployment;
  }

  ChaosTable table() {
    return table;
  }

  /** How far a stage is. */
  enum Moment {
    SELECTED("after selection, 0 of 3 regions done", 0),
    ONE_DONE("1 of 3 regions done", 1),
    ALL_DONE("last result recorded, stage still open", 3);

    private final String text;
    private final int done;

    Moment(String text, int done) {
      this.text = text;
      this.done = done;
    }

    /** The regions whose results are recorded. */
    private List<String> done() {
      return REGIONS.subList(0, done);
    }
  }

  /** One stage of a round. */
  private record Stage(String id, JsonNode inputs, Execution<FederatedStageResult> execution) {}

  /** Kills while stages of three regions run. */
  void kill(Victim victim, Moment moment, int stages) throws Exception {
    deployment.awaitWhole();
    List<Stage> running = bringTo(moment, stages);
    int before = executions(running, moment.done());
    deployment.kill(victim);
    for (String region : REGIONS) {
      release(running, region);
    }
    deployment.restart(victim);
    if (moment == Moment.ALL_DONE && victim != Victim.CONTROL) {
      deployment.thawControl();
    }
    int lost = lost(running);
    table.add(
        victim.text(),
        moment.text,
        new ChaosTable.Row(
            victim.processes(),
            stages,
            lost,
            twice(running),
            executions(running, moment.done()) - before));
  }

  /**
   * Cuts the worker of region c off while its call runs.
   *
   * @param givenUp whether it stays away until Temporal has given its attempt up
   */
  void cutOff(Moment moment, boolean givenUp, int stages) throws Exception {
    deployment.awaitWhole();
    List<Stage> running = bringTo(moment, stages);
    int before = executions(running, moment.done());
    deployment.cutOff();
    for (String region : REGIONS) {
      release(running, region);
    }
    if (moment == Moment.ALL_DONE) {
      deployment.thawControl();
    }
    for (Stage stage : running) {
      awaitDone(stage, Math.max(moment.done, REGIONS.size() - 1));
      if (givenUp) {
        await("the attempt in the region that is cut off is given up")
            .atMost(PATIENCE)
            .pollInterval(POLL)
            .until(() -> pendingAttempts(stage).equals(List.of(2)));
      }
    }
    deployment.reconnect();
    int lost = lost(running);
    table.add(
        givenUp
            ? "region cut off until its attempt is given up, and back"
            : "region cut off for a moment, and back",
        moment.text,
        new ChaosTable.Row(
            0, stages, lost, twice(running), executions(running, moment.done()) - before));
  }

  /** Kills while a stage waits for an operator, who then has the failed region executed again. */
  void killWhileParked(Victim victim) throws Exception {
    deployment.awaitWhole();
    Stage stage = startWithBrokenRegion(PartialFailurePolicy.WAIT);
    awaitParked(stage);
    int before = executions(List.of(stage), List.of("a", "b"));
    deployment.kill(victim);
    deployment.restart(victim);
    repairBrokenRegion(stage);
    release(List.of(stage), "c");
    ParkedExecution parked = awaitParked(stage);
    assertThat(parked.stage().successfulRegions()).containsExactly("a", "b");
    // Once does, unless the control worker has not yet seen that the region is back.
    await("the failed region is executed again")
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .ignoreException(DecisionRefusedException.class)
        .until(() -> !retry(stage).parked());
    count(victim, "parked, then retried by an operator", stage, before);
  }

  private ParkedStage retry(Stage stage) {
    return deployment.coordinator().decide(awaitParked(stage), StageDecision.retry(List.of("c")));
  }

  /** Kills while the failed region of a closed stage is executed again. */
  void killWhileRedriven(Victim victim) throws Exception {
    deployment.awaitWhole();
    Stage failed = startWithBrokenRegion(PartialFailurePolicy.FAIL);
    var unused =
        catchThrowableOfType(FederatedStageException.class, () -> failed.execution().result());
    assertThat(unused.result().successfulRegions()).containsExactly("a", "b");
    repairBrokenRegion(failed);
    int before = executions(List.of(failed), List.of("a", "b"));
    Stage redriven =
        new Stage(
            failed.id(),
            failed.inputs(),
            deployment.coordinator().redriveStage(failed.execution().workflowId(), withRetries()));
    awaitHeld(redriven, "c");
    deployment.kill(victim);
    release(List.of(redriven), "c");
    deployment.restart(victim);
    count(victim, "redrive runs, 2 of 3 taken over", redriven, before);
  }

  /** The stage that failed has no retries; with a node of its own killed it needs some. */
  private static RedriveOptions withRetries() {
    return new RedriveOptions(Map.of(), false, block().build());
  }

  private void count(Victim victim, String moment, Stage stage, int before) throws Exception {
    List<Stage> stages = List.of(stage);
    int lost = lost(stages);
    table.add(
        victim.text(),
        moment,
        new ChaosTable.Row(
            victim.processes(),
            1,
            lost,
            twice(stages),
            executions(stages, List.of("a", "b")) - before));
  }

  private List<Stage> bringTo(Moment moment, int stages) throws Exception {
    List<Stage> running = new ArrayList<>();
    for (int i = 0; i < stages; i++) {
      String id = "chaos" + ++number;
      running.add(start(id, block().build()));
    }
    for (Stage stage : running) {
      for (String region : REGIONS) {
        awaitHeld(stage, region);
      }
    }
    if (moment == Moment.ALL_DONE) {
      deployment.freezeControl();
    }
    for (String region : moment.done()) {
      release(running, region);
    }
    for (Stage stage : running) {
      awaitDone(stage, moment.done);
    }
    return running;
  }

  private static FederatedStageConfig.Builder block() {
    return FederatedStageConfig.builder()
        .strategy(FederationStrategy.PARALLEL)
        .aggregation(AggregationStrategy.MERGE)
        .regions(REGIONS)
        .timeoutSeconds(60)
        .retryDelaySeconds(0.2)
        .maxRetries(20);
  }

  private Stage start(String id, FederatedStageConfig config) {
    JsonNode inputs = Json.of("{a: '%1$s in a', b: '%1$s in b', c: '%1$s in c'}".formatted(id));
    return new Stage(
        id,
        inputs,
        deployment
            .coordinator()
            .startFederated(
                new StageRequest(id, ChaosNode.COUNTED, Json.of("{}"), inputs, config)));
  }

  private Stage startWithBrokenRegion(PartialFailurePolicy policy) throws IOException {
    String id = "chaos" + ++number;
    Files.writeString(file("broken", id, "c"), "");
    Files.writeString(file("release", id, "a"), "");
    Files.writeString(file("release", id, "b"), "");
    return start(id, block().onPartialFailure(policy).minRegions(3).maxRetries(0).build());
  }

  private void repairBrokenRegion(Stage stage) throws IOException {
    Files.delete(file("broken", stage.id(), "c"));
  }

  private ParkedExecution awaitParked(Stage stage) {
    return await("the stage is parked")
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .ignoreExceptions()
        .until(
            () -> deployment.coordinator().parked(stage.execution().workflowId()),
            parked -> parked.size() == 1)
        .get(0);
  }

  private Path file(String what, String stageId, String region) {
    return ChaosNode.file(deployment.directory(), what, stageId, region);
  }

  private void release(List<Stage> stages, String region) throws IOException {
    for (Stage stage : stages) {
      Files.writeString(file("release", stage.id(), region), "");
    }
  }

  private void awaitHeld(Stage stage, String region) {
    await("region %s has executed %s and holds its answer".formatted(region, stage.id()))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(() -> Files.exists(file("held", stage.id(), region)));
  }

  /** Waits until the history has so many results of regions. */
  private void awaitDone(Stage stage, int regions) {
    await("%d results of %s are recorded".formatted(regions, stage.id()))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(() -> recorded(stage) == regions);
  }

  private long recorded(Stage stage) {
    return deployment.coordinator().history(stage.execution().workflowId()).getEvents().stream()
        .map(HistoryEvent::getEventType)
        .filter(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED::equals)
        .count();
  }

  private List<Integer> pendingAttempts(Stage stage) {
    return deployment
        .client()
        .newUntypedWorkflowStub(stage.execution().workflowId())
        .describe()
        .getRawDescription()
        .getPendingActivitiesList()
        .stream()
        .map(PendingActivityInfo::getAttempt)
        .toList();
  }

  /** Waits for the stages and counts the results of regions that are missing or wrong. */
  private int lost(List<Stage> stages) throws InterruptedException {
    int lost = 0;
    for (Stage stage : stages) {
      try {
        FederatedStageResult result =
            stage.execution().resultAsync().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        lost += lost(stage, result);
      } catch (ExecutionException | TimeoutException e) {
        System.out.println("lost: " + stage.execution().workflowId() + ": " + e);
        lost += REGIONS.size();
      }
    }
    return lost;
  }

  private static int lost(Stage stage, FederatedStageResult result) {
    int lost = 0;
    for (String region : REGIONS) {
      RegionResult share = result.regionResults().get(region);
      JsonNode output = share == null ? null : share.output();
      if (output == null || !output.path(region).equals(stage.inputs().get(region))) {
        System.out.println("lost: " + stage.id() + " in " + region + ": " + share);
        lost++;
      }
    }
    if (lost == 0) {
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
      assertThat(result.aggregated()).isEqualTo(stage.inputs());
    }
    return lost;
  }

  /** Executions of the stages in those regions, whatever their key. */
  private int executions(List<Stage> stages, List<String> regions) throws IOException {
    int executions = 0;
    for (String region : regions) {
      for (String line : executions(region)) {
        executions += stages.stream().anyMatch(stage -> line.startsWith(stage.id() + " ")) ? 1 : 0;
      }
    }
    return executions;
  }

  /** Executions of the stages beyond the first of each key. */
  private int twice(List<Stage> stages) throws IOException {
    Map<String, Integer> byKey = new HashMap<>();
    for (String region : REGIONS) {
      for (String line : executions(region)) {
        if (stages.stream().anyMatch(stage -> line.startsWith(stage.id() + " "))) {
          byKey.merge(line, 1, Integer::sum);
        }
      }
    }
    assertThat(byKey).as("keys, one for each region's share").hasSize(stages.size() * 3);
    return byKey.values().stream().mapToInt(count -> count - 1).sum();
  }

  private List<String> executions(String region) throws IOException {
    return Files.readAllLines(ChaosNode.executions(deployment.directory(), region), UTF_8);
  }
}
