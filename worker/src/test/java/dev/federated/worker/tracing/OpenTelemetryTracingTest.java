package dev.federated.worker.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.activities.tracing.Tracing;
import dev.federated.stage.TraceParent;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenTelemetryTracingTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String CALLER = "b7ad6b7169203331";

  private final InMemorySpanExporter exported = InMemorySpanExporter.create();
  private final OpenTelemetrySdk sdk =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(exported))
                  .build())
          .build();
  private final Tracing tracing = OpenTelemetryTracing.of(sdk);

  @AfterEach
  void close() {
    sdk.close();
  }

  private @Nullable String told(Tracing tracing, @Nullable String parent) {
    try (Tracing.Span span = tracing.start(Tracing.Kind.CLIENT, "call", parent)) {
      return span.traceParent();
    }
  }

  private SpanData only() {
    assertThat(exported.getFinishedSpanItems()).hasSize(1);
    return exported.getFinishedSpanItems().get(0);
  }

  @Test
  void anOpenTelemetryThatDoesNothingHasNoTraceParent() {
    assertThat(told(OpenTelemetryTracing.of(OpenTelemetry.noop()), null)).isNull();
  }

  @Test
  void aSpanOfATraceThatIsNotSampledIsNotExportedAndCarriedOnAsSuch() {
    String own = told(tracing, "00-" + TRACE + "-" + CALLER + "-00");

    assertThat(own).matches("00-" + TRACE + "-(?!" + CALLER + ")[0-9a-f]{16}-00");
    assertThat(exported.getFinishedSpanItems()).isEmpty();
  }

  @Test
  void aFailureIsAnErrorWithItsTypeAndWithoutWords() {
    try (Tracing.Span span = tracing.start(Tracing.Kind.SERVER, "execute x", null)) {
      span.failed("422");
    }

    assertThat(only().getStatus()).isEqualTo(StatusData.error());
    assertThat(only().getAttributes().asMap())
        .isEqualTo(Map.of(AttributeKey.stringKey("error.type"), "422"));
    assertThat(only().getKind()).isEqualTo(SpanKind.SERVER);
  }

  @Test
  void aSpanBelongsUnderItsTraceParent() {
    String own = told(tracing, "00-" + TRACE + "-" + CALLER + "-01");

    assertThat(only().getTraceId()).isEqualTo(TRACE);
    assertThat(only().getParentSpanId()).isEqualTo(CALLER);
    assertThat(own).isEqualTo("00-%s-%s-01".formatted(TRACE, only().getSpanId()));
    assertThat(TraceParent.isValid(own)).isTrue();
  }

  @Test
  void withoutATraceParentItBelongsUnderTheApplicationsSpan() {
    io.opentelemetry.api.trace.Span application =
        sdk.getTracer("app").spanBuilder("app").startSpan();
    try (Scope scope = application.makeCurrent()) {
      assertThat(told(tracing, null)).contains(application.getSpanContext().getTraceId());
    }

    assertThat(only().getParentSpanId()).isEqualTo(application.getSpanContext().getSpanId());
  }
}
