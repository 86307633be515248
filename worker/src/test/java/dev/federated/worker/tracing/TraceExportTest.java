package dev.federated.worker.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.activities.tracing.Tracing;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TraceExportTest {
  private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
  private static final String EXPORTER = "OTEL_TRACES_EXPORTER";

  /** More than the longest flush, and far less than the 10 s that OTLP gives an export. */
  private static final Duration IN_TIME = Duration.ofSeconds(4);

  private static void tell(TraceExport export) {
    export.tracing().start(Tracing.Kind.CLIENT, "call", null).close();
  }

  private static Duration timeToClose(TraceExport export) {
    long start = System.nanoTime();
    export.close();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  @Test
  void whatIsNoValueOfAVariableIsNoExportAndNoFailure() {
    Map<String, String> environment =
        Map.of(EXPORTER, "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon");
    try (TraceExport export = TraceExport.of(environment)) {
      assertThat(export.tracing()).isSameAs(Tracing.NONE);
    }
  }

  @Test
  void aCollectorThatIsSilentDelaysTheEndByTheFlushOnly() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      TraceExport export =
          TraceExport.of(Map.of(ENDPOINT, "http://127.0.0.1:" + silent.getLocalPort()));
      tell(export);

      assertThat(timeToClose(export)).isLessThan(IN_TIME);
    }
  }

  @Test
  void aCollectorThatRefusesDelaysTheEndByTheFlushOnly() {
    TraceExport export = TraceExport.of(Map.of(ENDPOINT, "http://127.0.0.1:1"));
    tell(export);

    assertThat(timeToClose(export)).isLessThan(IN_TIME);
  }

  @Test
  void moreSpansThanTheQueueHoldsAreDroppedWithoutWaiting() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      TraceExport export =
          TraceExport.of(Map.of(ENDPOINT, "http://127.0.0.1:" + silent.getLocalPort()));
      tell(export);
      long start = System.nanoTime();
      for (int i = 0; i < 10_000; i++) {
        tell(export);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
      assertThat(timeToClose(export)).isLessThan(IN_TIME);
    }
  }

  @Test
  void nothingIsExportedUnlessTheVariablesAskForIt() {
    assertThat(TraceExport.isAskedFor(Map.of())).isFalse();
    assertThat(TraceExport.isAskedFor(Map.of(EXPORTER, "none", ENDPOINT, "http://c"))).isFalse();
    assertThat(TraceExport.isAskedFor(Map.of(EXPORTER, "zipkin", ENDPOINT, "http://c"))).isFalse();
    assertThat(TraceExport.isAskedFor(Map.of(EXPORTER, "otlp", "OTEL_SDK_DISABLED", "TRUE")))
        .isFalse();
    assertThat(TraceExport.isAskedFor(Map.of(ENDPOINT, " "))).isFalse();
    assertThat(TraceExport.isAskedFor(Map.of(EXPORTER, "otlp"))).isTrue();
    assertThat(TraceExport.isAskedFor(Map.of(EXPORTER, "", ENDPOINT, "http://c"))).isTrue();
    assertThat(TraceExport.isAskedFor(Map.of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c")))
        .isTrue();
  }

  @Test
  void whatTheVariablesSayOfHeadersAndTheServiceHolds() throws Exception {
    try (MockWebServer collector = new MockWebServer()) {
      collector.enqueue(new MockResponse.Builder().build());
      collector.start();
      TraceExport export =
          TraceExport.of(
              Map.of(
                  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                  collector.url("/otlp/here").toString(),
                  "OTEL_EXPORTER_OTLP_HEADERS",
                  "x-tenant=blue",
                  "OTEL_RESOURCE_ATTRIBUTES",
                  "service.name=orders,deployment.environment.name=test"));
      tell(export);
      export.close();

      RecordedRequest sent = collector.takeRequest(10, TimeUnit.SECONDS);
      assertThat(sent.getTarget()).isEqualTo("/otlp/here");
      assertThat(sent.getHeaders().get("x-tenant")).isEqualTo("blue");
      assertThat(sent.getHeaders().get("Content-Type")).isEqualTo("application/x-protobuf");
      assertThat(sent.getBody().utf8()).contains("orders").contains("deployment.environment.name");
    }
  }

  @Test
  void theServiceIsCalledFederateIfTheVariablesDoNotNameIt() throws Exception {
    try (MockWebServer collector = new MockWebServer()) {
      collector.enqueue(new MockResponse.Builder().build());
      collector.start();
      TraceExport export = TraceExport.of(Map.of(ENDPOINT, collector.url("/").toString()));
      tell(export);
      export.close();

      RecordedRequest sent = collector.takeRequest(10, TimeUnit.SECONDS);
      assertThat(sent.getTarget()).isEqualTo("/v1/traces");
      assertThat(sent.getBody().utf8()).contains("federate").doesNotContain("unknown_service");
    }
  }
}
