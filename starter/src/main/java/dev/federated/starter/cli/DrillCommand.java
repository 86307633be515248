package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.federated.model.FederationConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.parsing.NearestNames;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ParsedStage;
import dev.federated.pipeline.PipelineParser;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.StageResultJson;
import dev.federated.starter.FederationCoordinator;
import dev.federated.testing.RegionScript;
import dev.federated.testing.ScriptedWorkers;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.document.DocumentReader;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows what a stage would do in an outage, without touching anything real. */
@Command(
    name = "drill",
    description =
        "Executes a stage with regions that are down, slow or refusing, and tells where the work"
            + " went. Nothing real is touched: every region of the federation file is played inside"
            + " this process.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DrillCommand implements Callable<Integer> {
  private static final String DOWN = "--down";
  private static final String SLOW = "--slow";
  private static final String REFUSE = "--refuse";
  private static final double LONGEST_SECONDS = 86_400;
  private static final double MILLIS = 1000;

  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private InputOptions input = new InputOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(
      paramLabel = "STAGE",
      description = "A JSON file with one stage, as in a pipeline's stages.")
  private String stage = "";

  @Option(names = DOWN, paramLabel = "REGION", description = "A region that does not answer.")
  private List<String> down = new ArrayList<>();

  @Option(
      names = SLOW,
      paramLabel = "REGION=SECONDS",
      description = "A region that takes so long; no real time passes.")
  private Map<String, String> slow = new LinkedHashMap<>();

  @Option(
      names = REFUSE,
      paramLabel = "REGION=STATUS",
      description = "A region that answers with that HTTP status, 300 to 599.")
  private Map<String, String> refuse = new LinkedHashMap<>();

  @Option(
      names = "--known",
      description =
          "The regions that are down are known to be when the stage starts; without it, the stage"
              + " finds out by calling them.")
  private boolean known;

  @Option(
      names = "--answer",
      paramLabel = "JSON",
      description = "What regions answer; without it, the stage's inputs.")
  private @Nullable String answer;

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter err = spec.commandLine().getErr();
    FederationFile file = FederationOptions.loader(context).require(federation.file(), stage);
    ParsedStage parsed =
        PipelineParser.parseStage(Documents.file(stage, context), stage, file.config());
    parsed.warnings().forEach(warning -> err.println("warning: " + warning));
    ScriptedWorkers.Builder scripts = scripts(file.config());
    JsonNode data = input.input(context).orElse(JsonNodeFactory.instance.objectNode());
    StageRequest request =
        new WithoutParking(file, err).of(StageCommand.request(parsed, data, input.from(), stage));
    Documents.checkPayload(stage, request, context);
    err.println(
        "drill: every region is played in this process, nothing real is called, and waits"
            + " pass in the time of the drill's server");
    try (ServerSession session = ServerSession.scripted(context, scripts, err)) {
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      Launch launch =
          new Launch(
              context, session, StartOptions.following(), output, spec.commandLine().getOut(), err);
      Launch.Kind<FederatedStageResult> kind = StageCommand.kind(request.stageId());
      return launch.run(
          (id, policy) -> coordinator.startFederated(request, id, policy),
          () -> FederationCoordinator.newWorkflowId(request.stageId()),
          new Launch.Kind<>(
              kind.failed(), this::json, this::text, kind.outcome(), request.stageId()));
    }
  }

  /**
   * What every region does.
   *
   * @throws CommandException if an option names a region that is not there, or a value is wrong
   */
  private ScriptedWorkers.Builder scripts(FederationConfig config) {
    List<Problem> problems = new ArrayList<>();
    down.forEach(region -> requireRegion(config, DOWN, region, problems));
    slow.keySet().forEach(region -> requireRegion(config, SLOW, region, problems));
    refuse.keySet().forEach(region -> requireRegion(config, REFUSE, region, problems));
    Map<String, Duration> delays = new LinkedHashMap<>();
    slow.forEach(
        (region, seconds) -> delays.put(region, delay(region + "=" + seconds, seconds, problems)));
    JsonNode answered =
        answer == null ? null : DocumentReader.json(answer.getBytes(UTF_8), "--answer");
    ScriptedWorkers.Builder scripts = ScriptedWorkers.newBuilder(config);
    for (String region : config.regionNames()) {
      RegionScript script = RegionScript.up();
      String status = refuse.get(region);
      if (down.contains(region)) {
        script = known ? RegionScript.knownDown() : RegionScript.down();
        if (status != null) {
          problems.add(problem(REFUSE, region + "=" + status, "the region is down already"));
        }
      } else if (status != null) {
        script = refusing(region + "=" + status, status, problems);
      }
      if (answered != null) {
        script = script.giving(answered);
      }
      scripts.region(region, script.slowBy(delays.getOrDefault(region, Duration.ZERO)));
    }
    if (!problems.isEmpty()) {
      throw new CommandException(
          ExitCodes.BAD_INPUT, ErrorReport.INVALID_USAGE, message(problems), problems);
    }
    return scripts;
  }

  private static String message(List<Problem> problems) {
    List<String> lines = new ArrayList<>();
    for (Problem problem : problems) {
      lines.add(
          problem.path()
              + ": "
              + problem.message()
              + (problem.suggestions().isEmpty()
                  ? ""
                  : "; did you mean %s?".formatted(String.join(" or ", problem.suggestions()))));
    }
    return String.join("\n", lines);
  }

  private static void requireRegion(
      FederationConfig config, String option, String region, List<Problem> problems) {
    if (config.region(region).isEmpty()) {
      problems.add(
          new Problem(
              ErrorReport.COMMAND_LINE,
              option,
              TextNode.valueOf(region),
              "the federation has no region '%s'; it has %s"
                  .formatted(region, String.join(", ", config.regionNames())),
              NearestNames.of(region, config.regionNames())));
    }
  }

  private static Duration delay(String given, String seconds, List<Problem> problems) {
    double value;
    try {
      value = Double.parseDouble(seconds);
    } catch (NumberFormatException e) {
      value = Double.NaN;
    }
    if (value >= 0 && value <= LONGEST_SECONDS) {
      return Duration.ofMillis(Math.round(value * MILLIS));
    }
    problems.add(problem(SLOW, given, "has to be REGION=SECONDS with 0 to 86400 seconds"));
    return Duration.ZERO;
  }

  private static RegionScript refusing(String given, String status, List<Problem> problems) {
    try {
      return RegionScript.refusing(Integer.parseInt(status));
    } catch (IllegalArgumentException e) {
      problems.add(problem(REFUSE, given, "has to be REGION=STATUS with a status of 300 to 599"));
      return RegionScript.up();
    }
  }

  private static Problem problem(String option, String given, String message) {
    return new Problem(
        ErrorReport.COMMAND_LINE,
        option,
        TextNode.valueOf(given),
        "'%s' %s".formatted(given, message),
        List.of());
  }

  /** Whether the stage's author could live with it: he said when too much has failed. */
  private static boolean acceptable(FederatedStageResult result) {
    return result.outcome() != StageOutcome.FAILED;
  }

  private ObjectNode json(FederatedStageResult result) {
    ObjectNode json = StageResultJson.print(result);
    ObjectNode drill = json.putObject("drill");
    Set<String> regions = new LinkedHashSet<>(down);
    regions.forEach(drill.putArray("down")::add);
    ObjectNode seconds = drill.putObject("slow");
    slow.forEach((region, value) -> seconds.put(region, Double.parseDouble(value)));
    ObjectNode statuses = drill.putObject("refuse");
    refuse.forEach((region, value) -> statuses.put(region, Integer.parseInt(value)));
    drill.put("known", known);
    drill.put("acceptable", acceptable(result));
    return json;
  }

  private String text(FederatedStageResult result) {
    List<String> trouble = new ArrayList<>();
    down.forEach(region -> trouble.add(region + (known ? " down (known)" : " down")));
    slow.forEach((region, seconds) -> trouble.add("%s slow by %s s".formatted(region, seconds)));
    refuse.forEach((region, status) -> trouble.add("%s refusing %s".formatted(region, status)));
    return ResultText.of(result)
        + "drill: %s: %s after %d ms%n"
            .formatted(
                trouble.isEmpty() ? "every region up" : String.join(", ", trouble),
                acceptable(result) ? "acceptable" : "not acceptable",
                result.latencyMs());
  }
}
