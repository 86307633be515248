package dev.federated.worker.node;

import dev.federated.activities.tracing.Tracing;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.stage.TraceParent;
import org.jspecify.annotations.Nullable;

/**
 * The span of one execution that a node was asked for, also of one that it answers from its record.
 * It fails with the status of the answer, and without one as cancelled: the node was closed.
 */
final class ExecutionSpan implements AutoCloseable {
  /** Characters of a component's type that a name shows. */
  private static final int SHOWN_CHARACTERS = 64;

  private static final int FIRST_ERROR = 400;

  private final Tracing.Span span;
  private @Nullable NodeAnswer answer;

  private ExecutionSpan(Tracing.Span span) {
    this.span = span;
  }

  /** Begins it, under the span of the caller if the request names one. */
  static ExecutionSpan start(
      RegionNodeOptions options, NodeRequest request, ComponentRequest component) {
    if (options.tracing() == Tracing.NONE) {
      return new ExecutionSpan(Tracing.Span.NONE);
    }
    String parent = request.headers().get(TraceParent.NAME);
    String type = shown(component.type());
    Tracing.Span span =
        options
            .tracing()
            .start(
                Tracing.Kind.SERVER,
                "execute " + type,
                TraceParent.isValid(parent) ? parent : null);
    span.set("federation.region", options.name());
    span.set("federation.stage.id", shown(component.stageId()));
    span.set("federation.stage.type", type);
    span.set("http.request.method", request.method());
    span.set("http.route", RegionNode.EXECUTE_PATH);
    span.set("url.path", request.path());
    span.set("url.scheme", options.tls() == null ? "http" : "https");
    return new ExecutionSpan(span);
  }

  /** A caller may send anything. */
  private static String shown(String text) {
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }

  /** Takes note of the answer, and gives it back. */
  NodeAnswer answered(NodeAnswer answer) {
    this.answer = answer;
    return answer;
  }

  @Override
  public void close() {
    if (span == Tracing.Span.NONE) {
      return;
    }
    if (answer == null) {
      span.failed("closed");
    } else {
      span.set("http.response.status_code", answer.status());
      if (answer.status() >= FIRST_ERROR) {
        span.failed(Integer.toString(answer.status()));
      }
    }
    span.close();
  }
}
