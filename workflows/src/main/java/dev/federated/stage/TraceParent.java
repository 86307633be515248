package dev.federated.stage;

import com.google.protobuf.ByteString;
import io.temporal.api.common.v1.Payload;
import io.temporal.common.context.ContextPropagator;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Carries the trace of a caller, a {@code traceparent} as www.w3.org/TR/trace-context says, from
 * the client that starts a stage or pipeline through the headers of workflows and activities to the
 * call of a region. It stands in the MDC of the thread, so that log lines can show it. Without one
 * nothing is carried, and a region's calls make a trace by the idempotency key.
 */
public final class TraceParent implements ContextPropagator {
  /** The header, and the key in the MDC. */
  public static final String NAME = "traceparent";

  private static final int SPAN_BEGINS = 36;
  private static final int SPAN_ENDS = 52;
  private static final Pattern FORM =
      Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

  /** Whether the text is a trace parent of version 00. */
  public static boolean isValid(@Nullable String text) {
    return text != null && FORM.matcher(text).matches();
  }

  /** The trace parent of this thread; null if there is none. */
  public static @Nullable String current() {
    String text = MDC.get(NAME);
    return isValid(text) ? text : null;
  }

  /**
   * Ends the trace on this thread. The SDK leaves a header's context on the thread of an activity,
   * and the next activity there may have none.
   */
  public static void forget() {
    MDC.remove(NAME);
  }

  /** The same trace, with another span as the parent. */
  public static String child(String traceParent, String span) {
    return traceParent.substring(0, SPAN_BEGINS) + span + traceParent.substring(SPAN_ENDS);
  }

  @Override
  public String getName() {
    return NAME;
  }

  @Override
  public Map<String, Payload> serializeContext(Object context) {
    return context instanceof String text && isValid(text)
        ? Map.of(
            NAME,
            Payload.newBuilder()
                .putMetadata("encoding", ByteString.copyFromUtf8("binary/plain"))
                .setData(ByteString.copyFromUtf8(text))
                .build())
        : Map.of();
  }

  @Override
  public Object deserializeContext(Map<String, Payload> header) {
    Payload payload = header.get(NAME);
    return payload == null ? "" : payload.getData().toStringUtf8();
  }

  @Override
  public Object getCurrentContext() {
    return Optional.ofNullable(current()).orElse("");
  }

  @Override
  public void setCurrentContext(Object context) {
    if (context instanceof String text && isValid(text)) {
      MDC.put(NAME, text);
    } else {
      MDC.remove(NAME);
    }
  }
}
