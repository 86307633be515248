package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidateCommandTest {
  private static final String FEDERATION = "regions: [{name: us}, {name: eu}]\n";
  private static final String PIPELINE =
      """
      {"id": "p", "stages": [
        {"id": "a", "type": "transformer"},
        {"id": "b", "type": "transformer", "depends_on": ["a"],
         "federation": {"strategy": "parallel", "regions": ["us", "eu"]}}]}
      """;

  @TempDir private Path directory;

  @Test
  void pipelineThatIsMissingIsExit2() {
    CommandRun run = run("validate", "nothing.json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("nothing.json: there is no such file");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void missingArgumentIsExit2() {
    CommandRun run = run("validate");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("PIPELINE").contains("See 'federate validate --help'.");
  }

  @Test
  void syntaxErrorIsExit2WithItsLine() throws IOException {
    write("p.json", "{\"id\": \"p\",\n \"stages\": [}");
    JsonNode problem = run("validate", "p.json", "-o", "json").json().at("/error/problems/0");
    assertThat(problem.get("file").asText()).isEqualTo("p.json");
    assertThat(problem.get("path").asText()).startsWith("line 2, column ");
  }

  @Test
  void problemsOfPipelineAndFederationFileAreReportedAtOnce() throws IOException {
    write("federation.yaml", "regions: [{name: us, wieght: 2}]\n");
    write("p.json", PIPELINE.replace("[\"a\"]", "[\"x\"]"));
    CommandRun run = run("validate", "p.json", "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).isEmpty();
    assertThat(run.json().at("/error/type").asText()).isEqualTo("InvalidDocument");
    assertThat(run.json().at("/error/problems").findValuesAsText("file"))
        .contains("federation.yaml", "p.json");
  }

  @Test
  void unknownRegionNamesTheNearest() throws IOException {
    write("federation.yaml", "regions: [{name: us-east}, {name: eu-west}]\n");
    write("p.json", PIPELINE.replace("[\"us\", \"eu\"]", "[\"us-eats\"]"));
    CommandRun run = run("validate", "p.json");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("stages[1].federation.regions").contains("us-east?");
  }

  @Test
  void federationFileThatIsNamedButMissingIsExit2() throws IOException {
    write("p.json", PIPELINE);
    CommandRun run = run("validate", "p.json", "--federation", "no.yaml");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("no.yaml: there is no such file");
  }

  @Test
  void misspeltOptionIsExit2WithTheNearest() {
    assertThat(run("validate", "p.json", "--federatoin", "f").err())
        .contains("did you mean --federation?");
  }

  @Test
  void validPipelineIsExit0AndSaysHowManyStages() throws IOException {
    write("federation.yaml", FEDERATION);
    write("p.json", PIPELINE);
    CommandRun run = run("validate", "p.json");
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .isEqualToNormalizingNewlines(
            "p.json: pipeline p is valid: 2 stages, 1 of them federated\n");
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void validPipelineAsJsonIsOneDocument() throws IOException {
    write("federation.yaml", FEDERATION);
    write("p.json", PIPELINE);
    CommandRun run = run("validate", "p.json", "-o", "json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.json().get("valid").asBoolean()).isTrue();
    assertThat(run.json().get("pipeline_id").asText()).isEqualTo("p");
    assertThat(run.json().get("federated_stages").asInt()).isOne();
  }

  @Test
  void withoutFederationFileRegionsAreNotCheckedAndThatIsSaid() throws IOException {
    write("p.json", PIPELINE);
    CommandRun run = run("validate", "p.json");
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).contains("no federation file");
  }

  @Test
  void validationNeedsNoSecret() throws IOException {
    write("federation.yaml", "regions: [{name: us, api_key: '${NOT_SET}'}, {name: eu}]\n");
    write("p.json", PIPELINE);
    assertThat(run("validate", "p.json").exitCode()).isZero();
  }

  private CommandRun run(String... arguments) {
    return CommandRun.of(directory, Map.of(), arguments);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }
}
