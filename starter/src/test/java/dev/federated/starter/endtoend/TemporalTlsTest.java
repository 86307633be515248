package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.worker.tls.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutual TLS to the real server. Its development server has none, so that a relay ends TLS in front
 * of it.
 */
@Timeout(120)
@RealServer.Needed
class TemporalTlsTest {
  @TempDir private Path directory;

  @BeforeEach
  void writeCertificates() throws IOException {
    HeldCertificate ca = authority("ca");
    HeldCertificate other = authority("other");
    certificate("server", ca);
    certificate("client", ca);
    certificate("stranger", other);
  }

  private HeldCertificate authority(String name) throws IOException {
    HeldCertificate ca = new HeldCertificate.Builder().certificateAuthority(0).build();
    Files.writeString(directory.resolve(name + ".pem"), ca.certificatePem());
    return ca;
  }

  private void certificate(String name, HeldCertificate ca) throws IOException {
    HeldCertificate held =
        new HeldCertificate.Builder().signedBy(ca).addSubjectAlternativeName("127.0.0.1").build();
    Files.writeString(directory.resolve(name + ".pem"), held.certificatePem());
    Files.writeString(directory.resolve(name + ".key"), held.privateKeyPkcs8Pem());
  }

  private TlsRelay relay(RealServer server) {
    int port = Integer.parseInt(server.address().replaceAll(".*:", ""));
    return TlsRelay.to(
        port,
        new TlsFiles("test", directory, "").server("server.pem", "server.key", "ca.pem").context());
  }

  private Map<String, String> environment(TlsRelay relay, String client, String ca) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("TEMPORAL_ADDRESS", relay.address());
    environment.put("TEMPORAL_NAMESPACE", "over-tls");
    environment.put("TEMPORAL_TLS_SERVER_CA_CERT_PATH", directory.resolve(ca).toString());
    environment.put("TEMPORAL_TLS_CLIENT_CERT_PATH", directory.resolve(client + ".pem").toString());
    environment.put("TEMPORAL_TLS_CLIENT_KEY_PATH", directory.resolve(client + ".key").toString());
    return environment;
  }

  @Test
  void workerAndStarterWorkOverMutualTlsAndNobodyElseDoes(RealServer server) throws Exception {
    server.newNamespace("over-tls");
    try (TlsRelay relay = relay(server)) {
      refused(environment(relay, "stranger", "ca.pem"));
      refused(environment(relay, "client", "other.pem"));
      Map<String, String> without = environment(relay, "client", "ca.pem");
      without.remove("TEMPORAL_TLS_CLIENT_CERT_PATH");
      without.remove("TEMPORAL_TLS_CLIENT_KEY_PATH");
      refused(without);
      refused(Map.of("TEMPORAL_ADDRESS", relay.address(), "TEMPORAL_NAMESPACE", "over-tls"));
      assertThat(relay.taken()).isZero();

      Files.writeString(directory.resolve("federation.yaml"), "regions: [{name: us}]\n");
      Files.writeString(directory.resolve("stage.json"), "{\"id\": \"s\", \"federation\": {}}");
      Map<String, String> environment = environment(relay, "client", "ca.pem");
      try (FederateProcess worker =
          FederateProcess.start(
              "tls-worker", directory, environment, "worker", "--all", "--metrics-port", "0")) {
        worker.awaitReady();
        try (FederateProcess stage =
            FederateProcess.start(
                "tls-stage", directory, environment, "stage", "stage.json", "--input", "7")) {
          assertThat(stage.awaitExit(Duration.ofSeconds(60))).as(stage.stderr()).isZero();
        }
      }
      assertThat(relay.taken()).isGreaterThanOrEqualTo(2);
    }
  }

  private static void refused(Map<String, String> environment) {
    assertThatThrownBy(() -> TemporalConnection.load(environment).connect())
        .isInstanceOf(ServerUnavailableException.class);
  }
}
