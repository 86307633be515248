package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.StageRequest;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** See {@link HandWrittenFanOut}. */
public final class HandWrittenFanOutImpl implements HandWrittenFanOut {
  private static final int MAX_OUTPUT_BYTES = 2_000_000;

  @Override
  public Map<String, JsonNode> run(StageRequest request) {
    return everywhere(request, request.stageId(), request.inputs());
  }

  /** The same activities with the same timeouts as a stage's. */
  static Map<String, JsonNode> everywhere(StageRequest request, String stageId, JsonNode inputs) {
    Map<String, Promise<RemoteResponse>> calls = new LinkedHashMap<>();
    for (String region : request.federation().regions()) {
      RemoteExecuteActivity activity =
          Workflow.newActivityStub(RemoteExecuteActivity.class, options(region));
      RemoteRequest remote =
          new RemoteRequest(
              region,
              stageId,
              request.type(),
              request.config(),
              inputs,
              Workflow.getInfo().getRunId() + "/" + stageId + "/" + region,
              MAX_OUTPUT_BYTES,
              CircuitBreakerConfig.DEFAULT,
              region);
      calls.put(region, Async.function(activity::execute, remote));
    }
    Promise.allOf(calls.values()).get();
    Map<String, JsonNode> outputs = new LinkedHashMap<>();
    calls.forEach((region, call) -> outputs.put(region, call.get().output()));
    return outputs;
  }

  private static ActivityOptions options(String region) {
    return ActivityOptions.newBuilder()
        .setTaskQueue(FederatedQueues.ofRegion(region))
        .setStartToCloseTimeout(Duration.ofMinutes(5))
        .setScheduleToStartTimeout(Duration.ofMinutes(5))
        .setHeartbeatTimeout(Duration.ofSeconds(10))
        .setCancellationType(ActivityCancellationType.TRY_CANCEL)
        .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(3).build())
        .build();
  }
}
