package dev.federated.starter.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.parsing.InvalidDocumentException;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.api.workflowservice.v1.DescribeNamespaceResponse;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.api.workflowservice.v1.GetSystemInfoResponse;
import io.temporal.api.workflowservice.v1.WorkflowServiceGrpc;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.testserver.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TemporalConnectionTest {
  @TempDir private Path home;

  @Test
  void nothingConfiguredIsTheLocalAddressAndSaysSo() {
    TemporalConnection connection = TemporalConnection.load(Map.of("HOME", home.toString()));
    assertThat(connection.configured()).isFalse();
    assertThat(connection.address()).isEqualTo("127.0.0.1:7233");
    assertThat(connection.namespace()).isEqualTo("default");
    assertThat(TemporalConnection.load(Map.of("TEMPORAL_ADDRESS", " ")).configured()).isFalse();
  }

  @Test
  void everySettingOfTheEnvironmentCountsAsConfigured() {
    for (String name :
        new String[] {
          "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS_SERVER_NAME"
        }) {
      assertThat(TemporalConnection.load(Map.of(name, "x")).configured()).as(name).isTrue();
    }
  }

  @Test
  void unreachableServerIsAProblemThatSaysWhereAndWhatToDo() throws IOException {
    int closed;
    try (ServerSocket socket = new ServerSocket(0)) {
      closed = socket.getLocalPort();
    }
    TemporalConnection connection =
        TemporalConnection.load(Map.of("TEMPORAL_ADDRESS", "127.0.0.1:" + closed));
    assertThatThrownBy(connection::connect)
        .isInstanceOf(ServerUnavailableException.class)
        .hasMessageContaining("127.0.0.1:" + closed)
        .hasMessageContaining("federate dev")
        .hasMessageContaining("TEMPORAL_ADDRESS");
  }

  @Test
  void serverThatDoesNotAnswerIsGivenUpWithinFiveSeconds() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      TemporalConnection connection =
          TemporalConnection.plaintext("127.0.0.1:" + silent.getLocalPort());
      long before = System.nanoTime();
      assertThatThrownBy(connection::connect)
          .isInstanceOf(ServerUnavailableException.class)
          .hasMessageContaining("within 5 s");
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
    }
  }

  @Test
  void whoConnectsMaySayHowLongTheServerMayTake() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      TemporalConnection connection =
          TemporalConnection.plaintext("127.0.0.1:" + silent.getLocalPort());
      assertThatThrownBy(() -> connection.connect(connection.stubsOptions(), Duration.ofSeconds(1)))
          .isInstanceOf(ServerUnavailableException.class)
          .hasMessageContaining("within 1 s");
    }
  }

  @Test
  void addressThatIsNoneIsAProblem() {
    assertThatThrownBy(() -> TemporalConnection.plaintext("not an address").connect())
        .isInstanceOf(ServerUnavailableException.class)
        .hasMessageContaining("not an address");
  }

  @Test
  void configFileThatIsNamedButMissingIsAProblem() {
    assertThatThrownBy(
            () -> TemporalConnection.load(Map.of("TEMPORAL_CONFIG_FILE", "/nowhere/t.toml")))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("TEMPORAL_CONFIG_FILE")
        .hasMessageContaining("/nowhere/t.toml");
  }

  @Test
  void brokenConfigFileIsAProblemWithoutItsContent() throws IOException {
    Path file = Files.writeString(home.resolve("t.toml"), "[profile.x]\napi_key = hunter2\n");
    assertThatThrownBy(
            () -> TemporalConnection.load(Map.of("TEMPORAL_CONFIG_FILE", file.toString())))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("line 2")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void profileThatIsMissingIsAProblem() {
    assertThatThrownBy(
            () ->
                TemporalConnection.load(
                    Map.of("HOME", home.toString(), "TEMPORAL_PROFILE", "prod")))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("'prod'");
  }

  @Test
  void tlsFileThatIsMissingIsAProblem() {
    TemporalConnection connection =
        TemporalConnection.load(Map.of("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nowhere/cert.pem"));
    assertThatThrownBy(connection::connect)
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("TLS");
  }

  @Test
  void defaultProfileOfTheFileCountsAsConfiguredAndTheEnvironmentOverridesIt() throws IOException {
    Path file = home.resolve("t.toml");
    Files.writeString(
        file, "[profile.default]\naddress = \"a:1\"\nnamespace = \"n\"\napi_key = \"hunter2\"\n");
    TemporalConnection connection =
        TemporalConnection.load(
            Map.of("TEMPORAL_CONFIG_FILE", file.toString(), "TEMPORAL_ADDRESS", "b:2"));
    assertThat(connection.configured()).isTrue();
    assertThat(connection.address()).isEqualTo("b:2");
    assertThat(connection.namespace()).isEqualTo("n");
    assertThat(connection.clientOptions().getNamespace()).isEqualTo("n");
    assertThat(connection.toString()).contains("b:2").doesNotContain("hunter2");
  }

  @Test
  void fileInTheHomeDirectoryIsFound() throws IOException {
    assertThat(ConfigFilePath.of(Map.of("HOME", "/h"), "Linux"))
        .isEqualTo("/h/.config/temporalio/temporal.toml");
    assertThat(ConfigFilePath.of(Map.of("HOME", "/h"), "Mac OS X"))
        .isEqualTo("/h/Library/Application Support/temporalio/temporal.toml");
    assertThat(ConfigFilePath.of(Map.of("APPDATA", "C:\\a"), "Windows 11"))
        .isEqualTo("C:\\a\\temporalio\\temporal.toml");
    assertThat(ConfigFilePath.of(Map.of(), "Linux")).isNull();
  }

  @Test
  void serverThatAnswersIsConnected() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    TestServer.PortBoundTestServer server = TestServer.createPortBoundServer(port);
    try {
      WorkflowServiceStubs stubs = TemporalConnection.plaintext("127.0.0.1:" + port).connect();
      assertThat(stubs.isShutdown()).isFalse();
      stubs.shutdownNow();
    } finally {
      server.close();
    }
  }

  @Test
  void apiKeyIsSentWithEveryCallAndOverTls() throws Exception {
    HeldCertificate held =
        new HeldCertificate.Builder().addSubjectAlternativeName("localhost").build();
    Path ca = Files.writeString(home.resolve("ca.pem"), held.certificatePem());
    Path key = Files.writeString(home.resolve("key.pem"), held.privateKeyPkcs8Pem());
    AtomicReference<Metadata> seen = new AtomicReference<>();
    Server server =
        NettyServerBuilder.forPort(0)
            .useTransportSecurity(ca.toFile(), key.toFile())
            .addService(
                new WorkflowServiceGrpc.WorkflowServiceImplBase() {
                  @Override
                  public void getSystemInfo(
                      GetSystemInfoRequest request,
                      StreamObserver<GetSystemInfoResponse> response) {
                    response.onNext(GetSystemInfoResponse.getDefaultInstance());
                    response.onCompleted();
                  }

                  @Override
                  public void describeNamespace(
                      DescribeNamespaceRequest request,
                      StreamObserver<DescribeNamespaceResponse> response) {
                    response.onNext(DescribeNamespaceResponse.getDefaultInstance());
                    response.onCompleted();
                  }
                })
            .intercept(
                new ServerInterceptor() {
                  @Override
                  public <T, R> ServerCall.Listener<T> interceptCall(
                      ServerCall<T, R> call, Metadata headers, ServerCallHandler<T, R> next) {
                    seen.set(headers);
                    return next.startCall(call, headers);
                  }
                })
            .build()
            .start();
    try {
      WorkflowServiceStubs stubs =
          TemporalConnection.load(
                  Map.of(
                      "TEMPORAL_ADDRESS",
                      "localhost:" + server.getPort(),
                      "TEMPORAL_API_KEY",
                      "hunter2",
                      "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
                      ca.toString()))
              .connect();
      stubs.shutdownNow();
      assertThat(seen.get().get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)))
          .isEqualTo("Bearer hunter2");
    } finally {
      server.shutdownNow();
    }
  }
}
