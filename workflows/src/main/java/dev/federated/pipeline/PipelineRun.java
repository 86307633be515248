package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.KeyRoot;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.Redrive;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WireName;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Federation;
import dev.federated.stage.IdempotencyKey;
import dev.federated.stage.Markdown;
import dev.federated.stage.Parking;
import dev.federated.stage.PayloadSizes;
import dev.federated.stage.StageNotice;
import dev.federated.stage.StageResultJson;
import dev.federated.stage.StageRun;
import dev.federated.stage.TaskPriorities;
import dev.federated.stage.World;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.workflow.ActivityStub;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs the stages of a pipeline, each as soon as what it depends on is done. */
final class PipelineRun implements TemplateScope {
  /** Attempts of a local component whose failure may pass. */
  private static final int LOCAL_ATTEMPTS = 4;

  /** Longest attempt of a local component that sets no longer timeout of its own. */
  private static final double LOCAL_TIMEOUT_SECONDS = 300;

  private static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(10);

  private final PipelineDefinition pipeline;
  private final JsonNode input;
  private final World world;
  private final Aggregator aggregator;
  private final WorkflowInfo info = Workflow.getInfo();
  private final long startedAt = Workflow.currentTimeMillis();
  private final PayloadSizes sizes;
  private final Set<String> started = new LinkedHashSet<>();
  private final Set<String> running = new LinkedHashSet<>();
  private final Set<String> carried = new LinkedHashSet<>();
  private final ArrayDeque<Ended> ended = new ArrayDeque<>();
  private final Map<String, StageReport> reports = new LinkedHashMap<>();
  private final Map<String, JsonNode> outputs = new LinkedHashMap<>();
  private final List<Parking> inline = new ArrayList<>();
  private final Map<String, RegionError> parkedChildren = new LinkedHashMap<>();
  private final Map<String, StageRun> inlineRuns = new LinkedHashMap<>();
  private final PipelineBudget budget;
  private final KeyRoot keyRoot;
  private final @Nullable PipelineRedrive redrive;

  /**
   * A stage that ended. Its report is made by the workflow's main thread, where a failure to make
   * it is seen; one inside a promise's callback would be lost, and the pipeline wait for ever.
   */
  private record Ended(String stageId, Supplier<StageReport> report) {}

  PipelineRun(PipelineRequest request, World world, Aggregator aggregator) {
    this.pipeline = request.pipeline();
    this.input = request.input();
    this.world = world;
    this.sizes = new PayloadSizes(world);
    this.aggregator = aggregator;
    this.redrive = request.redrive();
    this.budget = new PipelineBudget(request.pipeline().maxCost());
    this.keyRoot =
        redrive == null
            ? new KeyRoot(info.getWorkflowId(), info.getFirstExecutionRunId())
            : redrive.keyRoot();
    if (redrive != null && pipeline.maxCost() != null) {
      chargeCarried(redrive);
    }
  }

  /** What is taken over is paid for before anything else starts. */
  private void chargeCarried(PipelineRedrive earlier) {
    PipelineGraph graph = PipelineGraph.of(pipeline.stages());
    Set<String> kept = new LinkedHashSet<>();
    for (String stageId : graph.topologicalOrder()) {
      StageReport report = earlier.stages().get(stageId);
      if (report != null
          && report.status() == StageStatus.SUCCEEDED
          && kept.containsAll(graph.dependencies(stageId))) {
        kept.add(stageId);
        budget.ended(stageId, report);
      }
    }
  }

  /**
   * Runs the pipeline to its end; a pipeline that fails is a result as well.
   *
   * @throws CanceledFailure if the workflow is cancelled; stages may still run then
   */
  PipelineResult run() {
    while (reports.size() < pipeline.stages().size()) {
      startReady();
      if (started.size() == reports.size()) {
        throw ApplicationFailure.newNonRetryableFailure(
            "pipeline %s: stages wait for each other or for one that is not there; run: federate validate"
                .formatted(pipeline.id()),
            "InvalidPipeline");
      }
      show();
      Workflow.await(() -> !ended.isEmpty());
      takeEnded();
    }
    return closing(record(null));
  }

  private void takeEnded() {
    while (!ended.isEmpty()) {
      Ended stage = ended.remove();
      StageReport report = stage.report().get();
      if (!carried.contains(stage.stageId())) {
        budget.ended(stage.stageId(), report);
      }
      reports.put(stage.stageId(), report);
      if (report.status().hasOutput()) {
        outputs.put(stage.stageId(), report.output());
      }
    }
  }

  /** The result as it is recorded, shown in Temporal's UI. */
  private PipelineResult closing(PipelineResult result) {
    PipelineResult fitting = PipelineResultSize.fit(result, sizes);
    RegionError error = fitting.error();
    show(fitting.outcome().wireName(), error == null ? "" : error.message());
    return fitting;
  }

  /**
   * The record of a pipeline that was cancelled, once the stages that ran have ended: they have
   * been told. The result of one that is a child is in that child's memo.
   */
  PipelineResult interrupted() {
    Workflow.newDetachedCancellationScope(() -> Workflow.await(running::isEmpty)).run();
    takeEnded();
    for (StageDefinition stage : pipeline.stages()) {
      if (!reports.containsKey(stage.id())) {
        reports.put(stage.id(), notRun(stage));
      }
    }
    return closing(record(RegionError.of(FailureType.CANCELLED, "the pipeline was cancelled")));
  }

  /** The report of a stage that the cancellation of the pipeline kept from running. */
  private StageReport notRun(StageDefinition stage) {
    StageReport earlier = redrive == null ? null : redrive.stages().get(stage.id());
    return earlier == null || dependsOnRerun(stage)
        ? StageReport.skipped("the pipeline was cancelled")
        : earlier;
  }

  /** A stage that is a child was parked or goes on. */
  void noticed(StageNotice notice) {
    if (notice.parked() == null) {
      parkedChildren.remove(notice.stageId());
    } else {
      parkedChildren.put(notice.stageId(), notice.parked());
    }
    show();
  }

  /** Why stages wait for a decision. */
  private Map<String, RegionError> parked() {
    Map<String, RegionError> parked = new LinkedHashMap<>(parkedChildren);
    // A notice can come after the end of the stage that it is about.
    parked.keySet().retainAll(running);
    for (Parking stage : inline) {
      RegionError why = stage.state().error();
      if (stage.state().parked() && why != null) {
        parked.put(stage.state().stageId(), why);
      }
    }
    return parked;
  }

  private void show() {
    Set<String> why = parked().keySet();
    List<String> parked =
        pipeline.stages().stream().map(StageDefinition::id).filter(why::contains).toList();
    if (parked.isEmpty()) {
      show("running", "");
    } else {
      String which =
          parked.size() == 1
              ? "stage %s is parked".formatted(parked.get(0))
              : "stages %s are parked".formatted(String.join(", ", parked));
      show(
          "waiting for a decision",
          "%s. Decide with: federate resume %s%s"
              .formatted(
                  which,
                  info.getWorkflowId(),
                  parked.size() == 1 ? "" : " --stage " + parked.get(0)));
    }
  }

  /** Keeps the table in Temporal's UI; costs no event. */
  private void show(String state, String explanation) {
    Map<String, RegionError> parked = parked();
    PipelineDetails details = new PipelineDetails(state, explanation);
    for (StageDefinition stage : pipeline.stages()) {
      StageReport report = reports.get(stage.id());
      RegionError why = parked.get(stage.id());
      if (report != null) {
        details.ended(stage.id(), report, carried.contains(stage.id()));
      } else if (why != null) {
        details.open(stage, "parked", why.message());
      } else {
        details.open(stage, started.contains(stage.id()) ? "running" : "waiting", null);
      }
    }
    Workflow.setCurrentDetails(details.markdown());
  }

  private void startReady() {
    for (StageDefinition stage : pipeline.stages()) {
      if (!started.contains(stage.id())
          && reports.keySet().containsAll(stage.dependsOn())
          && budget.mayStart(stage)) {
        started.add(stage.id());
        if (!carry(stage)) {
          start(stage);
        }
      }
    }
  }

  private void start(StageDefinition stage) {
    for (String dependency : stage.dependsOn()) {
      StageReport report = reports.get(dependency);
      if (report != null && !report.status().hasOutput()) {
        String why = "stage %s %s".formatted(dependency, report.status().wireName());
        ended.add(new Ended(stage.id(), () -> StageReport.skipped(why)));
        return;
      }
    }
    JsonNode config;
    JsonNode inputs;
    FederatedStageConfig federation = stage.federation();
    try {
      config = Template.resolveConfig(stage.type(), stage.config(), this);
      inputs =
          RegionInputs.replaceInputs(stage) ? NullNode.instance : PipelineGraph.inputs(stage, this);
      federation = federation == null ? null : RegionInputs.resolved(federation, this);
    } catch (TemplateException e) {
      FailureType type =
          e.tooLarge() ? FailureType.PAYLOAD_TOO_LARGE : FailureType.COMPONENT_FAILED;
      fail(stage, RegionError.of(type, String.valueOf(e.getMessage())));
      return;
    }
    if (federation != null) {
      StageRequest first =
          new StageRequest(
              stage.id(), stage.type(), config, inputs, budget.start(stage.id(), federation));
      Redrive earlier = redriveOf(stage);
      startFederated(earlier == null ? first : first.redriving(earlier));
    } else {
      startLocal(stage, config, inputs);
    }
  }

  /** What a federated stage takes over, if it failed in part in the execution that is redriven. */
  private @Nullable Redrive redriveOf(StageDefinition stage) {
    StageReport earlier = redrive == null ? null : redrive.stages().get(stage.id());
    FederatedStageResult result = earlier == null ? null : earlier.result();
    if (redrive == null || result == null || dependsOnRerun(stage)) {
      return null;
    }
    KeyRoot root =
        result.keyRoot() == null
            ? new KeyRoot(result.workflowId(), result.runId())
            : result.keyRoot();
    return new Redrive(
        result.workflowId(),
        result.runId(),
        root,
        result.regionResults(),
        redrive.relocations(),
        redrive.newKey());
  }

  /** Whether a stage that this one depends on is executed again, so that its inputs may differ. */
  private boolean dependsOnRerun(StageDefinition stage) {
    return stage.dependsOn().stream().anyMatch(dependency -> !carried.contains(dependency));
  }

  /** Takes over the report of a stage that need not run again. */
  private boolean carry(StageDefinition stage) {
    StageReport earlier = redrive == null ? null : redrive.stages().get(stage.id());
    if (earlier == null || earlier.status() != StageStatus.SUCCEEDED || dependsOnRerun(stage)) {
      return false;
    }
    carried.add(stage.id());
    ended.add(new Ended(stage.id(), () -> earlier));
    return true;
  }

  private void startFederated(StageRequest request) {
    Promise<FederatedStageResult> result;
    if (pipeline.execution() == PipelineExecution.INLINE) {
      result = Async.function(() -> runInline(request));
    } else {
      StageRequest child = mayPark(request) ? request.asChildOfPipeline() : request;
      long bytes = PayloadSizes.encoded(child);
      if (bytes > sizes.most(bytes)) {
        ended.add(new Ended(request.stageId(), () -> StageReport.failed(tooLarge(bytes), 0)));
        return;
      }
      sizes.reserve(bytes);
      result = Federation.startStage(child);
    }
    ends(
        request.stageId(),
        result,
        (value, failure) -> federated(request.stageId(), value, failure));
  }

  /** Whether the stage is parked after a failure, as far as its block says it. */
  private static boolean mayPark(StageRequest request) {
    PartialFailurePolicy own = request.federation().onPartialFailure();
    return own == null || own == PartialFailurePolicy.WAIT;
  }

  private FederatedStageResult runInline(StageRequest request) {
    StageRun run = StageRun.inline(request, world, aggregator, sizes, this::show);
    inline.add(run.parking());
    inlineRuns.put(request.stageId(), run);
    return run.run();
  }

  /** Where operators decide about the stages that run inline. */
  List<Parking> inline() {
    return List.copyOf(inline);
  }

  private StageReport federated(
      String stageId, @Nullable FederatedStageResult value, @Nullable RuntimeException failure) {
    FederatedStageResult result = failure == null ? value : Federation.resultOf(failure);
    if (result != null) {
      return StageReport.federated(result);
    }
    if (cancelled(failure)) {
      StageRun run = inlineRuns.get(stageId);
      return StageReport.cancelled(run == null ? null : run.interrupted());
    }
    String message = "the stage's workflow ended without a result: " + failure;
    return StageReport.failed(RegionError.of(FailureType.COMPONENT_FAILED, message), 0);
  }

  private static boolean cancelled(@Nullable RuntimeException failure) {
    return failure instanceof CanceledFailure
        || (failure instanceof TemporalFailure && failure.getCause() instanceof CanceledFailure);
  }

  /** A stage that failed for good runs anew; one that may have happened keeps its key. */
  private String keyName(String stageId) {
    StageReport earlier = redrive == null ? null : redrive.stages().get(stageId);
    if (redrive == null || earlier == null || earlier.error() == null) {
      return stageId;
    }
    boolean renew = redrive.newKey() || earlier.error().definitive();
    return renew ? stageId + "/" + redrive.workflowId() : stageId;
  }

  private void startLocal(StageDefinition stage, JsonNode config, JsonNode inputs) {
    String key =
        IdempotencyKey.of(
            info.getNamespace(), keyRoot.workflowId(), keyRoot.runId(), keyName(stage.id()));
    ComponentRequest request = new ComponentRequest(stage.id(), stage.type(), config, inputs, key);
    long bytes = PayloadSizes.encoded(request);
    if (bytes > sizes.most(bytes)) {
      fail(stage, tooLarge(bytes));
      return;
    }
    sizes.reserve(bytes);
    ActivityStub stub = Workflow.newUntypedActivityStub(options(stage, config));
    ends(
        stage.id(),
        stub.executeAsync(
            ExecuteComponentActivity.EXECUTE_COMPONENT, ComponentResponse.class, request),
        (response, failure) -> local(stage, response, failure));
  }

  /** Notes that a stage runs, and its end when it comes. */
  private <T> void ends(
      String stageId,
      Promise<T> result,
      BiFunction<@Nullable T, @Nullable RuntimeException, StageReport> report) {
    running.add(stageId);
    var unused =
        result.handle(
            (value, failure) -> {
              running.remove(stageId);
              ended.add(new Ended(stageId, () -> report.apply(value, failure)));
              return null;
            });
  }

  private ActivityOptions options(StageDefinition stage, JsonNode config) {
    double own = config.path("timeout_seconds").asDouble(0) + HEARTBEAT_TIMEOUT.toSeconds();
    double timeout = Math.max(LOCAL_TIMEOUT_SECONDS, own);
    return TaskPriorities.apply(pipeline.taskPriority(), ActivityOptions.newBuilder())
        .setTaskQueue(FederatedQueues.CONTROL)
        .setStartToCloseTimeout(Duration.ofMillis(Math.round(timeout * 1000)))
        .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
        .setRetryOptions(
            RetryOptions.newBuilder()
                .setInitialInterval(Duration.ofSeconds(1))
                .setBackoffCoefficient(2)
                .setMaximumInterval(Duration.ofSeconds(60))
                .setMaximumAttempts(LOCAL_ATTEMPTS)
                .build())
        .setSummary(Markdown.summary("local: " + stage.id()))
        .build();
  }

  private static StageReport local(
      StageDefinition stage,
      @Nullable ComponentResponse response,
      @Nullable RuntimeException failure) {
    if (cancelled(failure)) {
      return StageReport.cancelled(null);
    }
    if (failure != null) {
      return failed(stage, failure);
    }
    if (response == null) {
      String message = "component %s of stage %s gave nothing".formatted(stage.type(), stage.id());
      return StageReport.failed(RegionError.of(FailureType.COMPONENT_FAILED, message), 1);
    }
    return StageReport.local(response);
  }

  private static StageReport failed(StageDefinition stage, RuntimeException failure) {
    Throwable cause = failure instanceof ActivityFailure ? failure.getCause() : failure;
    if (cause instanceof ApplicationFailure application) {
      FailureType type =
          WireName.find(FailureType.class, application.getType())
              .orElse(FailureType.COMPONENT_FAILED);
      RegionError error =
          new RegionError(
              type, application.getOriginalMessage(), !application.isNonRetryable(), null);
      return StageReport.failed(error, application.isNonRetryable() ? 1 : LOCAL_ATTEMPTS);
    }
    if (cause instanceof TimeoutFailure timeout) {
      String message =
          "component %s of stage %s did not end in time (%s)"
              .formatted(stage.type(), stage.id(), timeout.getTimeoutType());
      return StageReport.failed(
          RegionError.of(FailureType.REGION_TIMEOUT, message), LOCAL_ATTEMPTS);
    }
    String message = "component %s of stage %s: %s".formatted(stage.type(), stage.id(), cause);
    return StageReport.failed(RegionError.of(FailureType.COMPONENT_FAILED, message), 1);
  }

  private void fail(StageDefinition stage, RegionError error) {
    ended.add(new Ended(stage.id(), () -> StageReport.failed(error, 0)));
  }

  private RegionError tooLarge(long bytes) {
    return RegionError.of(
        FailureType.PAYLOAD_TOO_LARGE,
        "config and inputs have %d bytes, at most %d can be sent to a worker"
            .formatted(bytes, sizes.most(bytes)));
  }

  @Override
  public JsonNode input() {
    return input;
  }

  @Override
  public @Nullable JsonNode output(String stageId) {
    return outputs.get(stageId);
  }

  @Override
  public @Nullable JsonNode result(String stageId) {
    StageReport report = reports.get(stageId);
    return report == null || report.result() == null
        ? null
        : StageResultJson.print(report.result());
  }

  /** The record, with why the pipeline failed if that was not one of its stages. */
  private PipelineResult record(@Nullable RegionError ending) {
    Map<String, StageReport> inOrder = new LinkedHashMap<>();
    StageOutcome outcome = ending == null ? StageOutcome.SUCCEEDED : StageOutcome.FAILED;
    RegionError error = ending;
    double cost = 0;
    long tokens = 0;
    for (StageDefinition stage : pipeline.stages()) {
      StageReport report = reports.get(stage.id());
      if (report == null) {
        throw new IllegalStateException("stage " + stage.id() + " has not ended");
      }
      inOrder.put(stage.id(), report);
      cost += report.cost();
      tokens += report.tokensUsed();
      if (report.status() == StageStatus.FAILED || report.status() == StageStatus.CANCELLED) {
        outcome = StageOutcome.FAILED;
        error = error == null ? ofStage(stage.id(), report.error()) : error;
      } else if (report.status() == StageStatus.PARTIAL && outcome == StageOutcome.SUCCEEDED) {
        outcome = StageOutcome.PARTIAL;
      }
    }
    List<String> outputStages =
        pipeline.outputStageId() == null
            ? PipelineGraph.of(pipeline.stages()).sinks()
            : List.of(pipeline.outputStageId());
    return new PipelineResult(
        pipeline.id(),
        outcome,
        outputStages,
        error,
        List.of(),
        inOrder,
        cost,
        tokens,
        Workflow.currentTimeMillis() - startedAt,
        info.getWorkflowId(),
        info.getRunId(),
        redrive == null ? null : redrive.workflowId(),
        redrive == null ? null : keyRoot);
  }

  private static @Nullable RegionError ofStage(String stageId, @Nullable RegionError error) {
    return error == null
        ? null
        : new RegionError(
            error.type(),
            "stage %s: %s".formatted(stageId, error.message()),
            error.retryable(),
            error.httpStatus());
  }
}
