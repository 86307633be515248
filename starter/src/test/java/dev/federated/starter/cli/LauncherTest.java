package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code ./federate}, with a Maven and a Java that only write down how they are run. */
@DisabledOnOs(OS.WINDOWS)
@Timeout(60)
class LauncherTest {
  private static final List<String> MODULES =
      List.of("workflows", "activities", "worker", "starter");

  @TempDir private Path directory;
  private Path project;
  private Path tools;

  private record Run(int exitCode, String out, String err) {}

  @BeforeEach
  void projectWithBlanksInItsPath() throws IOException {
    project = Files.createDirectory(directory.resolve("my project"));
    tools = Files.createDirectory(directory.resolve("tools"));
    Files.copy(Path.of("..", "federate"), project.resolve("federate"));
    executable(project.resolve("federate"));
    Files.createFile(project.resolve("pom.xml"));
    for (String module : MODULES) {
      Files.createDirectories(project.resolve(module).resolve("src/main"));
      Files.createFile(project.resolve(module).resolve("pom.xml"));
      Files.createFile(project.resolve(module).resolve("src/main/A.java"));
    }
    ageSources();
    tool(
        "mvn",
        """
        echo "mvn $*" >>"$TRACE"
        [ -z "${MVN_FAILS:-}" ] || { echo "COMPILATION ERROR"; exit 1; }
        for m in workflows activities worker starter; do
          mkdir -p "$m/target"
          touch "$m/target/federated-$m-1.jar"
        done
        mkdir -p starter/target/lib
        touch starter/target/lib/picocli.jar starter/target/lib/federated-worker-1.jar
        """);
    tool("java", "printf '%s|' \"$@\"");
  }

  @Test
  void buildThatFailsShowsItsOutputOnStderrAndIsExit1() throws Exception {
    Run run = run(directory, Map.of("MVN_FAILS", "yes"), project.resolve("federate"), "help");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("building…").contains("COMPILATION ERROR");
  }

  @Test
  void javaHomeWithoutJavaIsExit2() throws Exception {
    Run run = run(directory, Map.of("JAVA_HOME", "/nowhere"), project.resolve("federate"), "help");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("JAVA_HOME is /nowhere");
  }

  @Test
  void firstUseBuildsAndTheSecondDoesNot() throws Exception {
    Run first = run(directory, Map.of(), project.resolve("federate"), "validate", "a b.json");
    assertThat(first.err()).isEqualToNormalizingNewlines("federate: building…\n");
    assertThat(first.exitCode()).isZero();
    assertThat(first.out()).endsWith("|dev.federated.starter.cli.Federate|validate|a b.json|");
    Run second = run(directory, Map.of(), project.resolve("federate"), "help");
    assertThat(second.err()).isEmpty();
    assertThat(builds()).hasSize(1);
    assertThat(builds().get(0)).contains("-DskipTests").endsWith("package");
  }

  @Test
  void classPathHoldsEachJarOnceAndTheModulesAsBuilt() throws Exception {
    Run run = run(directory, Map.of(), project.resolve("federate"), "help");
    String classPath = run.out().split("\\|-cp\\|", 2)[1].split("\\|", 2)[0];
    assertThat(classPath).startsWith(project.toRealPath().toString()).endsWith("/*");
    try (var jars = Files.list(Path.of(classPath.substring(0, classPath.length() - 2)))) {
      assertThat(jars.map(jar -> jar.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "picocli.jar",
              "federated-workflows-1.jar",
              "federated-activities-1.jar",
              "federated-worker-1.jar",
              "federated-starter-1.jar");
    }
  }

  @Test
  void newerSourceIsBuiltAgainInADirectoryOfItsOwn() throws Exception {
    String first = run(directory, Map.of(), project.resolve("federate"), "help").out();
    touchInFuture(project.resolve("worker/src/main/A.java"));
    String second = run(directory, Map.of(), project.resolve("federate"), "help").out();
    assertThat(builds()).hasSize(2);
    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void concurrentFirstUsesBuildOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(directory, Map.of(), project.resolve("federate"), "help"));
    }
    for (Process process : processes) {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    assertThat(builds()).hasSize(1);
  }

  @Test
  void symbolicLinkFromAnotherDirectoryWorks() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("else where"));
    Path absolute = Files.createSymbolicLink(elsewhere.resolve("fed"), project.resolve("federate"));
    Path relative = Files.createSymbolicLink(elsewhere.resolve("fed2"), Path.of("fed"));
    assertThat(run(elsewhere, Map.of(), absolute, "help").exitCode()).isZero();
    assertThat(run(elsewhere, Map.of(), relative, "help").exitCode()).isZero();
    assertThat(builds()).hasSize(1);
  }

  @Test
  void ownJavaOptionsComeBeforeTheClass() throws Exception {
    Run run =
        run(
            directory,
            Map.of("FEDERATE_JAVA_OPTS", "-Xmx64m  -Da=b"),
            project.resolve("federate"),
            "help");
    assertThat(run.out()).contains("|-Xmx64m|-Da=b|").contains("-XX:+UseSerialGC|");
  }

  @Test
  void flagsThatOlderJavaDoesNotKnowAreLeftOut() throws Exception {
    Path home = Files.createDirectories(directory.resolve("jdk"));
    Files.createDirectory(home.resolve("bin"));
    Files.copy(tools.resolve("java"), home.resolve("bin/java"));
    executable(home.resolve("bin/java"));
    Map<String, String> environment = Map.of("JAVA_HOME", home.toString());
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
    assertThat(run(directory, environment, project.resolve("federate"), "help").out())
        .doesNotContain("native-access")
        .doesNotContain("unsafe");
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"25\"\n");
    assertThat(run(directory, environment, project.resolve("federate"), "help").out())
        .contains("--enable-native-access=ALL-UNNAMED|--sun-misc-unsafe-memory-access=allow|");
  }

  @Test
  void aJdkThatCannotMakeAnArchiveIsTriedOnceAndStartsWithoutOne() throws Exception {
    Map<String, String> environment = jdk("17.0.15", "printf '%s|' \"$@\"");

    Run first = run(directory, environment, project.resolve("federate"), "help");
    Run second = run(directory, environment, project.resolve("federate"), "help");

    assertThat(first.err()).contains("preparing faster starts");
    assertThat(second.err()).isEmpty();
    assertThat(first.exitCode() + second.exitCode()).isZero();
    assertThat(first.out() + second.out()).doesNotContain("SharedArchiveFile");
  }

  @Test
  void theFirstUseOfAJdkMakesAnArchiveOfTheClassesThatCommandsLoad() throws Exception {
    String recordsClasses =
        """
        for a in "$@"; do
          case $a in
            -XX:ArchiveClassesAtExit=*|-XX:AOTCacheOutput=*) echo classes >"${a#*=}" ;;
          esac
        done
        printf '%s|' "$@"
        """;
    for (String version : List.of("17.0.15", "25.0.1")) {
      boolean old = version.startsWith("17");
      Map<String, String> environment = jdk(version, recordsClasses);

      Run first = run(directory, environment, project.resolve("federate"), "help");
      Run second = run(directory, environment, project.resolve("federate"), "help");

      assertThat(first.err()).contains("preparing faster starts");
      assertThat(second.err()).isEmpty();
      assertThat(second.out())
          .isEqualTo(first.out())
          .containsPattern(
              old ? "-XX:SharedArchiveFile=[^|]*-17.0.15.jsa" : "-XX:AOTCache=[^|]*-25.0.1.aot");
    }
  }

  private Map<String, String> jdk(String version, String java) throws IOException {
    Path home = Files.createTempDirectory(directory, "jdk");
    Files.createDirectory(home.resolve("bin"));
    Files.writeString(home.resolve("bin/java"), "#!/usr/bin/env bash\n" + java);
    executable(home.resolve("bin/java"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"%s\"\n".formatted(version));
    return Map.of("JAVA_HOME", home.toString());
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(directory.resolve("trace"));
  }

  private Run run(
      Path workingDirectory, Map<String, String> environment, Path script, String... arguments)
      throws Exception {
    Process process = start(workingDirectory, environment, script, arguments);
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Run(process.waitFor(), out, err);
  }

  private Process start(
      Path workingDirectory, Map<String, String> environment, Path script, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(workingDirectory.toFile());
    builder.environment().remove("JAVA_HOME");
    builder.environment().put("PATH", tools + ":" + builder.environment().get("PATH"));
    builder.environment().put("TRACE", directory.resolve("trace").toString());
    builder.environment().putAll(environment);
    return builder.start();
  }

  private void tool(String name, String body) throws IOException {
    Path tool = tools.resolve(name);
    Files.writeString(tool, "#!/usr/bin/env bash\n" + body);
    executable(tool);
  }

  private void ageSources() throws IOException {
    FileTime old = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
    try (var files = Files.walk(project)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, old);
      }
    }
  }

  private static void touchInFuture(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2040-01-01T00:00:00Z")));
  }

  private static void executable(Path file) {
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}
