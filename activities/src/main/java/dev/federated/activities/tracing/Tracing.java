package dev.federated.activities.tracing;

import org.jspecify.annotations.Nullable;

/**
 * Takes spans, each told once when it ends. Spans hold no inputs, outputs or secrets. An
 * implementation is thread-safe, does not block, and keeps its failures to itself: work goes on
 * whether its spans arrive or not.
 */
@FunctionalInterface
public interface Tracing {
  /** Takes nothing, and costs nothing. */
  Tracing NONE = (kind, name, parent) -> Span.NONE;

  /**
   * Begins a span.
   *
   * @param name one of few, such as what is called and where; no ids
   * @param parent the trace parent that it belongs under, as {@link
   *     dev.federated.stage.TraceParent#isValid} takes it; null if it begins a trace
   */
  Span start(Kind kind, String name, @Nullable String parent);

  /** Which side of a call a span is. */
  enum Kind {
    /** The one that calls. */
    CLIENT,
    /** The one that is called. */
    SERVER
  }

  /** A span that has begun. Used by one thread. */
  interface Span extends AutoCloseable {
    /** Of nothing; it stays as it is. */
    Span NONE =
        new Span() {
          @Override
          public @Nullable String traceParent() {
            return null;
          }

          @Override
          public void set(String attribute, String value) {}

          @Override
          public void set(String attribute, long value) {}

          @Override
          public void failed(String errorType) {}

          @Override
          public void close() {}
        };

    /** The trace parent of what belongs under this span; null if nobody takes spans. */
    @Nullable String traceParent();

    /** Sets an attribute; no input, output or secret. */
    void set(String attribute, String value);

    /** Sets an attribute. */
    void set(String attribute, long value);

    /**
     * Says that it failed.
     *
     * @param errorType one of few, for the attribute {@code error.type}; no message
     */
    void failed(String errorType);

    /** Ends it; again does nothing. */
    @Override
    void close();
  }
}
