package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.encryption.EncryptionKeys;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Does what docs/security.md says, against the real server. */
@Timeout(180)
@RealServer.Needed
class SecurityGuideTest {
  private static final Pattern BASH = Pattern.compile("```bash\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern YAML = Pattern.compile("```yaml\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern DATA = Pattern.compile("\"data\": \"([^\"]*)\"");
  private static final String NAMESPACE = "security-guide";

  @TempDir private Path directory;

  private String guide() throws IOException {
    return Files.readString(Path.of("..", "docs", "security.md"))
        .replace("8081", Integer.toString(freePort()))
        .replace("8443", Integer.toString(freePort()));
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return free.getLocalPort();
    }
  }

  private void certificates() throws IOException {
    HeldCertificate ca = new HeldCertificate.Builder().certificateAuthority(0).build();
    Files.writeString(directory.resolve("ca.pem"), ca.certificatePem());
    for (String name : List.of("node", "worker")) {
      HeldCertificate held =
          new HeldCertificate.Builder().signedBy(ca).addSubjectAlternativeName("127.0.0.1").build();
      Files.writeString(directory.resolve(name + ".pem"), held.certificatePem());
      Files.writeString(directory.resolve(name + ".key"), held.privateKeyPkcs8Pem());
    }
  }

  @Test
  void everyCommandWorksInItsOrder(RealServer server) throws Exception {
    server.newNamespace(NAMESPACE);
    certificates();
    String guide = guide();
    List<String> bash = BASH.matcher(guide).results().map(block -> block.group(1)).toList();
    assertThat(bash).hasSize(5);
    var yaml = YAML.matcher(guide);
    assertThat(yaml.find()).isTrue();
    Files.writeString(directory.resolve("federation.yaml"), yaml.group(1));
    Files.writeString(directory.resolve("stage.json"), "{\"id\": \"s\", \"federation\": {}}");

    Map<String, String> environment = new LinkedHashMap<>(server.environment(NAMESPACE));
    environment.put("EU_KEY", "region-key-4711");
    environment.put("WORKFLOW_ID", "encrypted");
    Process node = start("node", bash.get(0), environment);
    try {
      awaitReady("node");
      String inTheVariable =
          run(bash.get(1) + "\nprintenv " + EncryptionKeys.VARIABLE, environment);
      assertThat(EncryptionKeys.parse(inTheVariable.strip()).ids()).containsExactly("2026-11");
      String inAFile = run(bash.get(2) + "\nprintenv " + EncryptionKeys.VARIABLE, environment);
      environment.put(EncryptionKeys.VARIABLE, inAFile.strip());
      assertThat(inAFile).startsWith("file:");

      try (FederateProcess worker =
          FederateProcess.start(
              "guide-worker", directory, environment, "worker", "--all", "--metrics-port", "0")) {
        worker.awaitReady();
        String stage = "federate stage stage.json --input '\"CANARY\"' --workflow-id encrypted";
        assertThat(run(stage, environment)).contains("CANARY");
      }
      codec(bash.get(3), bash.get(4), environment);
    } finally {
      end(node);
    }
  }

  private void codec(String serve, String show, Map<String, String> environment)
      throws IOException, InterruptedException {
    // The guide makes a random token in the shell that serves; the other shell needs it too.
    String token = "guide-token-4711";
    environment.put("CODEC_TOKEN", token);
    Process codec = start("codec", serve, environment, "export CODEC_TOKEN=" + token);
    try {
      awaitReady("codec");
      assertThat(decoded(run(show.strip() + " -o json", environment))).contains("CANARY");
      assertThat(decoded(run(show.strip() + " -o json", wrongToken(environment))))
          .doesNotContain("CANARY");
    } finally {
      end(codec);
    }
  }

  private static Map<String, String> wrongToken(Map<String, String> environment) {
    Map<String, String> wrong = new LinkedHashMap<>(environment);
    wrong.put("CODEC_TOKEN", "another");
    return wrong;
  }

  private static String decoded(String text) {
    return DATA.matcher(text)
        .results()
        .map(data -> new String(Base64.getDecoder().decode(data.group(1)), UTF_8))
        .collect(Collectors.joining("\n"));
  }

  /** Ends the shell and the command in it. */
  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private void awaitReady(String name) {
    Awaitility.await(name)
        .atMost(Duration.ofSeconds(60))
        .until(() -> Files.readString(directory.resolve(name + ".out")).contains("ready"));
  }

  private String run(String block, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = directory.resolve("run.out");
    Process process = process(block, environment).redirectOutput(out.toFile()).start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return Files.readString(out);
    } finally {
      end(process);
    }
  }

  /** A command that serves; exports in front of it replace those of the block. */
  private Process start(
      String name, String block, Map<String, String> environment, String... exports)
      throws IOException {
    String replaced =
        exports.length == 0 ? block : block.replaceFirst("export \\S+=.*", exports[0]);
    Path out = directory.resolve(name + ".out");
    return process(replaced, environment).redirectOutput(out.toFile()).start();
  }

  private ProcessBuilder process(String block, Map<String, String> environment) {
    String federate =
        "federate() { '%s' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp '%s' %s \"$@\"; }\n"
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                "dev.federated.starter.cli.Federate");
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-c", federate + block)
            .directory(directory.toFile())
            .redirectErrorStream(true);
    builder.environment().put("HOME", directory.toString());
    builder.environment().putAll(environment);
    return builder;
  }
}
