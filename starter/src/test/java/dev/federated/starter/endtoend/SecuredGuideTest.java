package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pastes the blocks of docs/secured.md into one shell, each as it stands but for the ports, and
 * checks what the text says of them. What is cloned is a repository whose {@code federate} runs the
 * classes of this build; that the real one builds them is LauncherTest's.
 */
@Timeout(600)
@RealServer.Needed
class SecuredGuideTest {
  /** Six processes start at once, which takes minutes on a machine that is busy with others. */
  private static final Duration LONGEST = Duration.ofMinutes(5);

  /** A heading and the one block that its section may have. */
  private static final Pattern SECTION =
      Pattern.compile("(?m)^## (.+)\n(?:(?!^## |^```)[^\n]*\n)*(?:```bash\n((?s:.*?))```)?");

  private static final Pattern PORT =
      Pattern.compile("\\b(7233|8233|8081|8441|8442|9464|9465|9466)\\b");

  @TempDir private static Path directory;

  private static final Map<String, String> BLOCKS = new LinkedHashMap<>();
  private static final Map<String, String> PORTS = new LinkedHashMap<>();
  private static final Map<String, String> SAID = new LinkedHashMap<>();
  private static GuideShell shell;

  @BeforeAll
  static void pasteWhatSetsItUp() throws IOException {
    readGuide();
    shell = GuideShell.start(directory, Map.of("REPOSITORY", "origin"));
    shell.paste(repository(), LONGEST);
    for (String section :
        List.of(
            "Clone and build",
            "Certificates and keys",
            "Temporal",
            "Region nodes",
            "Workers",
            "Run a pipeline")) {
      SAID.put(section, paste(section));
    }
  }

  @AfterAll
  static void theLastBlockEndsEveryProcess() throws IOException {
    if (shell != null) {
      try (GuideShell ended = shell) {
        paste("Stop");
        assertThat(ended.running()).isEmpty();
      }
    }
  }

  private static void readGuide() throws IOException {
    String guide = Files.readString(Path.of("..", "docs", "secured.md"), UTF_8);
    List<ServerSocket> free = new ArrayList<>();
    for (MatchResult port : PORT.matcher(guide).results().toList()) {
      if (!PORTS.containsKey(port.group())) {
        // All of them are open until the last one is found, so that none comes twice.
        free.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
        PORTS.put(port.group(), Integer.toString(free.get(free.size() - 1).getLocalPort()));
      }
    }
    for (ServerSocket socket : free) {
      socket.close();
    }
    SECTION
        .matcher(PORT.matcher(guide).replaceAll(port -> PORTS.get(port.group())))
        .results()
        .filter(section -> section.group(2) != null)
        .forEach(section -> BLOCKS.put(section.group(1), section.group(2)));
    assertThat(BLOCKS).as("sections with a block").hasSize(10);
    assertThat(BLOCKS).as("blocks").hasSize(guide.split("```bash", -1).length - 1);
  }

  /** Commands that make a repository to clone. */
  private static String repository() {
    return """
        mkdir origin
        cat >origin/federate <<'END'
        #!/bin/sh
        exec '%s' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx256m -cp '%s' %s "$@"
        END
        chmod +x origin/federate
        git -C origin init --quiet
        git -C origin add federate
        git -C origin -c user.name=test -c user.email=test@example.com commit --quiet -m test
        """
        .formatted(
            Path.of(System.getProperty("java.home"), "bin", "java"),
            System.getProperty("java.class.path"),
            "dev.federated.starter.cli.Federate");
  }

  private static String paste(String section) throws IOException {
    return shell.paste(BLOCKS.get(section), LONGEST);
  }

  /** The address that the guide has as one with that port. */
  private static URI address(String host, String port, String path) {
    return URI.create("http://%s:%s%s".formatted(host, PORTS.get(port), path));
  }

  @Test
  void eachStepSaysWhatTheGuideSaysItDoes() {
    assertThat(SAID.get("Clone and build")).contains("federate ");
    assertThat(SAID.get("Certificates and keys"))
        .contains("us-east-1.pem: OK", "eu-west-1.pem: OK");
    assertThat(SAID.get("Temporal")).contains("SERVING");
    assertThat(SAID.get("Region nodes")).isBlank();
    assertThat(SAID.get("Workers"))
        .containsPattern("ok\\s+ok\\s+ok\\s")
        .containsPattern("eu-west-1 +healthy")
        .containsPattern("us-east-1 +healthy")
        .doesNotContain("==> ");
  }

  @Test
  void theAnswerIsThatOfBothRegions() {
    assertThat(SAID.get("Run a pipeline"))
        .contains("total in us-east-1 succeeded", "total in eu-west-1 succeeded")
        .contains("\"revenue\" : 100.0");
  }

  @Test
  void theMetricsOfBothRegionsShowTheExecution() throws IOException {
    String metric = "federation_region_executions_total{region=\"%s\",status=\"succeeded\"} 1.0";
    assertThat(paste("See the metrics"))
        .contains(metric.formatted("us-east-1"), metric.formatted("eu-west-1"));
  }

  @Test
  void nothingReadableRestsInTheServerAndTheCodecServerDecryptsIt() throws IOException {
    // What is not encrypted is found in the database, by the same search.
    shell.paste(
        """
        temporal workflow start --type none --task-queue none --input '"Hopper"' >clear.log
        """,
        LONGEST);
    assertThat(shell.paste("grep -c Hopper temporal.db", LONGEST).strip()).isNotEqualTo("0");

    String seen = paste("See the encryption");
    String[] results = seen.split("ResultEncoding", -1);
    assertThat(results).hasSize(3);
    assertThat(results[0]).doesNotContain("revenue");
    assertThat(results[1])
        .startsWith("  binary/aes-256-gcm")
        .contains("\"output\":{\"revenue\":58}");
    assertThat(results[2]).containsPattern("^ +json/plain\\s+0\\s*$");
  }

  @Test
  void theUiIsToldOfTheCodecServerWhichTakesItsRequests() throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    HttpResponse<String> settings =
        client.send(
            HttpRequest.newBuilder(address("127.0.0.1", "8233", "/api/v1/settings")).build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(settings.body()).contains(address("127.0.0.1", "8081", "").toString());
    String ui = address("localhost", "8233", "").toString();
    HttpResponse<String> asked =
        client.send(
            HttpRequest.newBuilder(address("127.0.0.1", "8081", "/decode"))
                .header("Origin", ui)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"payloads\": []}"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(asked.statusCode()).isEqualTo(200);
    assertThat(asked.headers().firstValue("Access-Control-Allow-Origin")).contains(ui);
  }

  @Test
  void aNodeAnswersNeitherPlainHttpNorACallerWithoutItsKey() throws IOException {
    assertThat(paste("See the TLS"))
        .containsPattern(
            "(?s)Empty reply from server.*\"node_id\":\"us-east-1\".*\"Unauthorized\"");
  }

  @Test
  void aCommandWithoutTheEncryptionKeysSaysWhichOneItNeeds() throws IOException {
    assertThat(
            shell.paste(
                "(unset FEDERATION_ENCRYPTION_KEYS; federate show revenue-1; echo exit $?)",
                LONGEST))
        .contains("a payload is encrypted with key '2026-11'", "exit 2");
  }
}
