package dev.federated.activities.remote;

import dev.federated.activities.tracing.Tracing;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionError;
import dev.federated.model.RegionStatus;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.TraceParent;
import io.temporal.activity.ActivityInfo;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The span of one attempt of {@code RemoteExecute}. While it runs it is the trace of this thread,
 * so that log lines and work in another cluster belong to it. An attempt that ends with neither
 * success nor failure was cancelled, which is no error: its stage may not have needed it any more.
 */
final class AttemptSpan implements AutoCloseable {
  private final Tracing.Span span;
  private RegionStatus status = RegionStatus.CANCELLED;

  private AttemptSpan(Tracing.Span span) {
    this.span = span;
  }

  /**
   * Begins it.
   *
   * @param attempt its number, from 1
   */
  static AttemptSpan start(
      Tracing tracing, RegionConfig region, RemoteRequest request, ActivityInfo info, int attempt) {
    if (tracing == Tracing.NONE) {
      return new AttemptSpan(Tracing.Span.NONE);
    }
    Tracing.Span span =
        tracing.start(Tracing.Kind.CLIENT, "RemoteExecute " + region.name(), TraceParent.current());
    span.set("federation.region", region.name());
    span.set("federation.stage.id", request.stageId());
    span.set("federation.stage.type", request.type());
    span.set("federation.attempt", attempt);
    // As Temporal's own interceptors name them.
    span.set("temporalWorkflowID", info.getWorkflowId());
    span.set("temporalRunID", info.getWorkflowRunId());
    URI endpoint = region.endpoint();
    if (endpoint != null && endpoint.getHost() != null) {
      span.set("server.address", endpoint.getHost());
      if (endpoint.getPort() > 0) {
        span.set("server.port", endpoint.getPort());
      }
    }
    String own = span.traceParent();
    if (own != null) {
      MDC.put(TraceParent.NAME, own);
    }
    return new AttemptSpan(span);
  }

  /** The trace parent that the region is told; null if nobody takes spans. */
  @Nullable String traceParent() {
    return span.traceParent();
  }

  /**
   * It has a result.
   *
   * @param overHttp whether it came as an answer
   */
  void succeeded(boolean overHttp) {
    status = RegionStatus.SUCCEEDED;
    if (overHttp) {
      span.set("http.response.status_code", 200);
    }
  }

  /** It failed; the message, which may hold the region's own words, is left out. */
  void failed(RegionError error) {
    status = RegionStatus.FAILED;
    if (error.httpStatus() != null) {
      span.set("http.response.status_code", error.httpStatus());
    }
    span.failed(error.type().wireName());
  }

  @Override
  public void close() {
    if (span != Tracing.Span.NONE) {
      span.set("federation.status", status.wireName());
      span.close();
    }
  }
}
