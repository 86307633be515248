package dev.federated.worker.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.parsing.InvalidDocumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretResolverTest {
  @TempDir private Path directory;
  private FederationFile federation;

  @BeforeEach
  void federationOfThreeRegions() throws IOException {
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions:
          - {name: env, endpoint: "https://e.example", api_key: "${ENV_KEY}"}
          - {name: file, endpoint: "https://f.example", api_key: "file:key.txt"}
          - {name: literal, endpoint: "https://l.example", api_key: hunter2}
          - {name: local}
        secrets:
          warehouse: {value: "${DSN}", components: [database_write]}
        """);
    federation = new FederationConfigLoader(Map.of(), directory).load("federation.yaml");
  }

  @Test
  void missingVariableNamesItAndItsPlace() {
    assertThatThrownBy(() -> resolver(Map.of()).forRegions(federation, List.of("env")))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessage(
            "federation.yaml: regions[0].api_key: the environment variable ENV_KEY is not set;"
                + " set it, or write file:/path");
  }

  @Test
  void emptyVariableCountsAsMissing() {
    assertThatThrownBy(() -> resolver(Map.of("ENV_KEY", "")).forRegions(federation, List.of("env")))
        .hasMessageContaining("ENV_KEY is empty");
  }

  @Test
  void missingOrEmptyOrLargeOrBinaryFileNamesItAndItsPlace() throws IOException {
    assertFileProblem("there is no file key.txt");
    Path key = Files.writeString(directory.resolve("key.txt"), "\n");
    assertFileProblem("the file key.txt is empty");
    Files.write(key, new byte[SecretResolver.LARGEST_FILE_BYTES + 1]);
    assertFileProblem("the file key.txt is larger than 64 KiB");
    Files.write(key, new byte[] {(byte) 0xff, (byte) 0xfe});
    assertFileProblem("the file key.txt is not UTF-8 text");
  }

  @Test
  void keyThatCannotStandInAHeaderIsRefusedWithoutItsValue() {
    assertThatThrownBy(
            () ->
                resolver(Map.of("ENV_KEY", "hunter2\nX-Evil: 1"))
                    .forRegions(federation, List.of("env")))
        .hasMessageContaining("regions[0].api_key: ${ENV_KEY} holds blanks")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void everyMissingSecretIsReportedAtOnce() {
    assertThatThrownBy(() -> resolver(Map.of()).forAll(federation))
        .hasMessageContaining("regions[0].api_key")
        .hasMessageContaining("regions[1].api_key")
        .hasMessageContaining("secrets.warehouse.value")
        .hasMessageContaining("DSN");
  }

  @Test
  void unknownRegionIsRefused() {
    assertThatThrownBy(() -> resolver(Map.of()).forRegions(federation, List.of("env", "nowhere")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nowhere");
  }

  @Test
  void regionWorkerNeedsOnlyItsOwnKey() {
    ProcessSecrets secrets =
        resolver(Map.of("ENV_KEY", "k")).forRegions(federation, List.of("env"));
    assertThat(secrets.apiKey("env")).contains("k");
    assertThat(secrets.apiKey("literal")).isEmpty();
    assertThat(secrets.named().resolve("warehouse", "database_write")).isEmpty();
  }

  @Test
  void workerOfARegionWithoutEndpointNeedsTheNamedSecretsToo() {
    assertThatThrownBy(() -> resolver(Map.of()).forRegions(federation, List.of("local")))
        .hasMessageContaining("DSN");
  }

  @Test
  void controlWorkerNeedsTheNamedSecretsAndNoKey() {
    ProcessSecrets secrets = resolver(Map.of("DSN", "jdbc:x")).forControl(federation);
    assertThat(secrets.named().resolve("warehouse", "database_write")).contains("jdbc:x");
    assertThat(secrets.apiKey("literal")).isEmpty();
  }

  @Test
  void secretIsThereOnlyForTheListedComponentTypes() {
    ProcessSecrets secrets = resolver(Map.of("DSN", "jdbc:x")).forControl(federation);
    assertThat(secrets.named().resolve("warehouse", "http_request")).isEmpty();
    assertThat(secrets.named().resolve("nothing", "database_write")).isEmpty();
  }

  @Test
  void oneTrailingNewlineOfAFileIsTrimmed() throws IOException {
    Path key = Files.writeString(directory.resolve("key.txt"), "abc\r\n");
    assertThat(resolver(Map.of()).forRegions(federation, List.of("file")).apiKey("file"))
        .contains("abc");
    Files.writeString(key, "abc\n");
    assertThat(resolver(Map.of()).forRegions(federation, List.of("file")).apiKey("file"))
        .contains("abc");
  }

  @Test
  void textFormShowsNamesOnly() throws IOException {
    Files.writeString(directory.resolve("key.txt"), "file-key");
    ProcessSecrets secrets =
        resolver(Map.of("ENV_KEY", "env-key", "DSN", "jdbc:x")).forAll(federation);
    assertThat(secrets.apiKey("literal")).contains("hunter2");
    assertThat(secrets.toString())
        .contains("env", "file", "literal", "warehouse")
        .doesNotContain("env-key", "file-key", "hunter2", "jdbc:x");
  }

  private void assertFileProblem(String message) {
    assertThatThrownBy(() -> resolver(Map.of()).forRegions(federation, List.of("file")))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessage("federation.yaml: regions[1].api_key: " + message);
  }

  private static SecretResolver resolver(Map<String, String> environment) {
    return new SecretResolver(environment);
  }
}
