package dev.federated.worker.tracing;

import dev.federated.activities.tracing.Tracing;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import org.jspecify.annotations.Nullable;

/**
 * Gives spans to an OpenTelemetry, such as the one of an application. A span without a trace parent
 * belongs under the current span of OpenTelemetry's own, if there is one.
 */
public final class OpenTelemetryTracing implements Tracing {
  /** The instrumentation scope of the spans. */
  public static final String SCOPE = "dev.federated";

  private static final int TRACE_BEGINS = 3;
  private static final int TRACE_ENDS = 35;
  private static final int SPAN_BEGINS = 36;
  private static final int SPAN_ENDS = 52;
  private static final int FLAGS_BEGIN = 53;

  private final Tracer tracer;

  private OpenTelemetryTracing(Tracer tracer) {
    this.tracer = tracer;
  }

  /** Gives spans to that one, which stays the caller's to close. */
  public static OpenTelemetryTracing of(OpenTelemetry openTelemetry) {
    return new OpenTelemetryTracing(openTelemetry.getTracer(SCOPE));
  }

  @Override
  public Tracing.Span start(Kind kind, String name, @Nullable String parent) {
    Context under = Context.current();
    if (parent != null) {
      under = Context.root().with(io.opentelemetry.api.trace.Span.wrap(contextOf(parent)));
    }
    return new Started(
        tracer
            .spanBuilder(name)
            .setSpanKind(
                switch (kind) {
                  case CLIENT -> SpanKind.CLIENT;
                  case SERVER -> SpanKind.SERVER;
                })
            .setParent(under)
            .startSpan());
  }

  private static SpanContext contextOf(String traceParent) {
    return SpanContext.createFromRemoteParent(
        traceParent.substring(TRACE_BEGINS, TRACE_ENDS),
        traceParent.substring(SPAN_BEGINS, SPAN_ENDS),
        TraceFlags.fromHex(traceParent, FLAGS_BEGIN),
        TraceState.getDefault());
  }

  private record Started(io.opentelemetry.api.trace.Span span) implements Tracing.Span {
    @Override
    public @Nullable String traceParent() {
      SpanContext context = span.getSpanContext();
      return context.isValid()
          ? "00-%s-%s-%s"
              .formatted(context.getTraceId(), context.getSpanId(), context.getTraceFlags().asHex())
          : null;
    }

    @Override
    public void set(String attribute, String value) {
      span.setAttribute(attribute, value);
    }

    @Override
    public void set(String attribute, long value) {
      span.setAttribute(attribute, value);
    }

    @Override
    public void failed(String errorType) {
      span.setAttribute("error.type", errorType);
      span.setStatus(StatusCode.ERROR);
    }

    @Override
    public void close() {
      span.end();
    }
  }
}
