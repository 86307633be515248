package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WireName;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.Federation;
import dev.federated.stage.IdempotencyKey;
import dev.federated.stage.PayloadSizes;
import dev.federated.stage.StageResultJson;
import dev.federated.stage.StageRun;
import dev.federated.stage.World;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.workflow.ActivityStub;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private final PayloadSizes sizes = new PayloadSizes();
  private final Set<String> started = new LinkedHashSet<>();
  private final ArrayDeque<Ended> ended = new ArrayDeque<>();
  private final Map<String, StageReport> reports = new LinkedHashMap<>();
  private final Map<String, JsonNode> outputs = new LinkedHashMap<>();

  /**
   * A stage that ended. Its report is made by the workflow's main thread, where a failure to make
   * it is seen; one inside a promise's callback would be lost, and the pipeline wait for ever.
   */
  private record Ended(String stageId, Supplier<StageReport> report) {}

  PipelineRun(PipelineRequest request, World world, Aggregator aggregator) {
    this.pipeline = request.pipeline();
    this.input = request.input();
    this.world = world;
    this.aggregator = aggregator;
  }

  PipelineResult run() {
    while (reports.size() < pipeline.stages().size()) {
      startReady();
      if (started.size() == reports.size()) {
        throw ApplicationFailure.newNonRetryableFailure(
            "pipeline %s: stages wait for each other or for one that is not there; run: federate validate"
                .formatted(pipeline.id()),
            "InvalidPipeline");
      }
      Workflow.await(() -> !ended.isEmpty());
      while (!ended.isEmpty()) {
        Ended stage = ended.remove();
        StageReport report = stage.report().get();
        reports.put(stage.stageId(), report);
        if (report.status().hasOutput()) {
          outputs.put(stage.stageId(), report.output());
        }
      }
    }
    return PipelineResultSize.fit(result());
  }

  private void startReady() {
    for (StageDefinition stage : pipeline.stages()) {
      if (!started.contains(stage.id()) && reports.keySet().containsAll(stage.dependsOn())) {
        started.add(stage.id());
        start(stage);
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
    try {
      config = Template.resolveConfig(stage.type(), stage.config(), this);
      inputs = PipelineGraph.inputs(stage, this);
    } catch (TemplateException e) {
      FailureType type =
          e.tooLarge() ? FailureType.PAYLOAD_TOO_LARGE : FailureType.COMPONENT_FAILED;
      fail(stage, RegionError.of(type, String.valueOf(e.getMessage())));
      return;
    }
    if (stage.federation() != null) {
      startFederated(
          new StageRequest(stage.id(), stage.type(), config, inputs, stage.federation()));
    } else {
      startLocal(stage, config, inputs);
    }
  }

  private void startFederated(StageRequest request) {
    Promise<FederatedStageResult> result;
    if (pipeline.execution() == PipelineExecution.INLINE) {
      result = Async.function(() -> new StageRun(request, world, aggregator, sizes).run());
    } else {
      long bytes = PayloadSizes.encoded(request);
      if (bytes > PayloadSizes.MAX_PAYLOAD_BYTES) {
        ended.add(new Ended(request.stageId(), () -> StageReport.failed(tooLarge(bytes), 0)));
        return;
      }
      sizes.reserve(bytes);
      result = Federation.startStage(request);
    }
    result.handle(
        (value, failure) -> {
          ended.add(new Ended(request.stageId(), () -> federated(value, failure)));
          return null;
        });
  }

  private static StageReport federated(
      @Nullable FederatedStageResult value, @Nullable RuntimeException failure) {
    FederatedStageResult result = failure == null ? value : Federation.resultOf(failure);
    if (result != null) {
      return StageReport.federated(result);
    }
    String message = "the stage's workflow ended without a result: " + failure;
    return StageReport.failed(RegionError.of(FailureType.COMPONENT_FAILED, message), 0);
  }

  private void startLocal(StageDefinition stage, JsonNode config, JsonNode inputs) {
    String key =
        IdempotencyKey.of(
            info.getNamespace(), info.getWorkflowId(), info.getFirstExecutionRunId(), stage.id());
    ComponentRequest request = new ComponentRequest(stage.id(), stage.type(), config, inputs, key);
    long bytes = PayloadSizes.encoded(request);
    if (bytes > PayloadSizes.MAX_PAYLOAD_BYTES) {
      fail(stage, tooLarge(bytes));
      return;
    }
    sizes.reserve(bytes);
    ActivityStub stub = Workflow.newUntypedActivityStub(options(stage, config));
    stub.executeAsync(ExecuteComponentActivity.EXECUTE_COMPONENT, ComponentResponse.class, request)
        .handle(
            (response, failure) -> {
              ended.add(new Ended(stage.id(), () -> local(stage, response, failure)));
              return null;
            });
  }

  private static ActivityOptions options(StageDefinition stage, JsonNode config) {
    double own = config.path("timeout_seconds").asDouble(0) + HEARTBEAT_TIMEOUT.toSeconds();
    double timeout = Math.max(LOCAL_TIMEOUT_SECONDS, own);
    return ActivityOptions.newBuilder()
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
        .setSummary(stage.id())
        .build();
  }

  private static StageReport local(
      StageDefinition stage,
      @Nullable ComponentResponse response,
      @Nullable RuntimeException failure) {
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

  private static RegionError tooLarge(long bytes) {
    return RegionError.of(
        FailureType.PAYLOAD_TOO_LARGE,
        "config and inputs have %d bytes, at most %d can be sent to a worker"
            .formatted(bytes, PayloadSizes.MAX_PAYLOAD_BYTES));
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

  private PipelineResult result() {
    Map<String, StageReport> inOrder = new LinkedHashMap<>();
    StageOutcome outcome = StageOutcome.SUCCEEDED;
    RegionError error = null;
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
      if (report.status() == StageStatus.FAILED) {
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
        info.getRunId());
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
