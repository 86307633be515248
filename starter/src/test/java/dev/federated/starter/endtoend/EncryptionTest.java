package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.encryption.EncryptionKeys;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.RedriveOptions;
import dev.federated.worker.node.NodeAnswer;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.converter.DefaultDataConverter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the real server holds of an encrypted federation, and who reads it. */
@Timeout(120)
@RealServer.Needed
class EncryptionTest {
  private static final String NAMESPACE = "encrypted";
  private static final String KEYS = "k1=" + Base64.getEncoder().encodeToString(new byte[32]);
  private static final String TOKEN = "codec-token-4711";
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private static final Pattern DATA = Pattern.compile("\"data\": \"([^\"]*)\"");

  @TempDir private Path directory;

  @Test
  void theServerHoldsNothingReadableAndTheTemporalCommandReadsItThroughTheCodecServer(
      RealServer server) throws Exception {
    server.newNamespace(NAMESPACE);
    WorkflowClient client =
        WorkflowClient.newInstance(
            server.stubs(),
            WorkflowClientOptions.newBuilder()
                .setNamespace(NAMESPACE)
                .setDataConverter(
                    EncryptionKeys.parse(KEYS).over(DefaultDataConverter.newDefaultInstance()))
                .build());
    try (TestNode failing =
        TestNode.faulty(
            "eu", (request, next) -> NodeAnswer.error(503, "CANARYtype", "CANARYerror"))) {
      FederationConfig federation =
          FederationConfig.of(
              List.of(
                  RegionConfig.builder("us").build(),
                  RegionConfig.builder("eu").endpoint(failing.endpoint()).build(),
                  RegionConfig.builder("spare").build()));
      try (InProcessWorkers workers =
          InProcessWorkers.start(
              client, federation, List.of("us", "eu", "spare"), directory, factory -> {})) {
        String[] ids = work(workers.client());
        assertNothingIsReadable(server.client(NAMESPACE), ids);
        readByTheTemporalCommand(server, ids[0]);
      }
    }
  }

  /** A stage that fails in a region after a retry, and its redrive; the ids of both. */
  private static String[] work(WorkflowClient client) {
    FederationCoordinator coordinator = new FederationCoordinator(client);
    Execution<?> failed =
        coordinator.startFederated(
            new StageRequest(
                "secretive",
                "json_transform",
                Json.of("{jmespath_expression: \"{got: @, name: 'CANARYconfig'}\"}"),
                Json.of("{i: 'CANARYinput'}"),
                FederatedStageConfig.builder()
                    .regions(List.of("us", "eu"))
                    .maxRetries(1)
                    .retryDelaySeconds(0.1)
                    .onPartialFailure(PartialFailurePolicy.FAIL)
                    .build()));
    assertThat(failed.resultAsync()).failsWithin(LONGEST);
    assertThat(coordinator.stageRecord(failed.workflowId()).orElseThrow().regionResults().get("eu"))
        .satisfies(
            eu -> {
              assertThat(eu.attempts()).isEqualTo(2);
              assertThat(eu.error().message()).contains("CANARYerror");
            });
    Execution<?> redriven = coordinator.redriveStage(failed.workflowId(), RedriveOptions.DEFAULT);
    assertThat(redriven.resultAsync()).failsWithin(LONGEST);
    return new String[] {failed.workflowId(), redriven.workflowId(), "federation-ledger"};
  }

  private static void assertNothingIsReadable(WorkflowClient plain, String... ids) {
    for (String id : ids) {
      String held =
          plain.fetchHistory(id).getHistory().toByteString().toString(ISO_8859_1)
              + plain
                  .newUntypedWorkflowStub(id)
                  .describe()
                  .getRawDescription()
                  .toByteString()
                  .toString(ISO_8859_1);
      assertThat(held)
          .as(id)
          .doesNotContain("CANARY")
          .doesNotContain("federated stage")
          .doesNotContain("dev.federated")
          .contains("binary/aes-256-gcm");
    }
  }

  private void readByTheTemporalCommand(RealServer server, String id) throws Exception {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put(EncryptionKeys.VARIABLE, KEYS);
    environment.put("CODEC_TOKEN", TOKEN);
    try (FederateProcess codec =
        FederateProcess.start(
            "codec",
            directory,
            environment,
            "codec-server",
            "--port",
            "0",
            "--token-env",
            "CODEC_TOKEN")) {
      codec.awaitReady();
      assertThat(codec.stdout()).contains("keys=k1").doesNotContain(TOKEN);
      String endpoint = codec.ready("endpoint");

      assertThat(temporal(server, id)).contains("secretive").doesNotContain("CANARY");
      assertThat(temporal(server, id, "--codec-endpoint", endpoint)).doesNotContain("CANARY");
      assertThat(
              temporal(server, id, "--codec-endpoint", endpoint, "--codec-auth", "Bearer " + TOKEN))
          .contains("CANARYinput")
          .contains("CANARYconfig")
          .contains("CANARYerror");
      assertThat(codec.stdout() + codec.stderr()).doesNotContain("CANARY").doesNotContain(TOKEN);
    }
  }

  /** What {@code temporal workflow show} prints, and the data of the payloads in it. */
  private String temporal(RealServer server, String id, String... more)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "temporal",
                "workflow",
                "show",
                "--address",
                server.address(),
                "--namespace",
                NAMESPACE,
                "--workflow-id",
                id,
                "-o",
                "json"));
    command.addAll(List.of(more));
    Path out = Files.createTempFile(directory, "show", ".out");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      String text = Files.readString(out, UTF_8);
      return text
          + DATA.matcher(text)
              .results()
              .map(data -> new String(Base64.getDecoder().decode(data.group(1)), UTF_8))
              .collect(Collectors.joining("\n"));
    } finally {
      process.destroyForcibly();
    }
  }
}
