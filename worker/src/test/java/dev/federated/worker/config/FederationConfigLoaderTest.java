package dev.federated.worker.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.parsing.InvalidDocumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FederationConfigLoaderTest {
  private static final String YAML =
      """
      regions:
        - name: us-east-1
          endpoint: https://us-east.example.com
          api_key: ${US_EAST_KEY}
          priority: 1
          weight: 1.0
          tags: [gpu, high-memory]
          latitude: 37.7749
          longitude: -122.4194
      default_strategy: nearest
      default_aggregation: merge
      circuit_breaker: {threshold: 5, timeout_seconds: 60}
      secrets: {warehouse: {value: "${WAREHOUSE_DSN}", components: [database_write]}}
      """;
  private static final String JSON =
      """
      {"secrets": {"warehouse": {"components": ["database_write"], "value": "${WAREHOUSE_DSN}"}},
       "circuit_breaker": {"timeout_seconds": 60.0, "threshold": 5},
       "default_aggregation": "merge", "default_strategy": "nearest",
       "regions": [{"name": "us-east-1", "endpoint": "https://us-east.example.com",
         "api_key": "${US_EAST_KEY}", "priority": 1, "weight": 1, "tags": ["gpu", "high-memory"],
         "latitude": 37.7749, "longitude": -122.4194}]}
      """;

  @TempDir private Path directory;

  @Test
  void missingFileIsAProblemThatNamesIt() {
    assertThatThrownBy(() -> loader(Map.of()).load("nowhere.yaml"))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessage("nowhere.yaml: there is no such file");
  }

  @Test
  void noFederationFileAtAllSaysWhereOneIsLookedFor() {
    assertThatThrownBy(() -> loader(Map.of()).require(null, null))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("--federation FILE")
        .hasMessageContaining("$FEDERATION_CONFIG")
        .hasMessageContaining("federation.yaml");
    assertThat(loader(Map.of()).discover(null, null)).isEmpty();
  }

  @Test
  void fileAbove4MebibytesIsRefused() throws IOException {
    Files.write(directory.resolve("f.yaml"), new byte[FederationConfigLoader.LARGEST_BYTES + 1]);
    assertThatThrownBy(() -> loader(Map.of()).load("f.yaml"))
        .hasMessage("f.yaml: is larger than the limit of 4,194,304 bytes");
  }

  @Test
  void everyProblemOfTheFileIsReportedAtOnce() throws IOException {
    write("f.yaml", "regions: [{name: a, wieght: 2}]\ndefault_strategy: nearst\n");
    assertThatThrownBy(() -> loader(Map.of()).load("f.yaml"))
        .hasMessageContaining("regions[0].wieght")
        .hasMessageContaining("did you mean weight?")
        .hasMessageContaining("did you mean nearest?");
  }

  @Test
  void literalKeyNeverStandsInAMessage() throws IOException {
    write("f.yaml", "regions: [{name: a, endpoint: 'http://far.example', api_key: hunter2}]\n");
    assertThatThrownBy(() -> loader(Map.of()).load("f.yaml"))
        .hasMessageContaining("plain http")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void yamlAndJsonSayTheSame() throws IOException {
    write("f.yaml", YAML);
    write("f.json", JSON);
    FederationConfig config = loader(Map.of()).load("f.yaml").config();
    assertThat(config).isEqualTo(loader(Map.of()).load("f.json").config());
    assertThat(config.defaultStrategy()).isEqualTo(FederationStrategy.NEAREST);
    assertThat(config.defaultAggregation()).isEqualTo(AggregationStrategy.MERGE);
    assertThat(config.digest()).matches("[0-9a-f]{16}");
  }

  @Test
  void digestChangesWithTheContent() throws IOException {
    write("a.yaml", YAML);
    write("b.yaml", YAML.replace("priority: 1", "priority: 2"));
    assertThat(digest("a.yaml")).isNotEqualTo(digest("b.yaml"));
  }

  @Test
  void digestDoesNotDependOnLiteralSecretsButOnTheNamesOfReferences() throws IOException {
    write("a.yaml", YAML.replace("${US_EAST_KEY}", "one").replace("${WAREHOUSE_DSN}", "x"));
    write("b.yaml", YAML.replace("${US_EAST_KEY}", "two").replace("${WAREHOUSE_DSN}", "y"));
    write("c.yaml", YAML.replace("${US_EAST_KEY}", "${OTHER}"));
    write("d.yaml", YAML);
    assertThat(digest("a.yaml")).isEqualTo(digest("b.yaml"));
    assertThat(digest("c.yaml")).isNotEqualTo(digest("d.yaml"));
  }

  @Test
  void optionWinsOverVariableOverPipelineOverWorkingDirectory() throws IOException {
    Files.createDirectory(directory.resolve("p"));
    write("federation.json", JSON);
    write("p/federation.yml", YAML);
    FederationConfigLoader with = loader(Map.of("FEDERATION_CONFIG", "env.yaml"));
    assertThat(with.find("option.yaml", "p/pipeline.json")).contains("option.yaml");
    assertThat(with.find(null, "p/pipeline.json")).contains("env.yaml");
    FederationConfigLoader without = loader(Map.of("FEDERATION_CONFIG", " "));
    assertThat(without.find(null, "p/pipeline.json"))
        .contains(Path.of("p/federation.yml").toString());
    assertThat(without.find(null, "q/pipeline.json")).contains("federation.json");
    assertThat(without.require(null, "p/pipeline.json").path())
        .isEqualTo(directory.resolve("p/federation.yml"));
  }

  private String digest(String file) {
    return loader(Map.of()).load(file).config().digest();
  }

  private FederationConfigLoader loader(Map<String, String> environment) {
    return new FederationConfigLoader(environment, directory);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }
}
