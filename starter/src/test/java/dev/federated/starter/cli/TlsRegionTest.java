package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.worker.node.NodeProcess;
import dev.federated.worker.tls.ServerTls;
import dev.federated.worker.tls.TlsFiles;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import okhttp3.tls.HeldCertificate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A region behind HTTPS with a certificate authority of its own and certificates of clients. */
@Timeout(120)
class TlsRegionTest {
  @TempDir private Path directory;
  private @Nullable LocalServer server;
  private @Nullable NodeProcess node;

  @BeforeEach
  void writeCertificates() throws IOException {
    HeldCertificate ca = authority("ca");
    HeldCertificate other = authority("other");
    certificate("node", ca, "127.0.0.1");
    certificate("elsewhere", ca, "elsewhere.example");
    certificate("worker", ca, "worker");
    certificate("stranger", other, "stranger");
  }

  private HeldCertificate authority(String name) throws IOException {
    HeldCertificate ca = new HeldCertificate.Builder().certificateAuthority(0).build();
    Files.writeString(directory.resolve(name + ".pem"), ca.certificatePem());
    return ca;
  }

  private void certificate(String name, HeldCertificate ca, String host) throws IOException {
    HeldCertificate held =
        new HeldCertificate.Builder().signedBy(ca).addSubjectAlternativeName(host).build();
    Files.writeString(directory.resolve(name + ".pem"), held.certificatePem());
    Files.writeString(directory.resolve(name + ".key"), held.privateKeyPkcs8Pem());
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    if (node != null) {
      node.close();
    }
  }

  private void serve(String certificate, @Nullable String clientCa) throws IOException {
    ServerTls tls =
        new TlsFiles("test", directory, "")
            .server(certificate + ".pem", certificate + ".key", clientCa);
    node =
        NodeProcess.start(
            new NodeProcess.Address("eu", "127.0.0.1", 0, tls),
            "node-key-4711",
            null,
            Map.of(),
            problem -> {});
  }

  /** Runs a stage in the region, whose tls block is that. */
  private CommandRun stage(URI endpoint, String tls) throws IOException {
    Files.writeString(
        directory.resolve("federation.yaml"),
        "regions: [{name: eu, endpoint: \"%s\", api_key: node-key-4711%s}]\n"
            .formatted(endpoint, tls.isEmpty() ? "" : ", tls: " + tls));
    Files.writeString(
        directory.resolve("stage.json"), "{\"id\": \"s\", \"federation\": {\"max_retries\": 0}}");
    server = LocalServer.start(directory).with(directory, "federation.yaml", Map.of());
    return CommandRun.of(
        directory, server.environment(), "stage", "stage.json", "--input", "7", "-o", "json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a CA that nobody knows        | node      |        | ''",
        "another CA                    | node      |        | {ca: other.pem}",
        "a certificate of another host | elsewhere |        | {ca: ca.pem}",
        "no certificate of the client  | node      | ca.pem | {ca: ca.pem}",
        "a client of another CA | node | ca.pem"
            + " | {ca: ca.pem, certificate: stranger.pem, key: stranger.key}",
      })
  void nothingIsExecutedWithout(String reason, String certificate, String clientCa, String tls)
      throws IOException {
    serve(certificate, clientCa);
    CommandRun run = stage(node.endpoint(), tls);
    assertThat(run.exitCode()).as(reason + run.err()).isEqualTo(1);
    assertThat(run.json().at("/region_results/eu/error/type").asText())
        .isEqualTo("RegionUnavailable");
  }

  @Test
  void aRegionOfAnOwnAuthorityIsCalledWithTheCertificateOfTheWorker() throws IOException {
    serve("node", "ca.pem");
    CommandRun run =
        stage(node.endpoint(), "{ca: ca.pem, certificate: worker.pem, key: worker.key}");
    assertThat(node.endpoint()).hasScheme("https");
    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
    assertThat(run.json().path("aggregated").asInt()).isEqualTo(7);
    CommandRun health = CommandRun.of(directory, server.environment(), "health");
    assertThat(health.exitCode()).as(health.out() + health.err()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{ca: gone.pem} | regions[0].tls.ca: there is no file gone.pem",
        "{ca: worker.key} | regions[0].tls.ca: the file worker.key",
        "{certificate: worker.pem, key: gone.key} | regions[0].tls.key: there is no file gone.key",
        "{certificate: worker.pem, key: worker.pem} | regions[0].tls.key: the file worker.pem",
      })
  void aWorkerWithoutItsCertificatesDoesNotStart(String tls, String message) throws IOException {
    Files.writeString(
        directory.resolve("federation.yaml"),
        "regions: [{name: eu, endpoint: \"https://eu.example\", tls: %s}]\n".formatted(tls));
    CommandRun run =
        CommandRun.of(directory, Map.of("TEMPORAL_ADDRESS", "127.0.0.1:1"), "worker", "--all");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(message).doesNotContain("PRIVATE KEY");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tls-certificate node.pem | --tls-key",
        "--client-ca ca.pem | --tls-certificate",
        "--tls-certificate node.pem --tls-key gone.key | there is no file gone.key",
      })
  void aNodeWithoutItsCertificatesDoesNotStart(String options, String message) {
    String[] all = ("node --name eu " + options).split(" ", -1);
    CommandRun run = CommandRun.of(directory, Map.of(), all);
    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(message);
  }
}
