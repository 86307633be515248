package dev.federated.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.activities.remote.CircuitBreakers;
import dev.federated.activities.remote.RegionBreaker;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteFailure;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInfo;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityCompletionClient;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.ActivityNotExistsException;
import io.temporal.client.WorkflowClient;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@code RemoteExecute} of a region that does what its script says. */
final class ScriptedExecution implements RemoteExecuteActivity {
  /** Time between heartbeats: half of the heartbeat timeout of a region call. */
  private static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(5);

  /** What a region worker leaves of an attempt's timeout to report it; its tenth at most. */
  private static final Duration LONGEST_MARGIN = Duration.ofMillis(500);

  private static final int MARGIN_DIVISOR = 10;

  private final RegionConfig region;
  private final Supplier<RegionScript> script;
  private final CircuitBreakers breakers;
  private final WorkflowClient client;
  private final ActivityCompletionClient heartbeats;
  private final ServerTime time;
  private final Consumer<RegionCall> calls;
  private final AtomicInteger count = new AtomicInteger();

  ScriptedExecution(
      RegionConfig region,
      Supplier<RegionScript> script,
      CircuitBreakers breakers,
      WorkflowClient client,
      ServerTime time,
      Consumer<RegionCall> calls) {
    this.region = region;
    this.script = script;
    this.breakers = breakers;
    this.client = client;
    this.heartbeats = client.newActivityCompletionClient();
    this.time = time;
    this.calls = calls;
  }

  @Override
  public RemoteResponse execute(RemoteRequest request) {
    ActivityInfo info = Activity.getExecutionContext().getInfo();
    int attempt = info.getAttempt();
    RegionBreaker breaker = breakers.of(region.name(), request.circuitBreaker());
    if (breaker.state() == CircuitState.OPEN) {
      throw failure(
          RegionError.of(
              FailureType.CIRCUIT_OPEN,
              "region %s: not called, its circuit breaker is open after %d failures in a row"
                  .formatted(region.name(), request.circuitBreaker().threshold())),
          attempt - 1,
          Duration.ZERO);
    }
    RegionScript now = script.get();
    int call = count.incrementAndGet();
    Duration longest = longest(info);
    boolean late = now.delay().compareTo(longest) >= 0;
    Duration took = late ? longest : now.delay();
    try {
      pass(info, took, attempt);
    } catch (ActivityCanceledException e) {
      tell(request, attempt, FailureType.CANCELLED, took);
      return cancelled(info);
    } catch (ActivityCompletionException e) {
      tell(request, attempt, FailureType.CANCELLED, took);
      throw e;
    }
    RegionError error = late ? late(longest) : now.fault(region.name(), call);
    if (error != null) {
      if (CircuitBreakers.counts(error.type(), false)) {
        breaker.failed();
      }
      tell(request, attempt, error.type(), took);
      throw failure(error, attempt, took);
    }
    JsonNode output = now.output(request);
    breaker.succeeded();
    tell(request, attempt, null, took);
    return new RemoteResponse(output, now.tokensUsed(), now.cost(), attempt, took.toMillis());
  }

  private void tell(
      RemoteRequest request, int attempt, @Nullable FailureType failure, Duration took) {
    String share = request.share() == null ? request.region() : request.share();
    calls.accept(
        new RegionCall(
            region.name(),
            request.stageId(),
            share,
            request.idempotencyKey(),
            attempt,
            failure,
            took));
  }

  private RegionError late(Duration longest) {
    return RegionError.of(
        FailureType.REGION_TIMEOUT,
        "region %s: did not answer within %d ms, as scripted"
            .formatted(region.name(), longest.toMillis()));
  }

  /**
   * How long the attempt may take: what the region allows, start-to-close less a margin, and what
   * is left until schedule-to-close, the total timeout. Of that the test server's own timer ends
   * only a first attempt, so that only there a margin is needed; a later one fails when nothing is
   * left for a further one.
   */
  private Duration longest(ActivityInfo info) {
    Duration own = Duration.ofMillis((long) (region.timeoutSeconds() * 1000));
    Duration attempt = lessMargin(info.getStartToCloseTimeout());
    Instant scheduled = Instant.ofEpochMilli(info.getScheduledTimestamp());
    Duration left =
        info.getScheduleToCloseTimeout().minus(Duration.between(scheduled, time.instant()));
    Duration total = info.getAttempt() > 1 ? left : lessMargin(left);
    return Collections.max(List.of(Duration.ZERO, Collections.min(List.of(own, attempt, total))));
  }

  private static Duration lessMargin(Duration timeout) {
    Duration tenth = timeout.dividedBy(MARGIN_DIVISOR);
    return timeout.minus(tenth.compareTo(LONGEST_MARGIN) < 0 ? tenth : LONGEST_MARGIN);
  }

  /** Waits in the server's time, with heartbeats in it; none is throttled as the SDK's are. */
  private void pass(ActivityInfo info, Duration wait, int attempt) {
    Duration left = wait;
    while (!left.isZero()) {
      Duration slice = left.compareTo(HEARTBEAT_INTERVAL) < 0 ? left : HEARTBEAT_INTERVAL;
      time.pass(slice);
      left = left.minus(slice);
      RemoteFailure standing = new RemoteFailure(attempt, wait.minus(left).toMillis(), null);
      try {
        heartbeats.heartbeat(info.getTaskToken(), standing);
      } catch (ActivityNotExistsException e) {
        releaseOfClosed(info);
        throw e;
      }
    }
  }

  /**
   * Reports that it was cancelled. Its workflow may have closed meanwhile, which the SDK would not
   * tell if it reported.
   */
  private RemoteResponse cancelled(ActivityInfo info) {
    Activity.getExecutionContext().doNotCompleteOnReturn();
    try {
      heartbeats.reportCancellation(info.getTaskToken(), null);
    } catch (ActivityNotExistsException e) {
      releaseOfClosed(info);
    }
    return new RemoteResponse(NullNode.getInstance(), 0, null, info.getAttempt(), 0);
  }

  /** The server keeps the hold on time of an activity that outlives its workflow. */
  private void releaseOfClosed(ActivityInfo info) {
    WorkflowExecutionStatus status =
        client.newUntypedWorkflowStub(info.getWorkflowId()).describe().getStatus();
    if (status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING) {
      time.release();
    }
  }

  private static ApplicationFailure failure(RegionError error, int attempts, Duration took) {
    return ApplicationFailure.newBuilder()
        .setType(error.type().wireName())
        .setMessage(error.message())
        .setNonRetryable(!error.retryable())
        .setDetails(new RemoteFailure(attempts, took.toMillis(), error.httpStatus()))
        .build();
  }
}
