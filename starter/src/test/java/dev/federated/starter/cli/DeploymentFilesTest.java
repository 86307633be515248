package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.codahale.metrics.MetricRegistry;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.stage.FederatedQueues;
import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.operations.Check;
import dev.federated.worker.operations.OperationsServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;

/** What docs/deployment.md claims of the image, the compose file, Kubernetes and systemd. */
@Timeout(60)
class DeploymentFilesTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path KUBERNETES = ROOT.resolve("deploy/kubernetes");
  private static final Path COMPOSE = ROOT.resolve("deploy/compose");

  /** An image of the default registry, with a tag that names a version. */
  private static final Pattern IMAGE =
      Pattern.compile("([a-z0-9-]+/)?[a-z0-9-]+:(?!latest)[a-z0-9.-]*[0-9][a-z0-9.-]*");

  private static String read(Path file) throws IOException {
    return Files.readString(file, UTF_8);
  }

  private static List<String> dockerfile() throws IOException {
    return read(ROOT.resolve("Dockerfile"))
        .replaceAll("(?m)^#.*\n", "")
        .replaceAll("\\s*\\\\\n\\s*", " ")
        .lines()
        .filter(line -> !line.isBlank())
        .toList();
  }

  private static List<String> lastStage() throws IOException {
    List<String> lines = dockerfile();
    int from = 0;
    for (int i = 0; i < lines.size(); i++) {
      from = lines.get(i).startsWith("FROM ") ? i : from;
    }
    assertThat(from).as("a stage that builds stands before").isPositive();
    return lines.subList(from, lines.size());
  }

  private static String instruction(String name) throws IOException {
    return lastStage().stream()
        .filter(line -> line.startsWith(name + " "))
        .reduce((first, second) -> second)
        .orElseThrow()
        .substring(name.length() + 1);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    assertThat(value).isInstanceOf(Map.class);
    return (Map<String, Object>) value;
  }

  /** What stands at that path of keys and indexes; null if nothing does. */
  private static Object at(Object value, String path) {
    Object found = value;
    for (String step : path.split("/", -1)) {
      if (found instanceof List<?> list) {
        int index = Integer.parseInt(step);
        found = index < list.size() ? list.get(index) : null;
      } else {
        found = found instanceof Map<?, ?> map ? map.get(step) : null;
      }
    }
    return found;
  }

  private static List<String> texts(Object list) {
    return list == null ? List.of() : ((List<?>) list).stream().map(String::valueOf).toList();
  }

  @Test
  void theImageRunsAsAUserThatIsNotRootAndCarriesNoBuildTools() throws IOException {
    assertThat(instruction("USER")).matches("[1-9][0-9]{3,}:[1-9][0-9]{3,}");
    assertThat(instruction("FROM")).contains("-jre").doesNotContain("maven");
    assertThat(instruction("ENTRYPOINT")).matches("\\[\"java\", .*]");
    assertThat(instruction("CMD")).matches("\\[.*]");
    assertThat(String.join("\n", dockerfile()))
        .doesNotContainPattern("(?m)^ADD ")
        .doesNotContainPattern("(?i)(password|secret|_key)=");
    assertThat(dockerfile())
        .filteredOn(line -> line.startsWith("FROM "))
        .allSatisfy(line -> assertThat(line.split(" ", -1)[1]).matches(IMAGE));
  }

  @Test
  void theHealthCheckOfTheImageSucceedsWhileTheProcessIsAliveAndFailsOtherwise() throws Exception {
    String check = instruction("HEALTHCHECK").replaceFirst("(?s).*CMD ", "");
    List<String> words = texts(new Yaml().load(check));
    assertThat(words.get(2)).contains("127.0.0.1/9464", "/healthz");
    try (OperationsServer alive = operations(Optional.empty());
        OperationsServer dead = operations(Optional.of("stuck"))) {
      assertThat(exitCode(words, alive)).isZero();
      assertThat(exitCode(words, dead)).isNotZero();
    }
  }

  private static OperationsServer operations(Optional<String> failure) throws IOException {
    return OperationsServer.start(
        OperationsServer.DEFAULT_HOST, 0, new MetricRegistry(), () -> failure, Check.PASSING);
  }

  private static int exitCode(List<String> words, OperationsServer server) throws Exception {
    List<String> command = new ArrayList<>(words);
    command.set(2, words.get(2).replace("9464", Integer.toString(server.port())));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private static Map<String, Object> services() throws IOException {
    return map(map(new Yaml().load(read(COMPOSE.resolve("compose.yaml")))).get("services"));
  }

  @Test
  void theComposeFileHasItsPartsWithPinnedImagesAndNoSecretInIt() throws IOException {
    assertThat(services().keySet())
        .contains("postgresql", "temporal", "ui", "control", "prometheus", "grafana")
        .contains("us-east-1", "eu-west-1");
    String text = read(COMPOSE.resolve("compose.yaml"));
    Matcher secret = Pattern.compile("(?m)^\\s*\\w*(?:PASSWORD|PWD|KEY): (.*)$").matcher(text);
    int secrets = 0;
    while (secret.find()) {
      secrets++;
      assertThat(secret.group(1)).matches("\\$\\{\\w+:\\?.*}");
    }
    assertThat(secrets).isGreaterThan(3);
    services()
        .forEach(
            (name, service) -> {
              String image = String.valueOf(map(service).get("image"));
              assertThat(image).as(name).matches("federated:local|" + IMAGE);
              assertThat(texts(map(service).get("ports")))
                  .as("published on this machine only")
                  .allMatch(port -> port.startsWith("127.0.0.1:"));
            });
  }

  @Test
  void everyFileAndServiceThatTheComposeFileNamesIsThere() throws IOException {
    Map<String, Object> services = services();
    services.forEach(
        (name, service) -> {
          for (String volume : texts(map(service).get("volumes"))) {
            String source = volume.split(":", -1)[0];
            if (source.startsWith(".")) {
              assertThat(COMPOSE.resolve(source)).as(name).exists();
            }
          }
          Object needed = map(service).get("depends_on");
          assertThat(services.keySet())
              .containsAll(needed instanceof Map<?, ?> ? map(needed).keySet() : texts(needed));
        });
    for (String target :
        texts(
            at(
                new Yaml().load(read(COMPOSE.resolve("prometheus.yaml"))),
                "scrape_configs/0/static_configs/0/targets"))) {
      assertThat(services).containsKey(target.split(":", -1)[0]);
    }
    assertThat(read(COMPOSE.resolve("prometheus.yaml"))).contains("job_name: federation");
  }

  /** The arguments of every process that the files start, by where they stand. */
  private static Map<String, List<String>> commands() throws IOException {
    Map<String, List<String>> commands = new LinkedHashMap<>();
    services()
        .forEach(
            (name, service) -> {
              if ("federated:local".equals(map(service).get("image"))) {
                commands.put("compose " + name, texts(map(service).get("command")));
              }
            });
    for (Path file : List.of(Path.of("base/control.yaml"), Path.of("region/worker.yaml"))) {
      Object deployment = documents(KUBERNETES.resolve(file)).get(0);
      commands.put(
          "kubernetes " + file, texts(at(deployment, "spec/template/spec/containers/0/args")));
    }
    for (String unit : List.of("federation-control.service", "federation-region@.service")) {
      String started = setting(unit, "ExecStart");
      String arguments = started.substring(started.indexOf(".Federate ") + ".Federate ".length());
      commands.put(
          "systemd " + unit, List.of(arguments.replace("${METRICS_PORT}", "9464").split(" ", -1)));
    }
    return commands;
  }

  private static String setting(String unit, String name) throws IOException {
    return read(ROOT.resolve("deploy/systemd").resolve(unit))
        .lines()
        .filter(line -> line.startsWith(name + "="))
        .findFirst()
        .orElseThrow()
        .substring(name.length() + 1);
  }

  @Test
  void theCommandLineKnowsEveryArgumentThatIsGivenToIt() throws IOException {
    assertThat(commands()).hasSize(9);
    commands()
        .forEach(
            (where, arguments) ->
                assertThatCode(() -> parse(arguments))
                    .as(where + " " + arguments)
                    .doesNotThrowAnyException());
  }

  private static void parse(List<String> arguments) {
    CommandContext context =
        new CommandContext(
            Map.of(),
            ROOT,
            new ByteArrayInputStream(new byte[0]),
            new Interruption(Duration.ofSeconds(1), code -> {}));
    var unused = Federate.commandLine(context).parseArgs(arguments.toArray(String[]::new));
  }

  private static List<Object> documents(Path file) throws IOException {
    List<Object> documents = new ArrayList<>();
    new Yaml().loadAll(read(file)).forEach(documents::add);
    return documents;
  }

  private static List<Object> manifests() throws IOException {
    List<Object> manifests = new ArrayList<>();
    try (Stream<Path> files = Files.walk(KUBERNETES)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".yaml")).sorted().toList()) {
        manifests.addAll(documents(file));
      }
    }
    return manifests;
  }

  private static Stream<Object> deployments() throws IOException {
    return manifests().stream().filter(manifest -> "Deployment".equals(at(manifest, "kind")));
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void aDeploymentIsNotRootIsProbedAndHasLimits(Object deployment) {
    Object pod = at(deployment, "spec/template/spec");
    assertThat(at(pod, "securityContext/runAsNonRoot")).isEqualTo(true);
    assertThat(at(pod, "securityContext/seccompProfile/type")).isEqualTo("RuntimeDefault");
    assertThat(at(pod, "automountServiceAccountToken")).isEqualTo(false);
    Object container = at(pod, "containers/0");
    assertThat(at(container, "securityContext/allowPrivilegeEscalation")).isEqualTo(false);
    assertThat(at(container, "securityContext/readOnlyRootFilesystem")).isEqualTo(true);
    assertThat(texts(at(container, "securityContext/capabilities/drop"))).containsExactly("ALL");
    assertThat(at(container, "image").toString()).matches(IMAGE);
    assertThat(at(container, "resources/requests/cpu")).isNotNull();
    assertThat(at(container, "resources/limits/memory")).isNotNull();
    assertThat(at(container, "livenessProbe/httpGet/path")).isEqualTo("/healthz");
    assertThat(at(container, "startupProbe/httpGet/path")).isEqualTo("/healthz");
    assertThat(at(container, "readinessProbe/httpGet/path")).isEqualTo("/readyz");
    assertThat(at(container, "ports/0/containerPort")).isEqualTo(9464);
    assertThat(texts(at(container, "args"))).containsSequence("--metrics-host", "0.0.0.0");
    assertThat(at(deployment, "spec/template/metadata/labels"))
        .as("the selector")
        .isEqualTo(at(deployment, "spec/selector/matchLabels"));
  }

  @Test
  void theNetworkPolicyHoldsForEveryDeploymentInBothDirections() throws IOException {
    Object policy =
        manifests().stream()
            .filter(manifest -> "NetworkPolicy".equals(at(manifest, "kind")))
            .findFirst()
            .orElseThrow();
    assertThat(texts(at(policy, "spec/policyTypes"))).containsExactly("Ingress", "Egress");
    Map<String, Object> selected = map(at(policy, "spec/podSelector/matchLabels"));
    assertThat(deployments().toList())
        .hasSize(2)
        .allSatisfy(
            deployment ->
                assertThat(map(at(deployment, "spec/template/metadata/labels")))
                    .containsAllEntriesOf(selected));
  }

  @Test
  void everyKustomizationNamesWhatIsThereAndPatchesWhatIsThere() throws IOException {
    List<Path> found;
    try (Stream<Path> files = Files.walk(KUBERNETES)) {
      found = files.filter(file -> file.endsWith("kustomization.yaml")).toList();
    }
    assertThat(found).hasSize(6);
    Object worker = documents(KUBERNETES.resolve("region/worker.yaml")).get(0);
    for (Path file : found) {
      Object kustomization = documents(file).get(0);
      for (String kind : List.of("resources", "components")) {
        for (String resource : texts(at(kustomization, kind))) {
          assertThat(file.resolveSibling(resource)).as(file.toString()).exists();
        }
      }
      Object patch = at(kustomization, "patches/0/patch");
      if (patch != null) {
        for (Object operation : (List<?>) new Yaml().load(patch.toString())) {
          String path = at(operation, "path").toString().substring(1);
          assertThat(at(worker, path)).as(path).isInstanceOf(String.class);
        }
      }
    }
  }

  @Test
  void everyRegionOfTheExampleHasItsWorkerItsKeyAndItsScaling() throws IOException {
    FederationConfig federation = federation(KUBERNETES.resolve("example"));
    for (RegionConfig region : federation.regions()) {
      Path overlay = KUBERNETES.resolve("example").resolve(region.name());
      String text = read(overlay.resolve("kustomization.yaml"));
      assertThat(text)
          .contains("value: " + region.name(), "nameSuffix: -" + region.name())
          .contains("value: " + region.apiKey().reference());
      Object scaled =
          manifests().stream()
              .filter(manifest -> "ScaledObject".equals(at(manifest, "kind")))
              .filter(
                  manifest ->
                      FederatedQueues.ofRegion(region.name())
                          .equals(at(manifest, "spec/triggers/0/metadata/taskQueue")))
              .findFirst()
              .orElseThrow();
      assertThat(at(scaled, "spec/scaleTargetRef/name"))
          .isEqualTo("federation-region-" + region.name());
    }
  }

  private static FederationConfig federation(Path directory) {
    return new FederationConfigLoader(Map.of(), directory).load("federation.yaml").config();
  }

  @Test
  void theRegionsOfTheComposeFileAreThoseOfItsFederationFile() throws IOException {
    assertThat(services().keySet()).containsAll(federation(COMPOSE).regionNames());
  }

  @Test
  void theUnitsHaveNoPrivilegesAndKeepEachWorkersSecretsApart() throws IOException {
    for (String unit : List.of("federation-control.service", "federation-region@.service")) {
      assertThat(setting(unit, "DynamicUser")).isEqualTo("yes");
      assertThat(setting(unit, "NoNewPrivileges")).isEqualTo("yes");
      assertThat(setting(unit, "ProtectSystem")).isEqualTo("strict");
      assertThat(setting(unit, "CapabilityBoundingSet")).isEmpty();
      assertThat(setting(unit, "Restart")).isEqualTo("always");
    }
    assertThat(read(ROOT.resolve("deploy/systemd/federation-region@.service")))
        .contains("EnvironmentFile=-/etc/federation/region-%i.env");
  }

  @Test
  void noFileNamesARegistryOrFloatsItsVersion() throws IOException {
    List<Path> files = new ArrayList<>(List.of(ROOT.resolve("Dockerfile")));
    try (Stream<Path> deployed = Files.walk(ROOT.resolve("deploy"))) {
      deployed.filter(Files::isRegularFile).forEach(files::add);
    }
    TreeSet<String> images = new TreeSet<>();
    Pattern image = Pattern.compile("(?m)^\\s*(?:FROM|-? ?image:) +(\\S+)");
    for (Path file : files) {
      Matcher matcher = image.matcher(read(file));
      while (matcher.find()) {
        images.add(matcher.group(1));
      }
    }
    assertThat(images)
        .hasSizeGreaterThan(7)
        .allMatch(name -> name.equals("federated:local") || IMAGE.matcher(name).matches());
  }
}
