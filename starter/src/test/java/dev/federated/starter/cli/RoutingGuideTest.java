package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.activities.health.RegionView;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.ledger.LedgerCopy;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.RegionReport;
import dev.federated.model.CircuitState;
import dev.federated.model.FailureType;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionError;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageRequest;
import dev.federated.routing.RegionSelector;
import dev.federated.stage.ExecutionEnd;
import dev.federated.starter.DataRouter;
import dev.federated.worker.config.FederationConfigLoader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every table in docs/routing.md is what the code computes. Where they differ, what the code says
 * is in {@code target/routing-guide}.
 */
class RoutingGuideTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path COMPUTED = Path.of("target", "routing-guide");
  private static final Pattern YAML = Pattern.compile("```yaml\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern WORKED =
      Pattern.compile(
          "<!-- worked: ([a-z_ ]+) -->\\n(?:```json\\n(.*?)```\\n)?```text\\n(.*?)```",
          Pattern.DOTALL);

  @TempDir private static Path directory;
  private static String guide;
  private static FederationConfig federation;
  private static FederationConfig inPanic;

  /** One example of the guide: the stage that it explains, if any, and the table. */
  private record Worked(@Nullable String stage, String table) {}

  @BeforeAll
  static void read() throws IOException {
    guide = Files.readString(ROOT.resolve("docs/routing.md"), UTF_8);
    Matcher yaml = YAML.matcher(guide);
    assertThat(yaml.find()).isTrue();
    federation = load("federation.yaml", yaml.group(1));
    inPanic = load("panic.yaml", yaml.group(1) + "panic_mode: true\n");
  }

  private static FederationConfig load(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
    return new FederationConfigLoader(Map.of(), directory).load(file).config();
  }

  private static Map<String, Worked> worked() {
    Map<String, Worked> worked = new LinkedHashMap<>();
    Matcher example = WORKED.matcher(guide);
    while (example.find()) {
      Worked before = worked.put(example.group(1), new Worked(example.group(2), example.group(3)));
      assertThat(before).as(example.group(1)).isNull();
    }
    return worked;
  }

  @Test
  void everyTableIsWhatTheCodeComputes() throws IOException {
    Map<String, String> computed = new LinkedHashMap<>();
    Map<String, String> written = new LinkedHashMap<>();
    Map<String, String> views = views();
    for (Map.Entry<String, Worked> example : worked().entrySet()) {
      String name = example.getKey();
      String stage = example.getValue().stage();
      written.put(name, example.getValue().table());
      computed.put(name, stage == null ? String.valueOf(views.remove(name)) : explained(stage));
    }
    Files.createDirectories(COMPUTED);
    for (Map.Entry<String, String> table : computed.entrySet()) {
      Files.writeString(COMPUTED.resolve(table.getKey() + ".txt"), table.getValue());
    }
    assertThat(views).as("examples that the guide does not have").isEmpty();
    assertThat(computed).hasSizeGreaterThan(15);
    assertThat(written).containsExactlyEntriesOf(computed);
  }

  @Test
  void everyStrategyHasAnExample() {
    for (FederationStrategy strategy : FederationStrategy.values()) {
      assertThat(worked()).containsKey(strategy.wireName());
    }
  }

  /** A number in a sentence would be one that nothing checks. */
  @Test
  void sentencesHoldNoNumbers() {
    String sentences = guide.replaceAll("(?s)```.*?```", "");
    assertThat(sentences).doesNotContainPattern("[0-9]");
  }

  private static String explained(String stage) throws IOException {
    Files.writeString(directory.resolve("stage.json"), stage);
    CommandRun run = CommandRun.of(directory, Map.of(), "explain", "stage.json", "--offline");
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run.out();
  }

  private static Map<String, String> views() {
    Map<String, String> tables = new LinkedHashMap<>();
    roundRobin(tables);
    leastLoaded(tables);
    tables.put("partition", partition());
    tables.put("breaker", breaker());
    tables.put("slow start", slowStart());
    tables.put("stabilization", stabilization());
    tables.put("panic", panic());
    tables.put("ledger", ledger());
    return tables;
  }

  private static void roundRobin(Map<String, String> tables) {
    Simulated world = new Simulated(federation);
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("stage", "region", "us-east", "eu-west", "ap-south"));
    Map<String, Integer> counts = new LinkedHashMap<>();
    FederatedStageConfig stage = stage(FederationStrategy.ROUND_ROBIN);
    for (int i = 1; i <= 6; i++) {
      String region = world.pick(stage);
      counts.merge(region, 1, Integer::sum);
      rows.add(
          List.of(
              "" + i,
              region,
              "" + counts.getOrDefault("us-east", 0),
              "" + counts.getOrDefault("eu-west", 0),
              "" + counts.getOrDefault("ap-south", 0)));
    }
    tables.put("round_robin", table(rows));
    tables.put("round_robin explained", text(world.view.explain(stage)));
  }

  private static void leastLoaded(Map<String, String> tables) {
    Simulated world = new Simulated(federation);
    world.reports("us-east", 0.5);
    world.reports("eu-west", 0.2);
    world.reports("ap-south", 0.8);
    FederatedStageConfig stage = stage(FederationStrategy.LEAST_LOADED);
    tables.put("least_loaded", text(world.view.explain(stage)));
    Map<String, Integer> burst = new LinkedHashMap<>();
    for (int i = 0; i < 9; i++) {
      burst.merge(world.pick(stage), 1, Integer::sum);
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("region", "stages of the burst"));
    burst.forEach((region, stages) -> rows.add(List.of(region, "" + stages)));
    tables.put("least_loaded burst", table(rows) + text(world.view.explain(stage)));
  }

  private static String partition() {
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    for (int i = 1; i <= 10; i++) {
      items.add(i);
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("region", "items"));
    new DataRouter(federation)
        .partition(items)
        .forEach((region, part) -> rows.add(List.of(region, part.toString())));
    return table(rows);
  }

  private static String breaker() {
    Simulated world = new Simulated(federation);
    Timeline timeline = new Timeline(world, nearUsEast());
    timeline.note("all is well");
    for (int i = 1; i <= federation.circuitBreaker().threshold(); i++) {
      world.advance(1);
      world.fails("us-east");
      timeline.note(
          "us-east fails for the " + List.of("first", "second", "third").get(i - 1) + " time");
    }
    world.advance(59);
    timeline.note("still open");
    world.advance(2);
    timeline.note("half-open: the next stage tries");
    String trial = world.starts("us-east");
    timeline.note("its trial runs, others go elsewhere");
    world.ends(trial, "us-east", true);
    timeline.note("the trial succeeded");
    return timeline.toString();
  }

  private static String slowStart() {
    Simulated world = new Simulated(federation);
    Timeline timeline = new Timeline(world, nearUsEast());
    world.down("us-east");
    timeline.note("us-east does not answer");
    world.advance(10);
    world.up("us-east");
    timeline.note("it answers again, and may run one");
    String one = world.starts("us-east");
    timeline.note("one runs");
    world.ends(one, "us-east", true);
    timeline.note("it succeeded: two may run");
    String first = world.starts("us-east");
    timeline.note("one of two runs");
    String second = world.starts("us-east");
    timeline.note("two of two run");
    world.ends(first, "us-east", true);
    world.ends(second, "us-east", true);
    timeline.note("both succeeded: eight may run");
    world.ends(world.starts("us-east"), "us-east", true);
    for (int i = 0; i < 12; i++) {
      world.starts("us-east");
    }
    timeline.note("another one succeeded: no limit any more, twelve run");
    return timeline.toString();
  }

  private static String stabilization() {
    Simulated world = new Simulated(federation);
    Timeline timeline = new Timeline(world, nearUsEast());
    world.down("us-east");
    timeline.note("us-east does not answer");
    world.advance(10);
    world.up("us-east");
    timeline.note("it answers: the first return is believed");
    world.advance(10);
    world.down("us-east");
    timeline.note("it is away again");
    world.advance(10);
    world.up("us-east");
    timeline.note("it answers, and has to stay well");
    world.advance(29);
    timeline.note("not yet");
    world.advance(1);
    timeline.note("it was well for the whole window");
    return timeline.toString();
  }

  private static String panic() {
    FederatedStageConfig stage = nearUsEast();
    Simulated calm = new Simulated(federation);
    Simulated panics = new Simulated(inPanic);
    for (Simulated world : List.of(calm, panics)) {
      world.down("us-east");
      world.down("eu-west");
      world.down("ap-south");
    }
    return "panic_mode: false\n"
        + calm.view.explain(stage).reason()
        + "\n\npanic_mode: true\n"
        + text(panics.view.explain(stage));
  }

  private static String ledger() {
    Simulated one = new Simulated(federation);
    Simulated other = new Simulated(federation);
    for (int i = 0; i < federation.circuitBreaker().threshold(); i++) {
      one.fails("us-east");
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("when", "the worker that saw it", "the other worker"));
    rows.add(List.of("before it is told", one.next(nearUsEast()), other.next(nearUsEast())));
    RegionReport report = one.view.takeReport().get("us-east");
    CircuitState told = report == null ? null : report.circuit();
    assertThat(told).isEqualTo(CircuitState.OPEN);
    other.view.learn(
        new LedgerCopy.Known(
            Map.of(),
            Map.of(
                "us-east",
                new LedgerState.Circuit(
                    told, MovingClock.START.toEpochMilli(), "the worker that saw it")),
            Map.of(),
            Map.of(),
            2,
            Map.of(),
            Map.of()),
        "the other worker");
    rows.add(List.of("after", one.next(nearUsEast()), other.next(nearUsEast())));
    return table(rows);
  }

  private static FederatedStageConfig stage(FederationStrategy strategy) {
    return FederatedStageConfig.builder().strategy(strategy).build();
  }

  private static FederatedStageConfig nearUsEast() {
    return stage(FederationStrategy.NEAREST).toBuilder()
        .sourceLocation(new GeoPoint(40.7, -74.0))
        .build();
  }

  private static String text(RoutingDecision decision) {
    StringWriter out = new StringWriter();
    DecisionText.print(decision, new PrintWriter(out));
    return out.toString();
  }

  private static String table(List<List<String>> rows) {
    StringWriter out = new StringWriter();
    TextTable.print(new PrintWriter(out), rows, "");
    return out.toString();
  }

  /** What a control worker sees while a test plays the regions, in a time of the test's. */
  private static final class Simulated {
    private final MovingClock clock = new MovingClock();
    private final RegionView view;
    private int keys;

    Simulated(FederationConfig federation) {
      view = new RegionView(federation, clock, () -> false);
    }

    void advance(long seconds) {
      clock.advance(Duration.ofSeconds(seconds));
    }

    long seconds() {
      return Duration.between(MovingClock.START, clock.instant()).toSeconds();
    }

    void reports(String region, double load) {
      view.probed(new RegionProbe(region, true, RegionProbe.HEALTHY, 5L, load, null, null));
    }

    void up(String region) {
      view.probed(new RegionProbe(region, true, RegionProbe.HEALTHY, 5L, null, null, null));
    }

    void down(String region) {
      view.probed(new RegionProbe(region, false, RegionProbe.OFFLINE, null, null, null, "silent"));
    }

    String starts(String region) {
      String key = "run" + keys++ + "/" + region + "/1";
      view.started(key, region);
      return key;
    }

    void ends(String key, String region, boolean succeeded) {
      view.ended(
          key,
          region,
          succeeded
              ? ExecutionEnd.succeeded(100)
              : ExecutionEnd.failed(
                  RegionError.of(FailureType.REGION_UNAVAILABLE, "refused the connection"), 1));
    }

    void fails(String region) {
      ends(starts(region), region, false);
    }

    /** What a stage that begins now chooses; it counts. */
    String pick(FederatedStageConfig stage) {
      StageRequest request =
          new StageRequest("s", "transformer", NullNode.instance, NullNode.instance, stage);
      return RegionSelector.decide(stage, view.snapshot(request, "pick" + keys++)).chosen().get(0);
    }

    /** What a stage would choose. */
    String next(FederatedStageConfig stage) {
      return view.explain(stage).chosen().get(0);
    }
  }

  /** What the next stage would choose, at moments of a story. */
  private static final class Timeline {
    private final Simulated world;
    private final FederatedStageConfig stage;
    private final List<List<String>> rows = new ArrayList<>();

    Timeline(Simulated world, FederatedStageConfig stage) {
      this.world = world;
      this.stage = stage;
      rows.add(List.of("second", "what happened", "next stage"));
    }

    void note(String event) {
      rows.add(List.of("" + world.seconds(), event, world.next(stage)));
    }

    @Override
    public String toString() {
      return table(rows);
    }
  }

  /** A clock that stands still until it is moved. */
  private static final class MovingClock extends Clock {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private Instant now = START;

    void advance(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
