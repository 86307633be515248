package dev.federated.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.claimcheck.LargeData;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.worker.config.FederationFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputLimitTest {
  @TempDir private Path directory;

  private static FederationFile file(int maxOutputBytes) {
    return new FederationFile(
        "federation.yaml",
        Path.of("federation.yaml"),
        FederationConfig.builder()
            .regions(List.of(RegionConfig.builder("eu").build()))
            .maxOutputBytes(maxOutputBytes)
            .build());
  }

  @Test
  void outputsThatDoNotFitIntoAHistoryNeedAStore() {
    assertThatThrownBy(
            () ->
                FederationWorker.checkSecrets(
                    file(1_500_001), new WorkerRoles(false, List.of("eu")), Map.of()))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("max_output_bytes")
        .hasMessageContaining("1,500,001")
        .hasMessageContaining(LargeData.VARIABLE);
  }

  @Test
  void withAStoreOutputsMayBeLarge() {
    LargeData largeData = LargeData.load(Map.of(LargeData.VARIABLE, directory.toUri().toString()));

    assertThat(OutputLimit.problem(file(FederationConfig.MOST_OUTPUT_BYTES), largeData)).isNull();
    assertThat(OutputLimit.problem(file(1_500_000), LargeData.NONE)).isNull();
  }
}
