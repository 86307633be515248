package dev.federated.stage;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.hangs;
import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.refuses;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitState;
import dev.federated.model.DataLocation;
import dev.federated.model.Distribution;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.Hedge;
import dev.federated.model.KeyRoot;
import dev.federated.model.LateResultPolicy;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.PartitionBy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.model.ToleratedFailures;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineRedrive;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineWorkflow;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestWorkflowEnvironment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Replays recorded histories with the workflows as they are now. One that fails here would block
 * the workflows that run when this version is deployed: guard the change by a workflow version, and
 * keep the histories. Histories of further scenarios, or of a version whose old workflows may all
 * be gone, are recorded by
 *
 * <pre>mvn -B -pl workflows test -Dtest=ReplayTest -Dhistories.record=true</pre>
 *
 * which keeps those that are there.
 */
@Timeout(60)
class ReplayTest {
  private static final String RECORD = "histories.record";
  private static final Path HISTORIES = Path.of("src", "test", "resources", "histories");

  private static final Map<String, Consumer<ScriptedRegions>> SCENARIOS = scenarios();

  private static TestWorkflowEnvironment environment;
  private static Replayer replayer;

  @BeforeAll
  static void start() {
    environment = TestWorkflowEnvironment.newInstance();
    replayer = new Replayer(environment.getWorkflowClient());
  }

  @AfterAll
  static void stop() {
    replayer.close();
    environment.close();
  }

  static List<Path> histories() throws IOException {
    try (Stream<Path> files = Files.list(HISTORIES)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("histories")
  @DisabledIfSystemProperty(named = RECORD, matches = "true")
  void aRecordedWorkflowWouldDoTheSameToday(Path file) throws Exception {
    replayer.replay(
        WorkflowExecutionHistory.fromJson(
            Files.readString(file), workflowId(file.getFileName().toString())));
  }

  @ParameterizedTest
  @MethodSource("histories")
  @DisabledIfSystemProperty(named = RECORD, matches = "true")
  void aHistoryTellsNothingOfTheMachineThatRecordedIt(Path file) throws Exception {
    String text = Files.readString(file);
    List<String> said = new ArrayList<>(List.of(text));
    JsonNode history = json(text);
    for (JsonNode data : history.findValues("data")) {
      said.add(new String(Base64.getDecoder().decode(data.asText()), StandardCharsets.UTF_8));
    }

    assertThat(history.findValuesAsText("identity")).containsOnly("test");
    assertThat(said)
        .noneMatch(words -> words.matches("(?s).*\\b\\d+@[A-Za-z].*"))
        .noneMatch(words -> words.contains(System.getProperty("user.dir")))
        .noneMatch(words -> words.contains(System.getProperty("user.home") + "/"))
        .noneMatch(words -> words.contains("/home/") || words.contains("/Users/"));
  }

  @Test
  @DisabledIfSystemProperty(named = RECORD, matches = "true")
  void everyScenarioIsRecorded() throws IOException {
    assertThat(histories())
        .extracting(file -> file.getFileName().toString())
        .containsAll(SCENARIOS.keySet().stream().map(name -> name + ".json").toList());
  }

  @Test
  @DisabledIfSystemProperty(named = RECORD, matches = "true")
  void anotherOrderOfTheSameCommandsIsAnotherWay() throws Exception {
    String recorded = Files.readString(HISTORIES.resolve("parallel-merge.json"));
    String swapped =
        recorded
            .replace("\"federation.us\"", "\"federation.?\"")
            .replace("\"federation.eu\"", "\"federation.us\"")
            .replace("\"federation.?\"", "\"federation.eu\"");

    WorkflowExecutionHistory history = WorkflowExecutionHistory.fromJson(swapped);
    assertThatThrownBy(() -> replayer.replay(history)).isInstanceOf(AssertionError.class);
  }

  @ParameterizedTest
  @MethodSource("names")
  @EnabledIfSystemProperty(named = RECORD, matches = "true")
  void record(String name) throws Exception {
    try (ScriptedRegions regions = new ScriptedRegions()) {
      SCENARIOS.get(name).accept(regions);
      Files.createDirectories(HISTORIES);
      for (WorkflowExecutionHistory history : regions.histories()) {
        String id = history.getWorkflowExecution().getWorkflowId();
        Path file = HISTORIES.resolve(id.replace(':', '.') + ".json");
        if (!Files.exists(file)) {
          Files.writeString(file, history.toJson(true) + "\n");
        }
      }
    }
  }

  /** Regions at 0.1 each, of which the first is down. */
  private static ScriptedRegions priced(ScriptedRegions regions) {
    for (String name : List.of("us", "eu", "ap", "spare")) {
      regions.region(
          RegionConfig.builder(name).costPerExecution(0.1),
          name.equals("us") ? unavailable() : answers("1"));
    }
    return regions.start();
  }

  /** What is not in the JSON of a history: ids of children are made of it. */
  private static String workflowId(String file) {
    return file.substring(0, file.length() - ".json".length()).replace('.', ':');
  }

  static Stream<String> names() {
    return SCENARIOS.keySet().stream();
  }

  private static Map<String, Consumer<ScriptedRegions>> scenarios() {
    Map<String, Consumer<ScriptedRegions>> all = new LinkedHashMap<>();
    Map.of(
            "parallel-merge", AggregationStrategy.MERGE,
            "parallel-reduce", AggregationStrategy.REDUCE,
            "parallel-all", AggregationStrategy.ALL,
            "parallel-majority", AggregationStrategy.MAJORITY,
            "parallel-concat", AggregationStrategy.CONCAT,
            "parallel-best", AggregationStrategy.BEST)
        .forEach(
            (name, aggregation) ->
                all.put(
                    name,
                    regions ->
                        run(
                            three(regions),
                            name,
                            stage(FederationStrategy.PARALLEL, "us", "eu", "ap")
                                .aggregation(aggregation))));
    all.put(
        "parallel-first",
        regions -> {
          CountDownLatch cancelled = new CountDownLatch(1);
          regions.region("us", hangs(cancelled)).region("eu", answers("2")).start();
          run(
              regions,
              "parallel-first",
              stage(FederationStrategy.PARALLEL, "us", "eu")
                  .aggregation(AggregationStrategy.FIRST));
          Awaitility.await().until(() -> cancelled.getCount() == 0);
        });
    all.put(
        "parallel-window",
        regions ->
            run(
                three(regions),
                "parallel-window",
                stage(FederationStrategy.PARALLEL, "us", "eu", "ap").maxParallel(1)));
    all.put(
        "parallel-partial",
        regions ->
            run(
                regions
                    .region("us", answers("{\"us\":1}"))
                    .region("eu", refuses(FailureType.REGION_REJECTED, 401))
                    .region("ap", answers("{\"ap\":1}"))
                    .start(),
                "parallel-partial",
                stage(FederationStrategy.PARALLEL, "us", "eu", "ap")));
    all.put(
        "parallel-fallback",
        regions -> {
          regions
              .region("us", answers("1"))
              .region("eu", answers("2"))
              .region("spare", answers("3"))
              .start();
          regions.world().knows("us", region -> region.circuit(CircuitState.OPEN));
          run(
              regions,
              "parallel-fallback",
              stage(FederationStrategy.PARALLEL, "us", "eu")
                  .fallbackRegion("spare")
                  .aggregation(AggregationStrategy.ALL));
        });
    all.put(
        "parallel-search-attributes",
        regions -> {
          three(regions).world().hasSearchAttributes();
          run(
              regions,
              "parallel-search-attributes",
              stage(FederationStrategy.PARALLEL, "us", "eu"));
        });
    all.put(
        "nexus-hop",
        regions ->
            run(
                regions
                    .region(
                        RegionConfig.builder("us").byNexus("to-us"),
                        refuses(FailureType.REGION_REJECTED, 401))
                    .region(RegionConfig.builder("eu").byNexus("to-eu"), answers("{\"eu\":1}"))
                    .region("ap", answers("{\"ap\":1}"))
                    .start(),
                "nexus-hop",
                stage(FederationStrategy.PARALLEL, "us", "eu").fallbackRegion("ap")));
    all.put(
        "nexus-first",
        regions -> {
          CountDownLatch cancelled = new CountDownLatch(1);
          regions
              .region(RegionConfig.builder("us").byNexus("to-us"), hangs(cancelled))
              .region(RegionConfig.builder("eu").byNexus("to-eu"), answers("2"))
              .start();
          run(
              regions,
              "nexus-first",
              stage(FederationStrategy.PARALLEL, "us", "eu")
                  .aggregation(AggregationStrategy.FIRST));
          Awaitility.await().until(() -> cancelled.getCount() == 0);
        });
    all.put(
        "hedge-not-needed",
        regions ->
            run(
                three(regions),
                "hedge-not-needed",
                stage(FederationStrategy.PARALLEL, "us", "eu", "ap")
                    .hedge(Hedge.afterSeconds(30))));
    all.put(
        "hedge-wins",
        regions -> {
          CountDownLatch told = new CountDownLatch(1);
          regions.region("eu", hangs(told)).region("us", answers("{\"us\":1}")).start();
          run(regions, "hedge-wins", hedged());
          Awaitility.await().until(() -> told.getCount() == 0);
        });
    all.put(
        "hedge-loses",
        regions -> {
          CountDownLatch told = new CountDownLatch(1);
          regions
              .region("eu", whenCalled(regions, 2, answers("{\"eu\":1}")))
              .region("us", hangs(told))
              .start();
          run(regions, "hedge-loses", hedged());
          Awaitility.await().until(() -> told.getCount() == 0);
        });
    all.put(
        "hedge-fails",
        regions -> {
          regions
              .region(
                  "eu",
                  request -> {
                    Awaitility.await().until(() -> !regions.world().hedges.isEmpty());
                    return answers("{\"eu\":1}").apply(request);
                  })
              .region("us", refuses(FailureType.REGION_REJECTED, 422))
              .start();
          run(regions, "hedge-fails", hedged());
        });
    all.put(
        "hedge-goes-on",
        regions -> {
          regions
              .region("eu", whenCalled(regions, 2, refuses(FailureType.REGION_UNAVAILABLE, 503)))
              .region(
                  "us",
                  request -> {
                    Awaitility.await().until(() -> !regions.world().ended.isEmpty());
                    return answers("{\"us\":1}").apply(request);
                  })
              .start();
          run(regions, "hedge-goes-on", hedged());
        });
    all.put(
        "hedge-waits-for-the-loser",
        regions -> {
          regions
              .region(
                  "eu",
                  request -> {
                    Awaitility.await().until(() -> !regions.world().ended.isEmpty());
                    return answers("{\"eu\":1}").apply(request);
                  })
              .region("us", answers("{\"us\":1}"))
              .start();
          run(
              regions,
              "hedge-waits-for-the-loser",
              hedged().hedge(Hedge.afterSeconds(0.05).waitingForLosers()));
        });
    all.put(
        "sequential-concat",
        regions ->
            run(
                three(regions),
                "sequential-concat",
                stage(FederationStrategy.SEQUENTIAL, "ap", "us", "eu")
                    .aggregation(AggregationStrategy.CONCAT)));
    all.put(
        "sequential-first",
        regions ->
            run(
                regions
                    .region("us", unavailable())
                    .region("eu", answers("2"))
                    .region("ap", answers("3"))
                    .start(),
                "sequential-first",
                stage(FederationStrategy.SEQUENTIAL, "us", "eu", "ap")
                    .maxRetries(0)
                    .aggregation(AggregationStrategy.FIRST)));
    all.put(
        "nearest-merge",
        regions -> {
          three(regions)
              .world()
              .knows("us", region -> region.latencyMs(80.0))
              .knows("eu", region -> region.latencyMs(8.0));
          run(regions, "nearest-merge", stage(FederationStrategy.NEAREST, "us", "eu", "ap"));
        });
    all.put(
        "nearest-hop",
        regions ->
            run(
                regions.region("eu", unavailable()).region("us", answers("{\"us\":1}")).start(),
                "nearest-hop",
                stage(FederationStrategy.NEAREST, "eu", "us").maxRetries(1)));
    all.put(
        "nearest-no-worker",
        regions ->
            run(
                regions.withoutWorker("eu").region("us", answers("{\"us\":1}")).start(),
                "nearest-no-worker",
                stage(FederationStrategy.NEAREST, "eu", "us").queueTimeoutSeconds(0.5)));
    all.put(
        "round-robin-merge",
        regions -> {
          three(regions)
              .world()
              .knows("us", region -> region.turn(-0.5))
              .knows("eu", region -> region.turn(0.5));
          run(
              regions,
              "round-robin-merge",
              stage(FederationStrategy.ROUND_ROBIN, "us", "eu", "ap"));
        });
    all.put(
        "least-loaded-merge",
        regions -> {
          three(regions)
              .world()
              .knows("us", region -> region.inFlight(5.0))
              .knows("eu", region -> region.inFlight(4.0))
              .knows("ap", region -> region.inFlight(6.0));
          run(
              regions,
              "least-loaded-merge",
              stage(FederationStrategy.LEAST_LOADED, "us", "eu", "ap"));
        });
    all.put(
        "cost-optimized-merge",
        regions ->
            run(
                regions
                    .region(
                        RegionConfig.builder("us").costPerExecution(0.01), answers("{\"us\":1}"))
                    .region(RegionConfig.builder("eu").costPerExecution(0.0), answers("{\"eu\":1}"))
                    .start(),
                "cost-optimized-merge",
                stage(FederationStrategy.COST_OPTIMIZED, "us", "eu")));
    all.put(
        "failed-quorum",
        regions ->
            run(
                regions.region("us", unavailable()).region("eu", answers("1")).start(),
                "failed-quorum",
                stage(FederationStrategy.PARALLEL, "us", "eu").maxRetries(0).minRegions(2)));
    all.put(
        "failed-no-eligible-region",
        regions ->
            run(
                three(regions),
                "failed-no-eligible-region",
                stage(FederationStrategy.NEAREST, "us", "eu").requiredTags(List.of("gpu"))));
    all.put(
        "failed-aggregation",
        regions ->
            run(
                regions.region("us", answers("\"x\"")).region("eu", answers("\"y\"")).start(),
                "failed-aggregation",
                stage(FederationStrategy.PARALLEL, "us", "eu")
                    .aggregation(AggregationStrategy.REDUCE)));
    all.put(
        "cancelled-stage",
        regions -> {
          CountDownLatch cancelled = new CountDownLatch(1);
          regions.region("us", hangs(cancelled)).start();
          WorkflowStub stub =
              regions.startStage("cancelled-stage", stage(FederationStrategy.PARALLEL, "us"), "{}");
          Awaitility.await().until(() -> regions.requests.size() == 1);
          stub.cancel();
          assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
              .isInstanceOf(WorkflowFailedException.class);
          Awaitility.await().until(() -> cancelled.getCount() == 0);
        });
    all.put(
        "parked-retried",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          WorkflowStub stub = parked(regions, "parked-retried", down);
          down.set(false);
          stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("eu")));
          ScriptedRegions.result(stub);
        });
    all.put(
        "parked-search-attributes",
        regions -> {
          euMayBeDown(regions, new AtomicBoolean(true)).world().hasSearchAttributes();
          WorkflowStub stub = park(regions, "parked-search-attributes");
          stub.update("decide", ParkedStage.class, StageDecision.accept());
          ScriptedRegions.result(stub);
        });
    // parked-retried-search-attributes is the same, by a version that left it listed as parked.
    all.put(
        "parked-goes-on",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          euMayBeDown(regions, down).world().hasSearchAttributes();
          WorkflowStub stub = park(regions, "parked-goes-on");
          down.set(false);
          stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("eu")));
          ScriptedRegions.result(stub);
        });
    all.put(
        "parked-pipeline-child",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          euMayBeDown(regions, down);
          WorkflowStub stub = regions.control(PipelineWorkflow.TYPE, "parked-pipeline-child");
          stub.start(spreadPipeline("wait"));
          WorkflowStub child =
              regions.client().newUntypedWorkflowStub("parked-pipeline-child:spread");
          Awaitility.await()
              .ignoreException(WorkflowNotFoundException.class)
              .until(() -> child.query("standing", ParkedStage.class).parked());
          down.set(false);
          child.update("decide", ParkedStage.class, StageDecision.retry(List.of("eu")));
          stub.getResult(JsonNode.class);
        });
    all.put(
        "parked-timed-out",
        regions ->
            run(
                euMayBeDown(regions, new AtomicBoolean(true)),
                "parked-timed-out",
                waits().resumeTimeoutSeconds(3600.0)));
    all.put(
        "max-cost-refused",
        regions ->
            run(
                priced(regions),
                "max-cost-refused",
                stage(FederationStrategy.PARALLEL, "us", "eu", "ap").maxCost(0.2)));
    all.put(
        "max-cost-stopped",
        regions ->
            run(
                priced(regions),
                "max-cost-stopped",
                stage(FederationStrategy.SEQUENTIAL, "us", "eu", "ap")
                    .fallbackRegion("spare")
                    .maxRetries(9)
                    .retryDelaySeconds(0)
                    .maxCost(0.4)));
    all.put(
        "parked-cancelled",
        regions -> {
          euMayBeDown(regions, new AtomicBoolean(true)).world().hasSearchAttributes();
          WorkflowStub stub = park(regions, "parked-cancelled");
          stub.cancel();
          assertThatThrownBy(() -> stub.getResult(FederatedStageResult.class))
              .isInstanceOf(WorkflowFailedException.class);
        });
    all.put(
        "redriven-stage",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          euMayBeDown(regions, down);
          FederatedStageConfig.Builder block = waits().onPartialFailure(PartialFailurePolicy.FAIL);
          FederatedStageResult first =
              ScriptedRegions.result(regions.startStage("redriven-stage-first", block, "{}"));
          down.set(false);
          redriveStage(regions, "redriven-stage", block, first);
        });
    // redriven-skipped-again is the same, by a version that executed eu again.
    all.put(
        "redriven-skipped",
        regions -> {
          WorkflowStub stub = parked(regions, "redriven-skipped-first", new AtomicBoolean(true));
          stub.update("decide", ParkedStage.class, StageDecision.skip(List.of("eu")));
          redriveStage(
              regions,
              "redriven-skipped",
              waits().onPartialFailure(PartialFailurePolicy.PROCEED),
              ScriptedRegions.result(stub));
        });
    all.put(
        "redriven-pipeline",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          euMayBeDown(regions, down);
          PipelineRequest request = spreadPipeline("fail");
          WorkflowStub failing = regions.control(PipelineWorkflow.TYPE, "redriven-pipeline-first");
          failing.start(request);
          PipelineResult first = failure(failing);
          down.set(false);
          WorkflowStub stub = regions.control(PipelineWorkflow.TYPE, "redriven-pipeline");
          stub.start(
              request.redriving(
                  new PipelineRedrive(
                      first.workflowId(),
                      first.runId(),
                      new KeyRoot(first.workflowId(), first.runId()),
                      first.stages(),
                      Map.of(),
                      false)));
          stub.getResult(JsonNode.class);
        });
    for (String execution : List.of("child", "inline")) {
      all.put(
          "cancelled-pipeline-" + execution,
          regions -> cancelPipeline(regions, "cancelled-pipeline-" + execution, execution));
    }
    all.put(
        "partition-by-weight",
        regions -> {
          three(regions);
          WorkflowStub stub =
              regions.startStage(
                  "partition-by-weight", partition("us", "eu", "ap"), "[1, 2, 3, 4, 5]");
          ScriptedRegions.result(stub);
        });
    all.put(
        "partition-moved",
        regions -> {
          regions.region("us", answers("[1]")).region("eu", unavailable()).start();
          ScriptedRegions.result(
              regions.startStage(
                  "partition-moved",
                  partition("us", "eu").partitionBy(PartitionBy.LOCATION).partitionItems("rows"),
                  "{\"rows\": [{\"location\": \"eu\"}, {\"location\": \"us\"}, 5]}"));
        });
    all.put(
        "redriven-partition",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          euMayBeDown(regions, down);
          FederatedStageConfig.Builder block =
              partition("us", "eu")
                  .retryOnFailure(false)
                  .onPartialFailure(PartialFailurePolicy.FAIL);
          FederatedStageResult first =
              ScriptedRegions.result(
                  regions.startStage("redriven-partition-first", block, "[1, 2, 3]"));
          down.set(false);
          WorkflowStub stub = regions.control(FederatedStageWorkflow.TYPE, "redriven-partition");
          stub.start(
              new StageRequest(
                      "process", "transformer", json("{}"), json("[1, 2, 3]"), block.build())
                  .redriving(
                      new Redrive(
                          first.workflowId(),
                          first.runId(),
                          new KeyRoot(first.workflowId(), first.runId()),
                          first.regionResults(),
                          Map.of(),
                          false)));
          ScriptedRegions.result(stub);
        });
    all.put(
        "region-inputs",
        regions -> {
          Map<String, JsonNode> own = new LinkedHashMap<>();
          own.put("us", json("{\"shard\": 1}"));
          own.put("eu", json("{\"shard\": 2}"));
          own.put("ap", json("{\"shard\": 3}"));
          run(
              three(regions),
              "region-inputs",
              stage(FederationStrategy.PARALLEL, "eu", "us", "ap").regionInputs(own));
        });
    all.put(
        "cost-optimized-at-data",
        regions ->
            run(
                regions
                    .region(
                        RegionConfig.builder("us").costPerExecution(0.01), answers("{\"us\":1}"))
                    .region(RegionConfig.builder("eu").costPerExecution(0.0), answers("{\"eu\":1}"))
                    .start(),
                "cost-optimized-at-data",
                stage(FederationStrategy.COST_OPTIMIZED, "us", "eu")
                    .dataLocality(true)
                    .dataLocation(DataLocation.inRegion("us"))));
    all.put(
        "quorum-grace",
        regions ->
            withoutEu(
                regions,
                told ->
                    run(
                        regions,
                        "quorum-grace",
                        stage(FederationStrategy.PARALLEL, "us", "eu", "ap")
                            .minRegions(2)
                            .graceSeconds(0.5))));
    all.put(
        "quorum-grace-not-needed",
        regions ->
            run(
                three(regions),
                "quorum-grace-not-needed",
                stage(FederationStrategy.PARALLEL, "us", "eu", "ap")
                    .maxParallel(1)
                    .graceSeconds(3600.0)));
    all.put(
        "quorum-late",
        regions ->
            withoutEu(
                regions,
                told -> {
                  run(
                      regions,
                      "quorum-late",
                      stage(FederationStrategy.PARALLEL, "us", "eu", "ap")
                          .minRegions(2)
                          .graceSeconds(0.5)
                          .onLateResult(LateResultPolicy.APPEND));
                  Awaitility.await().until(() -> told.getCount() == 0);
                  ScriptedRegions.result(
                      regions.client().newUntypedWorkflowStub("quorum-late~late"));
                }));
    all.put(
        "quorum-tolerated",
        regions ->
            run(
                regions
                    .region("us", refuses(FailureType.REGION_REJECTED, 401))
                    .region("eu", answers("{}"))
                    .start(),
                "quorum-tolerated",
                stage(FederationStrategy.PARALLEL, "us", "eu")
                    .maxParallel(1)
                    .toleratedFailures(ToleratedFailures.of(0))));
    all.put(
        "quorum-not-available",
        regions -> {
          three(regions).world().knows("ap", region -> region.circuit(CircuitState.OPEN));
          WorkflowStub stub =
              regions.startStage(
                  "quorum-not-available",
                  stage(FederationStrategy.PARALLEL, "us", "eu", "ap")
                      .requireAvailable(3)
                      .maxRegions(3)
                      .onPartialFailure(PartialFailurePolicy.WAIT),
                  "{}");
          Awaitility.await().until(() -> stub.query("standing", ParkedStage.class).parked());
          stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("ap")));
          ScriptedRegions.result(stub);
        });
    all.put(
        "wave-gated",
        regions ->
            run(
                three(regions).ill("eu", true),
                "wave-gated",
                stage(FederationStrategy.SEQUENTIAL, "us", "eu", "ap")
                    .pauseSeconds(600.0)
                    .healthGate(true)
                    .priority(1)));
    all.put(
        "wave-stopped",
        regions -> {
          AtomicBoolean down = new AtomicBoolean(true);
          euMayBeDown(regions, down);
          WorkflowStub stub =
              regions.startStage(
                  "wave-stopped",
                  waits()
                      .strategy(FederationStrategy.SEQUENTIAL)
                      .regions(List.of("eu", "us"))
                      .stopOnFailure(true),
                  "{}");
          Awaitility.await().until(() -> stub.query("standing", ParkedStage.class).parked());
          down.set(false);
          stub.update("decide", ParkedStage.class, StageDecision.retry(List.of("eu")));
          ScriptedRegions.result(stub);
        });
    all.put("pipeline-child", regions -> runPipeline(three(regions), "pipeline-child", "child"));
    all.put("pipeline-inline", regions -> runPipeline(three(regions), "pipeline-inline", "inline"));
    return all;
  }

  /** Three regions of which eu answers only when it was cancelled once. */
  private static void withoutEu(ScriptedRegions regions, Consumer<CountDownLatch> scenario) {
    CountDownLatch told = new CountDownLatch(1);
    regions
        .region("us", answers("{}"))
        .region(
            "eu",
            request -> (told.getCount() == 0 ? answers("{\"eu\":1}") : hangs(told)).apply(request))
        .region("ap", answers("{}"))
        .start();
    scenario.accept(told);
    Awaitility.await().until(() -> told.getCount() == 0);
  }

  private static FederatedStageConfig.Builder partition(String... regions) {
    return stage(FederationStrategy.PARALLEL, regions)
        .distribution(Distribution.PARTITION)
        .maxRetries(0);
  }

  private static void redriveStage(
      ScriptedRegions regions,
      String workflowId,
      FederatedStageConfig.Builder block,
      FederatedStageResult first) {
    WorkflowStub stub = regions.control(FederatedStageWorkflow.TYPE, workflowId);
    stub.start(
        new StageRequest("process", "transformer", json("{}"), json("{}"), block.build())
            .redriving(
                new Redrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.regionResults(),
                    Map.of(),
                    false)));
    ScriptedRegions.result(stub);
  }

  private static PipelineRequest spreadPipeline(String onPartialFailure) {
    return new PipelineRequest(
        PipelineParser.parse(
                json(
                    """
                    {"id": "p", "stages": [
                      {"id": "before"},
                      {"id": "spread", "depends_on": ["before"],
                       "federation": {"strategy": "parallel", "regions": ["us", "eu"],
                        "on_partial_failure": "%s", "max_retries": 0}},
                      {"id": "after", "depends_on": ["spread"]}]}
                    """
                        .formatted(onPartialFailure)),
                "pipeline.json",
                null)
            .pipeline(),
        json("{}"));
  }

  private static FederatedStageConfig.Builder waits() {
    return stage(FederationStrategy.PARALLEL, "us", "eu")
        .maxRetries(0)
        .onPartialFailure(PartialFailurePolicy.WAIT);
  }

  private static ScriptedRegions euMayBeDown(ScriptedRegions regions, AtomicBoolean down) {
    return regions
        .region("us", answers("{\"us\":1}"))
        .region(
            "eu", request -> (down.get() ? unavailable() : answers("{\"eu\":2}")).apply(request))
        .start();
  }

  private static WorkflowStub parked(
      ScriptedRegions regions, String workflowId, AtomicBoolean down) {
    return park(euMayBeDown(regions, down), workflowId);
  }

  private static WorkflowStub park(ScriptedRegions regions, String workflowId) {
    WorkflowStub stub = regions.startStage(workflowId, waits(), "{}");
    Awaitility.await().until(() -> stub.query("standing", ParkedStage.class).parked());
    return stub;
  }

  private static PipelineResult failure(WorkflowStub stub) {
    try {
      throw new AssertionError("the pipeline succeeded: " + stub.getResult(PipelineResult.class));
    } catch (WorkflowFailedException e) {
      return ((ApplicationFailure) e.getCause()).getDetails().get(0, PipelineResult.class);
    }
  }

  private static ScriptedRegions three(ScriptedRegions regions) {
    return regions
        .region("us", answers("{\"score\":1,\"label\":\"a\"}"))
        .region("eu", answers("{\"score\":3,\"label\":\"b\"}"))
        .region("ap", answers("{\"score\":2,\"label\":\"b\"}"))
        .start();
  }

  private static FederatedStageConfig.Builder stage(
      FederationStrategy strategy, String... regions) {
    return FederatedStageConfig.builder().strategy(strategy).regions(List.of(regions));
  }

  private static FederatedStageConfig.Builder hedged() {
    return stage(FederationStrategy.NEAREST, "eu", "us").hedge(Hedge.afterSeconds(0.05));
  }

  /** Does that when regions were called so often. */
  private static ScriptedRegions.Behaviour whenCalled(
      ScriptedRegions regions, int calls, ScriptedRegions.Behaviour then) {
    return request -> {
      Awaitility.await().until(() -> regions.requests.size() >= calls);
      return then.apply(request);
    };
  }

  private static void run(
      ScriptedRegions regions, String workflowId, FederatedStageConfig.Builder stage) {
    ScriptedRegions.result(regions.startStage(workflowId, stage.voteField("label"), "{\"a\":1}"));
  }

  private static void cancelPipeline(ScriptedRegions regions, String workflowId, String execution) {
    CountDownLatch told = new CountDownLatch(1);
    regions.region("us", answers("1")).region("eu", hangs(told)).start();
    WorkflowStub stub = startPipeline(regions, workflowId, execution, "eu");
    Awaitility.await().until(() -> regions.requests.size() == 3);
    stub.cancel();
    assertThatThrownBy(() -> stub.getResult(JsonNode.class))
        .isInstanceOf(WorkflowFailedException.class);
    Awaitility.await().until(() -> told.getCount() == 0);
  }

  private static void runPipeline(ScriptedRegions regions, String workflowId, String execution) {
    startPipeline(regions, workflowId, execution, "ap").getResult(JsonNode.class);
  }

  private static WorkflowStub startPipeline(
      ScriptedRegions regions, String workflowId, String execution, String near) {
    JsonNode pipeline =
        json(
            """
            {"id": "p", "federation": {"execution": "%s"}, "stages": [
              {"id": "before"},
              {"id": "spread", "depends_on": ["before"],
               "federation": {"strategy": "parallel", "regions": ["us", "eu"]}},
              {"id": "near", "depends_on": ["before"],
               "federation": {"strategy": "nearest", "regions": ["%s"]}},
              {"id": "after", "depends_on": ["spread", "near"]}]}
            """
                .formatted(execution, near));
    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                PipelineWorkflow.TYPE,
                WorkflowOptions.newBuilder()
                    .setTaskQueue(FederatedQueues.CONTROL)
                    .setWorkflowId(workflowId)
                    .build());
    stub.start(
        new PipelineRequest(
            PipelineParser.parse(pipeline, "pipeline.json", null).pipeline(), json("{}")));
    return stub;
  }
}
