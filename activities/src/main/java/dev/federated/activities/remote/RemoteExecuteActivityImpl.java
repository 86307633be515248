package dev.federated.activities.remote;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.reference.InputReferences;
import dev.federated.activities.reference.ReferenceException;
import dev.federated.activities.tracing.Tracing;
import dev.federated.model.FailureType;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.model.RegionStatus;
import dev.federated.model.WireName;
import dev.federated.stage.PayloadSizes;
import dev.federated.stage.RemoteExecuteActivity;
import dev.federated.stage.RemoteFailure;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.stage.TraceParent;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInfo;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.ActivityWorkerShutdownException;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Executes stages in one region: over HTTP where it has an endpoint, in this process where it has
 * none. Every failure is an {@link ApplicationFailure} as {@link RemoteExecuteActivity} describes;
 * a cancellation is the exception that the heartbeat gave.
 */
public final class RemoteExecuteActivityImpl implements RemoteExecuteActivity {

  /** The activity gives up this much before Temporal would, so that the error is its own. */
  private static final Duration LONGEST_MARGIN = Duration.ofMillis(500);

  private static final int MARGIN_DIVISOR = 10;

  /** Characters of a component's own words that a message shows. */
  private static final int SHOWN_CHARACTERS = 500;

  private final RegionConfig region;
  private final @Nullable RegionProtocolClient client;
  private final @Nullable RegionCluster cluster;
  private final LocalExecutor local;
  private final Redaction secrets;
  private final CircuitBreakers breakers;
  private final @Nullable RegionProber prober;
  private final RegionListener listener;
  private final FederationMetrics metrics;
  private final ScheduledExecutorService scheduler;
  private final int maxOutputBytes;
  private final InputReferences references;
  private final Tracing tracing;

  private RemoteExecuteActivityImpl(Builder builder) {
    this.region = builder.region;
    this.client = builder.client;
    this.cluster = builder.cluster;
    this.local = builder.local;
    this.secrets = builder.secrets;
    this.breakers = builder.breakers;
    this.prober = builder.prober;
    this.listener = builder.listener;
    this.metrics = builder.metrics;
    this.scheduler = builder.scheduler;
    this.maxOutputBytes = builder.maxOutputBytes;
    this.references = builder.references;
    this.tracing = builder.tracing;
  }

  /**
   * Builds the activity of a region.
   *
   * @param breakers the worker's breakers
   * @param metrics the worker's metrics
   * @param scheduler where heartbeats run; a few threads do for hundreds of calls
   */
  public static Builder builder(
      RegionConfig region,
      CircuitBreakers breakers,
      FederationMetrics metrics,
      ScheduledExecutorService scheduler) {
    return new Builder(region, breakers, metrics, scheduler);
  }

  @Override
  public RemoteResponse execute(RemoteRequest request) {
    try {
      return attempt(request.outputUpTo(maxOutputBytes));
    } finally {
      TraceParent.forget();
    }
  }

  private RemoteResponse attempt(RemoteRequest request) {
    ActivityExecutionContext context = Activity.getExecutionContext();
    // Temporal counts from 1; its test environment leaves it at 0.
    int attempt = Math.max(1, context.getInfo().getAttempt());
    try (AttemptSpan span =
        AttemptSpan.start(tracing, region, request, context.getInfo(), attempt)) {
      return attempt(context, request, attempt, span);
    }
  }

  private RemoteResponse attempt(
      ActivityExecutionContext context, RemoteRequest request, int attempt, AttemptSpan span) {
    if (!request.region().equals(region.name())) {
      throw refused(
          RegionError.of(
              FailureType.REGION_REJECTED,
              "region %s: this worker got an execution for region %s"
                  .formatted(region.name(), request.region())),
          attempt,
          span);
    }
    RegionBreaker.Permit permit = breakers.of(region.name(), request.circuitBreaker()).tryCall();
    if (permit == null) {
      metrics.executionRefused(region.name(), FailureType.CIRCUIT_OPEN);
      throw refused(
          RegionError.of(
              FailureType.CIRCUIT_OPEN,
              "region %s: not called, its circuit breaker is open after %d failures in a row"
                  .formatted(region.name(), request.circuitBreaker().threshold())),
          attempt,
          span);
    }
    long start = System.nanoTime();
    metrics.executionStarted(region.name());
    RegionStatus status = RegionStatus.CANCELLED;
    FailureType type = null;
    try {
      RemoteResponse response = run(context, request, attempt, start, span);
      permit.succeeded();
      span.succeeded(client != null);
      status = RegionStatus.SUCCEEDED;
      listener.called(region.name(), null, response.latencyMs());
      return response;
    } catch (RegionCallException e) {
      RegionError error = e.error();
      status = RegionStatus.FAILED;
      type = error.type();
      span.failed(error);
      long latencyMs = millisSince(start);
      if (e.counts()) {
        permit.failed();
        if (prober != null && client != null) {
          prober.request(client);
        }
      }
      listener.called(region.name(), error, latencyMs);
      ApplicationFailure failure =
          failure(error, e.retryAfter(), attempt, latencyMs, e.isWorkerLost());
      failure.setStackTrace(e.getStackTrace());
      throw failure;
    } finally {
      permit.release();
      metrics.executionEnded(region.name(), status, type, millisSince(start));
    }
  }

  /** Of an attempt that was not made. */
  private static ApplicationFailure refused(RegionError error, int attempt, AttemptSpan span) {
    span.failed(error);
    return failure(error, null, attempt - 1, 0, false);
  }

  private RemoteResponse run(
      ActivityExecutionContext context,
      RemoteRequest request,
      int attempt,
      long start,
      AttemptSpan span)
      throws RegionCallException {
    Duration timeout = timeout(context.getInfo());
    Work work;
    if (cluster != null) {
      // Its worker there reads what the inputs refer to.
      work = new ClusterWork(cluster, context, request, timeout);
    } else {
      work =
          references.areIn(request.inputs())
              ? new ReferencedWork(request, attempt, timeout, span)
              : work(request, attempt, timeout, span);
    }
    RemoteResponse answer;
    try (Heartbeats heartbeats =
        new Heartbeats(
            context,
            scheduler,
            () -> new RemoteFailure(attempt, millisSince(start), null),
            work::stop)) {
      answer = run(work, request, context, heartbeats);
    } catch (ActivityWorkerShutdownException e) {
      throw RegionCallException.workerStopped(region.name());
    }
    RemoteResponse response =
        new RemoteResponse(
            answer.output(), answer.tokensUsed(), answer.cost(), attempt, millisSince(start));
    requireFits(response, request.maxOutputBytes());
    return response;
  }

  private Work work(RemoteRequest request, int attempt, Duration timeout, AttemptSpan span)
      throws RegionCallException {
    return client == null
        ? new LocalWork(request, timeout)
        : new HttpWork(client.call(request, attempt, timeout, span.traceParent()));
  }

  /** The work's outcome, or what ended the activity from outside rather than what followed it. */
  private RemoteResponse run(
      Work work, RemoteRequest request, ActivityExecutionContext context, Heartbeats heartbeats)
      throws RegionCallException {
    try {
      return work.run();
    } catch (RegionCallException e) {
      ActivityCompletionException end = heartbeats.end();
      if (end != null) {
        // A component in this process has ended when it was stopped; only a node may still work.
        if (client != null && StageInterest.lostIn(request, end, context)) {
          work.withdraw();
        }
        throw end;
      }
      throw e;
    }
  }

  /** Start-to-close less a margin, and never more than the region allows. */
  private Duration timeout(ActivityInfo info) {
    Duration own = Duration.ofMillis((long) (region.timeoutSeconds() * 1000));
    Duration startToClose = info.getStartToCloseTimeout();
    if (startToClose.isZero()) {
      return own;
    }
    Duration tenth = startToClose.dividedBy(MARGIN_DIVISOR);
    Duration margin = tenth.compareTo(LONGEST_MARGIN) < 0 ? tenth : LONGEST_MARGIN;
    Duration left = startToClose.minus(margin);
    return left.compareTo(own) < 0 ? left : own;
  }

  private void requireFits(RemoteResponse response, int limit) throws RegionCallException {
    long bytes = PayloadSizes.encoded(response);
    if (bytes > limit) {
      throw RegionCallException.of(
          FailureType.RESPONSE_TOO_LARGE,
          "region %s: its result has %d bytes as JSON, more than max_output_bytes (%d)"
              .formatted(region.name(), bytes, limit),
          client == null ? null : 200);
    }
  }

  private static ApplicationFailure failure(
      RegionError error,
      @Nullable Duration retryAfter,
      int attempts,
      long latencyMs,
      boolean workerLost) {
    ApplicationFailure.Builder failure =
        RemoteFailure.of(error, attempts, latencyMs, workerLost).failure(error);
    if (error.retryable() && retryAfter != null && !retryAfter.isZero()) {
      failure.setNextRetryDelay(retryAfter);
    }
    return failure.build();
  }

  private static long millisSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }

  /** One execution that can be stopped from another thread. */
  interface Work {
    RemoteResponse run() throws RegionCallException;

    void stop();

    /** Stops it for that reason, where the reason matters. */
    default void stop(ActivityCompletionException why) {
      stop();
    }

    /** Tells whoever works elsewhere that nobody wants it any more, after it was stopped here. */
    default void withdraw() {}
  }

  private record HttpWork(RegionProtocolClient.RegionCall call) implements Work {
    @Override
    public RemoteResponse run() throws RegionCallException {
      return call.execute();
    }

    @Override
    public void stop() {
      call.cancel();
    }

    @Override
    public void withdraw() {
      call.withdraw();
    }
  }

  /** Reads what the inputs refer to on this thread, then works with it in the time that is left. */
  private final class ReferencedWork implements Work {
    private final RemoteRequest request;
    private final int attempt;
    private final long deadline;
    private final AttemptSpan span;
    private final Thread thread = Thread.currentThread();
    private @Nullable Work work;
    private boolean read;
    private boolean stopped;

    ReferencedWork(RemoteRequest request, int attempt, Duration timeout, AttemptSpan span) {
      this.request = request;
      this.attempt = attempt;
      this.span = span;
      this.deadline = System.nanoTime() + timeout.toNanos();
    }

    @Override
    public RemoteResponse run() throws RegionCallException {
      JsonNode inputs;
      try {
        inputs = references.resolve(request.inputs(), left());
      } catch (ReferenceException e) {
        var unused = next(null);
        String message = "region %s: inputs: %s".formatted(region.name(), e.getMessage());
        throw new RegionCallException(
            new RegionError(FailureType.COMPONENT_FAILED, message, e.retryable(), null), null);
      }
      Work next = next(inputs);
      if (next == null) {
        throw RegionCallException.of(
            FailureType.REGION_UNAVAILABLE,
            "region %s: stopped while its inputs were read".formatted(region.name()),
            null);
      }
      return next.run();
    }

    private Duration left() {
      return Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
    }

    /** From here on the thread is not interrupted any more; null if there is nothing to do next. */
    private synchronized @Nullable Work next(@Nullable JsonNode inputs) throws RegionCallException {
      if (stopped) {
        Thread.interrupted();
        return null;
      }
      work = inputs == null ? null : work(request.withInputs(inputs), attempt, left(), span);
      read = true;
      return work;
    }

    @Override
    public synchronized void stop() {
      stopped = true;
      if (work != null) {
        work.stop();
      } else if (!read) {
        thread.interrupt();
      }
    }

    @Override
    public synchronized void withdraw() {
      if (work != null) {
        work.withdraw();
      }
    }
  }

  /** A component on this thread, which is interrupted to stop it. */
  private final class LocalWork implements Work {
    private final RemoteRequest request;
    private final Duration timeout;
    private final Thread thread = Thread.currentThread();
    private boolean running = true;
    private boolean stopped;
    private boolean late;

    LocalWork(RemoteRequest request, Duration timeout) {
      this.request = request;
      this.timeout = timeout;
    }

    @Override
    public RemoteResponse run() throws RegionCallException {
      var alarm = scheduler.schedule(this::late, timeout.toMillis(), TimeUnit.MILLISECONDS);
      try {
        return local.execute(request, timeout);
      } catch (Exception | LinkageError | StackOverflowError e) {
        throw failed(e);
      } finally {
        alarm.cancel(false);
        ended();
      }
    }

    @Override
    public synchronized void stop() {
      if (running) {
        stopped = true;
        thread.interrupt();
      }
    }

    private synchronized void late() {
      late = running;
      stop();
    }

    /** From here on the thread is not interrupted any more, and forgets that it was. */
    private synchronized void ended() {
      running = false;
      if (stopped) {
        Thread.interrupted();
      }
    }

    private synchronized RegionCallException failed(Throwable e) {
      if (late) {
        return new RegionCallException(
            RegionError.of(
                FailureType.REGION_TIMEOUT,
                "region %s: component '%s' took longer than %d ms"
                    .formatted(region.name(), request.type(), timeout.toMillis())),
            null,
            e);
      }
      if (e instanceof ApplicationFailure failure) {
        FailureType type =
            Optional.ofNullable(failure.getType())
                .flatMap(name -> WireName.find(FailureType.class, name))
                .orElse(FailureType.COMPONENT_FAILED);
        String message = failure.getOriginalMessage();
        return new RegionCallException(
            new RegionError(
                type,
                secrets.line(message == null ? "" : message, false, SHOWN_CHARACTERS),
                !failure.isNonRetryable(),
                null),
            failure.getNextRetryDelay(),
            e);
      }
      return new RegionCallException(
          RegionError.of(
              FailureType.COMPONENT_FAILED,
              "region %s: component '%s' failed: %s"
                  .formatted(
                      region.name(),
                      request.type(),
                      secrets.line(String.valueOf(e), false, SHOWN_CHARACTERS))),
          null,
          e);
    }
  }

  /** Builds the activity of one region. */
  public static final class Builder {
    private final RegionConfig region;
    private final CircuitBreakers breakers;
    private final FederationMetrics metrics;
    private final ScheduledExecutorService scheduler;
    private @Nullable RegionProtocolClient client;
    private @Nullable RegionCluster cluster;
    private LocalExecutor local =
        (request, timeout) -> {
          throw ApplicationFailure.newNonRetryableFailure(
              "region %s has no endpoint, and this worker executes no components"
                  .formatted(request.region()),
              FailureType.COMPONENT_FAILED.wireName());
        };
    private Redaction secrets = Redaction.NONE;
    private @Nullable RegionProber prober;
    private RegionListener listener = RegionListener.NONE;
    private InputReferences references = new InputReferences(List.of(), List.of());
    private int maxOutputBytes = FederationConfig.MOST_OUTPUT_BYTES_IN_HISTORY;
    private Tracing tracing = Tracing.NONE;

    private Builder(
        RegionConfig region,
        CircuitBreakers breakers,
        FederationMetrics metrics,
        ScheduledExecutorService scheduler) {
      this.region = region;
      this.breakers = breakers;
      this.metrics = metrics;
      this.scheduler = scheduler;
    }

    /** Calls the region's endpoint; default null, for a region without one. */
    public Builder client(@Nullable RegionProtocolClient client) {
      this.client = client;
      return this;
    }

    /** Executes everything in another Temporal cluster; default null, for a region of this one. */
    public Builder cluster(@Nullable RegionCluster cluster) {
      this.cluster = cluster;
      return this;
    }

    /** Executes components for a region without an endpoint; default: they fail. */
    public Builder local(LocalExecutor local) {
      this.local = local;
      return this;
    }

    /** Values that must not come out of a component's errors; default none. */
    public Builder secrets(Redaction secrets) {
      this.secrets = secrets;
      return this;
    }

    /** Looks at the region's health after a failure that the breaker counts; default: nobody. */
    public Builder prober(@Nullable RegionProber prober) {
      this.prober = prober;
      return this;
    }

    /**
     * The most bytes of JSON that this worker can hand over as a result, whatever the stage allows;
     * default 1500000.
     */
    public Builder maxOutputBytes(int maxOutputBytes) {
      this.maxOutputBytes = maxOutputBytes;
      return this;
    }

    /** Reads what inputs refer to; default: inputs stay as they are. */
    public Builder references(InputReferences references) {
      this.references = references;
      return this;
    }

    /** Takes a span of every attempt; default nobody. */
    public Builder tracing(Tracing tracing) {
      this.tracing = tracing;
      return this;
    }

    /** Learns how attempts ended; default nobody. */
    public Builder listener(RegionListener listener) {
      this.listener = listener;
      return this;
    }

    /**
     * The activity.
     *
     * @throws IllegalStateException if the region has an endpoint and there is no client for it
     */
    public RemoteExecuteActivityImpl build() {
      if (region.endpoint() != null && client == null && cluster == null) {
        throw new IllegalStateException(
            "region '%s' has an endpoint; give its client".formatted(region.name()));
      }
      return new RemoteExecuteActivityImpl(this);
    }
  }
}
