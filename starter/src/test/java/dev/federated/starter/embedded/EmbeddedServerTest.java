package dev.federated.starter.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.federated.stage.StageSearchAttributes;
import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.starter.connection.TemporalConnection;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class EmbeddedServerTest {
  @TempDir private Path project;

  @Nested
  class InsideTheJvm {
    @Test
    void portInUseIsAProblemThatNamesIt() throws IOException {
      try (ServerSocket taken = loopback()) {
        assertThatThrownBy(() -> EmbeddedServer.jvm(options().port(taken.getLocalPort()).build()))
            .isInstanceOf(ServerUnavailableException.class)
            .hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
      }
    }

    @Test
    void servesOnAFreePortUntilClosed() {
      EmbeddedServer server = EmbeddedServer.jvm(options().build());
      try {
        assertThat(server.port()).isPositive();
        assertThat(server.durable()).isFalse();
        assertThat(server.ui()).isEmpty();
        connect(server);
      } finally {
        server.close();
      }
      assertThat(open(InetAddress.getLoopbackAddress(), server.port())).isFalse();
    }

    @Test
    void servesOnTheLoopbackAddressOnly() throws IOException {
      Optional<InetAddress> other =
          NetworkInterface.networkInterfaces()
              .flatMap(NetworkInterface::inetAddresses)
              .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
              .findFirst();
      assumeTrue(other.isPresent(), "this machine has the loopback address only");
      try (EmbeddedServer server = EmbeddedServer.jvm(options().build())) {
        assertThat(open(InetAddress.getLoopbackAddress(), server.port())).isTrue();
        assertThat(open(other.get(), server.port())).isFalse();
      }
    }
  }

  @Nested
  class TheTemporalCommand {
    @Test
    void commandThatIsNotOnPathIsAProblem() {
      assertThatThrownBy(
              () ->
                  EmbeddedServer.cli(
                      EmbeddedServerOptions.builder(project, Map.of("PATH", project.toString()))
                          .build()))
          .isInstanceOf(ServerUnavailableException.class)
          .hasMessageContaining("not on PATH")
          .hasMessageContaining("--embedded jvm");
      assertThat(EmbeddedServer.command(Map.of())).isEmpty();
      assertThat(project.resolve(".federate")).doesNotExist();
    }

    @Test
    void commandThatFailsIsAProblemWithWhatItSaid() throws IOException {
      assertThatThrownBy(
              () -> EmbeddedServer.cli(fake("echo no such option: --x >&2; exit 3").build()))
          .isInstanceOf(ServerUnavailableException.class)
          .hasMessage("the server ended with exit code 3: no such option: --x");
      ProjectDirectory.lock(project).close();
    }

    @Test
    void commandThatNeverListensIsEndedAndReported() throws IOException {
      List<Runnable> lastResort = new ArrayList<>();
      EmbeddedServerOptions options =
          fake("exec sleep 600")
              .startTimeout(Duration.ofMillis(300))
              .lastResort(lastResort::add)
              .build();
      assertThatThrownBy(() -> EmbeddedServer.cli(options))
          .isInstanceOf(ServerUnavailableException.class)
          .hasMessageContaining("does not listen")
          .hasMessageContaining("temporal.log");
      assertThat(lastResort).hasSize(1);
      assertThat(project.resolve(".federate/server.pid")).doesNotExist();
    }

    @Test
    void directoryInUseIsAProblemThatNamesProcessAndDirectory() {
      ProjectDirectory owner = ProjectDirectory.lock(project);
      try {
        assertThatThrownBy(() -> EmbeddedServer.cli(fake("exit 0").build()))
            .isInstanceOf(ServerUnavailableException.class)
            .hasMessageContaining(project.resolve(".federate").toString())
            .hasMessageContaining("process " + ProcessHandle.current().pid());
      } finally {
        owner.close();
      }
      ProjectDirectory.lock(project).close();
    }

    @Test
    void portInUseIsAProblemThatNamesTheOption() throws IOException {
      try (ServerSocket taken = loopback()) {
        assertThatThrownBy(
                () -> EmbeddedServer.cli(fake("exit 0").port(taken.getLocalPort()).build()))
            .isInstanceOf(ServerUnavailableException.class)
            .hasMessageContaining("port " + taken.getLocalPort())
            .hasMessageContaining("--port");
      }
    }

    @Test
    void serverThatAKilledProcessLeftIsEndedFirst() throws Exception {
      Process left = new ProcessBuilder("sleep", "600").start();
      ProjectDirectory killed = ProjectDirectory.lock(project);
      killed.serverStarted(left.toHandle());
      killed.close();
      ProjectDirectory next = ProjectDirectory.lock(project);
      assertThat(left.waitFor()).isNotZero();
      assertThat(project.resolve(".federate/server.pid")).doesNotExist();
      next.close();
    }

    @Test
    void anotherProcessWithTheSameNumberIsLeftAlone() throws Exception {
      Process other = new ProcessBuilder("sleep", "600").start();
      try {
        ProjectDirectory.lock(project).close();
        Files.writeString(
            project.resolve(".federate/server.pid"), other.pid() + " 2001-01-01T00:00:00Z");
        ProjectDirectory.lock(project).close();
        assertThat(other.isAlive()).isTrue();
        Files.writeString(project.resolve(".federate/server.pid"), "nonsense");
        ProjectDirectory.lock(project).close();
      } finally {
        other.destroyForcibly();
      }
    }

    @Test
    void settingsMakeTheServerFastAndDurable() {
      List<String> arguments =
          TemporalCommand.arguments(Path.of("/bin/temporal"), Path.of("t.db"), 1, 2, false);
      assertThat(String.join(" ", arguments))
          .startsWith("/bin/temporal server start-dev --ip 127.0.0.1 --port 1 --ui-port 2")
          .contains("--db-filename t.db")
          .contains("--sqlite-pragma journal_mode=WAL --sqlite-pragma synchronous=NORMAL")
          .contains("--dynamic-config-value matching.numTaskqueueReadPartitions=1")
          .contains("--dynamic-config-value matching.numTaskqueueWritePartitions=1")
          .contains("--dynamic-config-value history.transferProcessorMaxPollRPS=200")
          .contains("--search-attribute FederationStage=Keyword")
          .contains("--search-attribute FederationFailedRegions=KeywordList")
          .contains("--log-level error");
      assertThat(TemporalCommand.arguments(Path.of("t"), Path.of("t.db"), 1, 2, true))
          .contains("--headless")
          .doesNotContain("--ui-port");
    }

    @Test
    void servesWithUiAndSearchAttributesUntilClosedAndAgainAfterwards() throws IOException {
      assumeCommand();
      EmbeddedServer server = EmbeddedServer.cli(options().build());
      try {
        assertThat(server.durable()).isTrue();
        assertThat(open(InetAddress.getLoopbackAddress(), server.ui().orElseThrow().getPort()))
            .isTrue();
        connect(server);
        assertSearchAttributes(server);
        assertThat(project.resolve(".federate/temporal.db")).exists();
        assertThat(project.resolve(".federate/temporal.log")).exists();
        assertThatThrownBy(() -> EmbeddedServer.cli(options().build()))
            .hasMessageContaining("is in use by process");
      } finally {
        server.close();
      }
      assertThat(open(InetAddress.getLoopbackAddress(), server.port())).isFalse();
      try (EmbeddedServer again = EmbeddedServer.cli(options().headless(true).build())) {
        assertThat(again.ui()).isEmpty();
        connect(again);
      }
    }

    private EmbeddedServerOptions.Builder fake(String body) throws IOException {
      Path tools = Files.createDirectories(project.resolve("tools"));
      Path command = tools.resolve("temporal");
      Files.writeString(command, "#!/bin/sh\n" + body + "\n");
      assertThat(command.toFile().setExecutable(true)).isTrue();
      return EmbeddedServerOptions.builder(
          project, Map.of("PATH", tools + ":" + System.getenv("PATH")));
    }
  }

  private static void assumeCommand() {
    boolean there = EmbeddedServer.command(System.getenv()).isPresent();
    boolean required = Boolean.parseBoolean(System.getenv("FEDERATION_REQUIRE_REAL_SERVER"));
    if (required) {
      assertThat(there).as("FEDERATION_REQUIRE_REAL_SERVER: 'temporal' is on PATH").isTrue();
    }
    assumeTrue(there, "the command 'temporal' is not on PATH: the real server is not tested");
  }

  private static void assertSearchAttributes(EmbeddedServer server) {
    OperatorServiceStubs stubs =
        OperatorServiceStubs.newServiceStubs(
            OperatorServiceStubsOptions.newBuilder()
                .setTarget(server.address())
                .validateAndBuildWithDefaults());
    try {
      Map<String, IndexedValueType> attributes =
          stubs
              .blockingStub()
              .listSearchAttributes(
                  ListSearchAttributesRequest.newBuilder().setNamespace("default").build())
              .getCustomAttributesMap();
      StageSearchAttributes.ALL.forEach(
          key -> assertThat(attributes).containsEntry(key.getName(), key.getValueType()));
    } finally {
      stubs.shutdownNow();
    }
  }

  private static void connect(EmbeddedServer server) {
    WorkflowServiceStubs stubs = TemporalConnection.plaintext(server.address()).connect();
    stubs.shutdownNow();
  }

  private EmbeddedServerOptions.Builder options() {
    return EmbeddedServerOptions.builder(project, System.getenv());
  }

  private static ServerSocket loopback() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private static boolean open(InetAddress host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), 2_000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
