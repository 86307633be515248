package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.federated.encryption.EncryptionKeys;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.awaitility.Awaitility;
import org.jspecify.annotations.NonNull;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With keys a history holds nothing of what a pipeline works on, and every command reads it. */
@Timeout(120)
class EncryptedHistoryTest {
  private static final String OLD_KEY = "old=" + Base64.getEncoder().encodeToString(new byte[32]);
  private static final String NEW_KEY = "new=" + OLD_KEY.substring(4).replaceFirst("AA", "BB");
  private static final Map<String, String> PLAIN = Map.of();
  private static final Map<String, String> OLD = keys(OLD_KEY);
  private static final Map<String, String> ROTATED = keys(NEW_KEY + "," + OLD_KEY);
  private static final Map<String, String> NEW = keys(NEW_KEY);

  @TempDir private Path directory;
  private MockWebServer eu;
  private LocalServer server;

  private static Map<String, String> keys(String keys) {
    return Map.of(EncryptionKeys.VARIABLE, keys);
  }

  @BeforeEach
  void start() throws IOException {
    eu = new MockWebServer();
    eu.setDispatcher(
        new Dispatcher() {
          @Override
          public @NonNull MockResponse dispatch(@NonNull RecordedRequest request) {
            return new MockResponse.Builder().code(400).body("CANARYerror").build();
          }
        });
    eu.start();
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - name: us
          - name: eu
            endpoint: "%s"
          - name: spare
        """
            .formatted(eu.url("/").toString().replaceAll("/$", "")));
    String stage =
        """
        {"id": "spread", "type": "json_transform", "inputs": "{{input}}",
         "config": {"jmespath_expression": "{got: @, name: 'CANARYconfig'}"},
         "federation": {"regions": ["us", "eu"], "aggregation": "all", "max_retries": 0%s}}
        """;
    Files.writeString(
        directory.resolve("stage.json"), stage.formatted(", \"on_partial_failure\": \"wait\""));
    Files.writeString(
        directory.resolve("pipeline.json"),
        "{\"id\": \"p\", \"stages\": [%s, {\"id\": \"after\", \"depends_on\": [\"spread\"]}]}"
            .formatted(stage.formatted("")));
    server = LocalServer.start(directory);
  }

  @AfterEach
  void stop() {
    server.close();
    eu.close();
  }

  private CommandRun federate(Map<String, String> keys, String... arguments) {
    return CommandRun.of(directory, server.environment(keys), arguments);
  }

  /** Everything that the server holds of those workflows, as it came from it. */
  private String held(String... workflowIds) {
    StringBuilder held = new StringBuilder();
    for (String id : workflowIds) {
      ByteString history = server.client().fetchHistory(id).getHistory().toByteString();
      held.append(history.toString(ISO_8859_1));
      held.append(
          server
              .client()
              .newUntypedWorkflowStub(id)
              .describe()
              .getRawDescription()
              .toByteString()
              .toString(ISO_8859_1));
    }
    return held.toString();
  }

  /** A parked stage that is given up and driven again, one that is cancelled, and a pipeline. */
  private String[] work(Map<String, String> keys) {
    server.with(directory, "federation.yaml", keys);
    String input = "{\"i\": \"CANARYinput\"}";
    CommandRun parked =
        federate(keys, "stage", "stage.json", "--input", input, "--workflow-id", "parked");
    assertThat(parked.exitCode()).as(parked.err()).isEqualTo(4);
    CommandRun aborted = federate(keys, "resume", "parked", "--abort");
    assertThat(aborted.exitCode()).as(aborted.err()).isEqualTo(1);
    CommandRun redriven = federate(keys, "redrive", "parked", "--in", "eu=spare", "-o", "json");
    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    assertThat(redriven.json().path("aggregated").toString())
        .isEqualTo(
            "[{\"result\":{\"got\":{\"i\":\"CANARYinput\"},\"name\":\"CANARYconfig\"}},"
                + "{\"result\":{\"got\":{\"i\":\"CANARYinput\"},\"name\":\"CANARYconfig\"}}]");

    CommandRun stopped =
        federate(keys, "stage", "stage.json", "--input", input, "--workflow-id", "stopped");
    assertThat(stopped.exitCode()).as(stopped.err()).isEqualTo(4);
    WorkflowClient client = server.client(keys);
    client.newUntypedWorkflowStub("stopped").cancel();
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(client.newUntypedWorkflowStub("stopped").describe().getStatus().name())
                    .endsWith("CANCELED"));
    assertThat(federate(keys, "show", "stopped").out()).contains("CANARYerror");

    CommandRun run =
        federate(keys, "run", "pipeline.json", "--input", input, "--workflow-id", "p1");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(3);
    assertThat(run.err()).contains("after");
    CommandRun shown = federate(keys, "show", "p1", "-o", "json");
    assertThat(shown.out()).contains("CANARYinput").contains("CANARYerror");
    CommandRun attached =
        federate(keys, "run", "pipeline.json", "--input", input, "--workflow-id", "p1");
    assertThat(attached.exitCode()).as(attached.err()).isEqualTo(3);
    return new String[] {"parked", "parked~r1", "stopped", "p1", "p1:spread", "federation-ledger"};
  }

  @Test
  void theServerHoldsNothingReadableOfInputsConfigOutputsErrorsMemosAndSummaries() {
    String held = held(work(OLD));
    assertThat(held)
        .doesNotContain("CANARY")
        .doesNotContain("federated stage")
        .doesNotContain("dev.federated")
        .doesNotContain(OLD_KEY.substring(4))
        .contains("binary/aes-256-gcm");
  }

  /** What the test above looks for is there to be found. */
  @Test
  void withoutKeysTheServerHoldsAllOfIt() {
    String held = held(work(PLAIN));
    assertThat(held)
        .contains("CANARYinput", "CANARYconfig", "CANARYerror", "federated stage")
        .doesNotContain("binary/aes-256-gcm");
  }

  @Test
  void historiesOfTheOldKeyAreReadAfterRotationAndNewOnesUseTheNewKey() {
    closedBefore(OLD);
    assertThat(held("before")).contains("binary/aes-256-gcm");
    server.with(directory, "federation.yaml", ROTATED);

    CommandRun redriven = federate(ROTATED, "redrive", "before", "--in", "eu=spare");
    assertThat(redriven.exitCode()).as(redriven.err()).isZero();

    CommandRun readByOldKey = federate(OLD, "show", "before~r1");
    assertThat(readByOldKey.exitCode()).isEqualTo(2);
    assertThat(readByOldKey.err()).contains("key 'new'").contains("only old");
    assertThat(federate(NEW, "show", "before~r1").exitCode()).isZero();
  }

  /** A stage of workers that have stopped. */
  private void closedBefore(Map<String, String> keys) {
    server.with(directory, "federation.yaml", keys);
    federate(keys, "stage", "stage.json", "--input", "7", "--workflow-id", "before");
    CommandRun aborted = federate(keys, "resume", "before", "--abort");
    assertThat(aborted.exitCode()).as(aborted.err()).isEqualTo(1);
    server.stopWorkers();
  }

  @Test
  void aCommandWithoutTheKeyIsBadInputThatNamesTheKeyAndNoMore() {
    server.with(directory, "federation.yaml", OLD);
    federate(OLD, "stage", "stage.json", "--input", "7", "--workflow-id", "w");
    federate(OLD, "resume", "w", "--accept");
    for (Map<String, String> keys : List.of(NEW, PLAIN)) {
      for (String[] command : new String[][] {{"show", "w"}, {"redrive", "w"}}) {
        CommandRun refused = federate(keys, command);
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(2);
        assertThat(refused.err())
            .contains("key 'old'")
            .contains(EncryptionKeys.VARIABLE)
            .doesNotContain(OLD_KEY.substring(4));
      }
    }
  }

  @Test
  void aBrokenKeyIsBadInputBeforeAnythingStarts() {
    CommandRun refused = federate(keys("old=SECRET"), "run", "pipeline.json", "-o", "json");
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.json().at("/error/problems/0/file").asText())
        .isEqualTo(EncryptionKeys.VARIABLE);
    assertThat(refused.out() + refused.err()).doesNotContain("SECRET");
  }

  @Test
  void historiesFromBeforeEncryptionAreReadAndDrivenAgain() {
    closedBefore(PLAIN);
    server.with(directory, "federation.yaml", OLD);

    assertThat(federate(OLD, "show", "before").exitCode()).isZero();
    CommandRun redriven = federate(OLD, "redrive", "before", "--in", "eu=spare");
    assertThat(redriven.exitCode()).as(redriven.err()).isZero();
    assertThat(held("before~r1")).contains("binary/aes-256-gcm");
  }
}
