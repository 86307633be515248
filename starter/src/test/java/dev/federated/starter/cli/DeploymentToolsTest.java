package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** The files for deployment, as the tools of those who deploy them read them. */
@Timeout(60)
class DeploymentToolsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void hadolintHasNothingToSayOfTheDockerfile() throws Exception {
    assertThat(run("hadolint", ROOT.resolve("Dockerfile").toString())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"base", "region", "example", "autoscaling"})
  void kustomizeBuildsEveryDirectoryIntoObjectsWithNames(String directory) throws Exception {
    String built =
        run("kubectl", "kustomize", ROOT.resolve("deploy/kubernetes/" + directory).toString());

    List<Object> objects = new ArrayList<>();
    new Yaml().loadAll(built).forEach(objects::add);
    assertThat(objects)
        .isNotEmpty()
        .allSatisfy(
            object ->
                assertThat(object)
                    .extracting("apiVersion", "kind", "metadata.name")
                    .doesNotContainNull());
  }

  /** What the tool writes; it is required where its variable says so, and else may be missing. */
  private static String run(String tool, String... arguments) throws Exception {
    boolean there =
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, tool)));
    String variable = "FEDERATION_REQUIRE_" + tool.toUpperCase(Locale.ROOT);
    if (!Boolean.parseBoolean(System.getenv(variable))) {
      assumeTrue(there, tool + " is not on the PATH");
    }
    List<String> line = new ArrayList<>(List.of(tool));
    line.addAll(List.of(arguments));
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
