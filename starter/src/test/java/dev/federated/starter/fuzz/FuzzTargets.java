package dev.federated.starter.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.federated.activities.component.ComponentException;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.ComponentLimits;
import dev.federated.activities.health.RegionView;
import dev.federated.activities.remote.Redaction;
import dev.federated.activities.remote.RegionCallException;
import dev.federated.activities.remote.RegionProbe;
import dev.federated.activities.remote.RegionProtocolClient;
import dev.federated.aggregation.AggregationException;
import dev.federated.aggregation.Aggregator;
import dev.federated.aggregation.RegionOutput;
import dev.federated.encryption.EncryptingCodec;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.RegionReport;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.MergeConflict;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.parsing.FederationConfigParser;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problems;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineRedrive;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.StageDefinition;
import dev.federated.pipeline.Template;
import dev.federated.pipeline.TemplateException;
import dev.federated.pipeline.TemplateScope;
import dev.federated.routing.Partition;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.stage.StageDecision;
import dev.federated.worker.document.DocumentReader;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import io.temporal.api.common.v1.Payload;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DataConverterException;
import io.temporal.common.converter.DefaultDataConverter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** All parsers of outside input, and what they may refuse it by. */
final class FuzzTargets implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final double OVER_HTTP = 0.1;
  private static final String DIGEST = "digest";
  private static final EncryptionKeys KEYS = EncryptionKeys.parse(key("a", 7));
  private static final String PLANTED_KEY = "a=" + FuzzRun.PLANTED;

  private static final byte[] FEDERATION =
      """
      {
        "regions": [
          {"name": "a", "endpoint": "https://a.example.com:8443/x", "api_key": "%1$s",
           "latitude": 1.5, "longitude": -3, "cost_per_execution": 0.1, "cost_per_token": 0.2,
           "priority": 3, "weight": 2, "max_concurrent": 9, "tags": ["gpu"]},
          {"name": "b", "egress_cost_per_gb": 0.5, "egress_cost_per_gb_to": {"a": 0.01}}
        ],
        "default_strategy": "parallel",
        "circuit_breaker": {"threshold": 3, "timeout_seconds": 60},
        "secrets": {"token": {"value": "%1$s", "components": ["http_request"]}},
        "outbound": {"allow": ["10.0.0.0/8"]}
      }
      """
          .formatted(FuzzRun.PLANTED)
          .getBytes(UTF_8);

  /** What an operator, a starter or another worker sends, and what a redrive reads. */
  private static final List<Class<?>> RECORDS =
      List.of(
          StageRequest.class,
          PipelineRequest.class,
          FederatedStageResult.class,
          StageDecision.class,
          PipelineRedrive.class,
          RemoteRequest.class,
          RemoteResponse.class,
          LedgerState.class,
          RegionReport.class,
          WorldSnapshot.class);

  private final ComponentExecutor components = ComponentExecutor.builder().build();
  private final AnsweringServer answers = new AnsweringServer();
  private final OkHttpClient http = new OkHttpClient();
  private final RegionProtocolClient client =
      new RegionProtocolClient(
          http,
          RegionConfig.builder("fuzzed").endpoint(answers.endpoint()).build(),
          () -> FuzzRun.PLANTED,
          Redaction.of(List.of("another-" + FuzzRun.PLANTED)),
          Clock.systemUTC());
  private final RegionNode node;
  private final DataConverter converter = DefaultDataConverter.newDefaultInstance();

  FuzzTargets() throws IOException {
    node = RegionNode.start(RegionNodeOptions.builder("fuzzed").executor(components).build());
  }

  List<FuzzTarget> all() {
    List<FuzzTarget> all = new ArrayList<>();
    all.addAll(documents());
    all.addAll(values());
    all.addAll(overHttp());
    return all;
  }

  private List<FuzzTarget> documents() {
    List<byte[]> federations = Corpus.documents(text -> text.contains("regions:"));
    List<byte[]> pipelines = Corpus.documents(text -> text.contains("\"stages\""));
    List<byte[]> stages = Corpus.documents(text -> text.contains("\"federation\""));
    List<Class<? extends Throwable>> invalid = List.of(InvalidDocumentException.class);
    return List.of(
        new FuzzTarget(
            "federation file, YAML", federations, 0.3, invalid, FuzzTargets::federationYaml),
        new FuzzTarget(
            "federation file, JSON",
            with(federations, FEDERATION),
            1,
            invalid,
            FuzzTargets::federation),
        new FuzzTarget(
            "snapshot of a federation", List.of(FEDERATION), 1, invalid, FuzzTargets::snapshot),
        new FuzzTarget("pipeline file", pipelines, 1, invalid, FuzzTargets::pipeline),
        new FuzzTarget("stage file, and its partition", stages, 1, invalid, FuzzTargets::stage),
        new FuzzTarget(
            "keys of encryption",
            bytes(key("a", 7) + "," + key("b", 8), key("2026-11", 9), PLANTED_KEY),
            1.5,
            invalid,
            input -> EncryptionKeys.parse(new String(input, UTF_8))));
  }

  private List<FuzzTarget> values() {
    return List.of(
        new FuzzTarget(
            "templates",
            bytes(
                "{\"a\": \"{{input.a.b[0]}}\", \"b\": [\"x {{stages.s.a}} y\"]}",
                "\"{{upstream[\\\"s\\\"].x ?? [1, {\\\"b\\\": null}]}}\"",
                "{\"c\": \"{{stages.s.result.a}} and {{input}}, \\\\{{ no\"}"),
            1.5,
            List.of(TemplateException.class, InvalidDocumentException.class),
            FuzzTargets::template),
        new FuzzTarget(
            "expressions",
            bytes(
                "{\"jmespath_expression\": \"a[?b > `1`].{c: c, d: join(',', d)}\", \"data\":"
                    + " {\"a\": [{\"b\": 2, \"c\": 1, \"d\": [\"x\"]}]}}",
                "{\"jmespath_expression\": \"sort_by(items, &price)[-1:].name | [0]\", \"data\":"
                    + " {\"items\": [{\"price\": 1.5, \"name\": \"n\"}]}}",
                "{\"jmespath_expression\": \"sum(values(@))\", \"data\": {\"a\": 1e3}}"),
            0.5,
            List.of(ComponentException.class, InvalidDocumentException.class),
            input -> component("json_transform", input)),
        new FuzzTarget(
            "schemas",
            bytes(
                "{\"schema\": {\"type\": \"object\", \"required\": [\"a\"], \"properties\": {\"a\":"
                    + " {\"type\": \"integer\", \"minimum\": 3}}}, \"data\": {\"a\": 5}}",
                "{\"schema\": {\"$defs\": {\"n\": {\"anyOf\": [{\"type\": \"null\"}, {\"items\":"
                    + " {\"$ref\": \"#/$defs/n\"}}]}}, \"$ref\": \"#/$defs/n\"}, \"data\": [[],"
                    + " [null]]}",
                "{\"schema\": {\"pattern\": \"^[a-z]+$\", \"maxLength\": 9, \"enum\": [\"a\", 1]},"
                    + " \"data\": \"a\"}"),
            0.5,
            List.of(ComponentException.class, InvalidDocumentException.class),
            input -> component("schema_validate", input)),
        new FuzzTarget(
            "outputs to aggregate",
            bytes(
                "[{\"n\": 1, \"score\": 0.2, \"l\": [1]}, {\"n\": 2, \"score\": 0.9, \"m\":"
                    + " {\"x\": 1}}, {\"n\": 4, \"score\": \"7\"}]",
                "[1, 2.5, 1e3]",
                "[[1, 2], [3], 4]",
                "[\"a\", \"b\", \"a\"]"),
            1,
            List.of(AggregationException.class, InvalidDocumentException.class),
            FuzzTargets::aggregate),
        new FuzzTarget(
            "records of stages, decisions and redrives",
            Corpus.payloads(text -> text.startsWith("{")),
            0.3,
            List.of(DataConverterException.class),
            this::record),
        new FuzzTarget(
            "encrypted payloads",
            encrypted(),
            1.5,
            List.of(DataConverterException.class),
            FuzzTargets::decrypt));
  }

  private List<FuzzTarget> overHttp() {
    return List.of(
        new FuzzTarget(
            "answers of a region to execute",
            answers(
                "200 OK", "{\"output\": {\"a\": 1}, \"tokens_used\": 5, \"cost\": 0.5}",
                "200 OK", "{\"output\": null, \"latency_ms\": 12}",
                "422 Unprocessable", "{\"error\": {\"type\": \"X\", \"message\": \"no\"}}",
                "503 Busy", "{\"error\": \"" + FuzzRun.PLANTED + "\"}",
                "429 Slow down", "{}",
                "302 Found", ""),
            OVER_HTTP,
            List.of(RegionCallException.class),
            this::execute),
        new FuzzTarget(
            "answers of a region about its health",
            answers(
                "200 OK",
                "{\"status\": \"healthy\", \"load\": 0.5, \"capacity\": 10}",
                "200 OK",
                "{\"status\": \"draining " + FuzzRun.PLANTED + "\"}",
                "401 Unauthorized",
                "{\"error\": \"" + FuzzRun.PLANTED + "\"}",
                "503 Busy",
                "nothing"),
            OVER_HTTP,
            List.of(),
            this::probe),
        new FuzzTarget(
            "requests to a region node",
            bytes(
                "{\"stage\": {\"id\": \"s\", \"type\": \"transformer\", \"config\": {\"output\":"
                    + " {\"a\": 1}}}, \"inputs\": {\"a\": [1, \"x\"]}}",
                "{\"stage\": {\"id\": \"s\", \"type\": \"filter\", \"config\": {\"expression\":"
                    + " \"a > `1`\"}}, \"inputs\": {\"a\": 2}}",
                "{\"stage\": {\"id\": \"s\", \"type\": \"logger\", \"config\": {\"message\":"
                    + " \"m\"}}, \"inputs\": null}"),
            OVER_HTTP,
            List.of(),
            this::askNode));
  }

  private static void federationYaml(byte[] input) {
    var unused =
        FederationConfigParser.parse(
            DocumentReader.yaml(input, "federation.yaml"), "federation.yaml", DIGEST);
  }

  /** Whether a change has put the secret where none is expected, and may be shown. */
  private static boolean moved(byte[] input) {
    return new String(input, UTF_8)
        .replace("\"api_key\": \"" + FuzzRun.PLANTED + "\"", "")
        .replace("\"value\": \"" + FuzzRun.PLANTED + "\"", "")
        .contains(FuzzRun.PLANTED);
  }

  /** The federation, unless a change has put the secret where a message may show it. */
  private static Optional<FederationConfig> federation(byte[] input) {
    return moved(input)
        ? Optional.empty()
        : Optional.of(
            FederationConfigParser.parse(
                DocumentReader.read(input, "federation"), "federation", DIGEST));
  }

  /** What a stage records of a federation holds none of its secrets. */
  private static void snapshot(byte[] input) throws IOException {
    FederationConfig federation = federation(input).orElse(null);
    if (federation == null) {
      return;
    }
    StageRequest request =
        new StageRequest(
            "s",
            "transformer",
            JSON.objectNode(),
            JSON.objectNode(),
            FederatedStageConfig.builder().build());
    WorldSnapshot snapshot =
        new RegionView(federation, Clock.systemUTC(), () -> false).snapshot(request, "run");
    if (MAPPER.writeValueAsString(snapshot).contains(FuzzRun.PLANTED)
        || federation.toString().contains(FuzzRun.PLANTED)) {
      throw new AssertionError("the snapshot holds a secret");
    }
  }

  private static void pipeline(byte[] input) {
    var unused =
        PipelineParser.parse(DocumentReader.read(input, "pipeline.json"), "pipeline.json", null);
  }

  private static void stage(byte[] input) {
    JsonNode document = DocumentReader.read(input, "stage");
    JsonNode first = document.path("stages").path(0);
    StageDefinition stage =
        PipelineParser.parseStage(first.isObject() ? first : document, "stage", null).stage();
    if (stage.federation() != null) {
      JsonNode items = MAPPER.valueToTree(List.of(1, "x", List.of(), Map.of()));
      var unused = partition(new StageRequest("s", "t", document, items, stage.federation()));
    }
  }

  private static @Nullable Partition partition(StageRequest request) {
    JsonNode items = Partition.items(request);
    return items.isArray()
        ? Partition.ofStage(
            request,
            new RegionView(
                    FederationConfig.builder()
                        .regions(List.of(RegionConfig.builder("us").build()))
                        .build(),
                    Clock.systemUTC(),
                    () -> false)
                .snapshot(request, "run"))
        : null;
  }

  private static JsonNode json(byte[] input) {
    return DocumentReader.json(input, "input");
  }

  private static void template(byte[] input) throws TemplateException {
    JsonNode template = json(input);
    var unused = Template.references(template, "config", new Problems("pipeline.json"));
    JsonNode data =
        JSON.objectNode()
            .put("key", FuzzRun.PLANTED)
            .set("a", JSON.objectNode().set("b", JSON.arrayNode().add(1).add(FuzzRun.PLANTED)));
    TemplateScope scope =
        new TemplateScope() {
          @Override
          public JsonNode input() {
            return data;
          }

          @Override
          public JsonNode output(String stageId) {
            return data;
          }

          @Override
          public JsonNode result(String stageId) {
            return data;
          }
        };
    var unusedValue = Template.resolve(template, scope);
    var unusedConfig = Template.resolveConfig("http_request", template, scope);
  }

  private void component(String type, byte[] input) throws ComponentException {
    JsonNode config = json(input);
    var unused =
        components.execute(
            new ComponentRequest("s", type, config, config, "key"),
            new ComponentLimits(1_048_576, PATIENCE));
  }

  private static void aggregate(byte[] input) throws AggregationException {
    List<RegionOutput> outputs = new ArrayList<>();
    for (JsonNode output : json(input)) {
      outputs.add(new RegionOutput("r" + outputs.size(), output));
    }
    AggregationException refused = null;
    for (AggregationStrategy strategy : AggregationStrategy.values()) {
      for (String reduce : List.of("sum", "avg", "min", "max", "count")) {
        try {
          var unused =
              Aggregator.BUILT_IN.aggregate(
                  new AggregationOptions(
                      strategy, MergeConflict.LAST, reduce, "score", null, false),
                  outputs,
                  null);
        } catch (AggregationException e) {
          refused = e;
        }
      }
    }
    if (refused != null) {
      throw refused;
    }
  }

  private void record(byte[] input) {
    Payload payload =
        Payload.newBuilder()
            .putMetadata("encoding", ByteString.copyFromUtf8("json/plain"))
            .setData(ByteString.copyFrom(input))
            .build();
    DataConverterException refused = null;
    boolean accepted = false;
    for (Class<?> type : RECORDS) {
      try {
        var unused = converter.fromPayload(payload, type, type);
        accepted = true;
      } catch (DataConverterException e) {
        refused = e;
      }
    }
    if (!accepted && refused != null) {
      throw refused;
    }
  }

  private static String key(String id, int fill) {
    byte[] key = new byte[EncryptionKeys.KEY_BYTES];
    Arrays.fill(key, (byte) fill);
    return id + "=" + Base64.getEncoder().encodeToString(key);
  }

  private static List<byte[]> encrypted() {
    return new EncryptingCodec(KEYS)
            .encode(
                List.of(
                    Payload.newBuilder().setData(ByteString.copyFromUtf8("{\"a\": 1}")).build(),
                    Payload.getDefaultInstance()))
            .stream()
            .map(Payload::toByteArray)
            .toList();
  }

  private static void decrypt(byte[] input) {
    Payload payload;
    try {
      payload = Payload.parseFrom(input);
    } catch (InvalidProtocolBufferException e) {
      // What is no payload at all, the SDK refuses.
      return;
    }
    var unused = new EncryptingCodec(KEYS).decode(List.of(payload));
  }

  private static List<byte[]> answers(String... statusesAndBodies) {
    List<byte[]> answers = new ArrayList<>();
    for (int i = 0; i < statusesAndBodies.length; i += 2) {
      String body = statusesAndBodies[i + 1];
      answers.add(
          """
          HTTP/1.1 %s\r
          Content-Type: application/json\r
          Content-Length: %d\r
          Retry-After: 2\r
          Date: Thu, 26 Nov 2026 12:00:00 GMT\r
          Connection: close\r
          \r
          %s\
          """
              .formatted(statusesAndBodies[i], body.length(), body)
              .getBytes(ISO_8859_1));
    }
    answers.add(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"out\r\n9\r\nput\": {}}\r\n0\r\n\r\n"
            .getBytes(ISO_8859_1));
    return answers;
  }

  private void execute(byte[] input) throws RegionCallException {
    answers.answer(input);
    RemoteResponse response =
        client.execute(
            new RemoteRequest(
                "fuzzed",
                "s",
                "transformer",
                JSON.objectNode(),
                JSON.objectNode(),
                "key",
                1_048_576,
                CircuitBreakerConfig.DEFAULT,
                null),
            1,
            PATIENCE);
    // It travels to the workflow.
    Payload payload = converter.toPayload(response).orElseThrow();
    var unused = converter.fromPayload(payload, RemoteResponse.class, RemoteResponse.class);
  }

  private void probe(byte[] input) {
    answers.answer(input);
    RegionProbe probe = client.probe(PATIENCE);
    String shown = probe.toString();
    if (shown.contains(FuzzRun.PLANTED) || shown.length() > 1_000) {
      throw new AssertionError("shows a secret or too much: " + shown);
    }
  }

  private void askNode(byte[] body) throws IOException {
    String head =
        "POST %s HTTP/1.1\r\nHost: fuzz\r\nContent-Type: application/json\r\nIdempotency-Key: %d\r\n"
                .formatted(RegionNode.EXECUTE_PATH, Arrays.hashCode(body))
            + "Content-Length: %d\r\nConnection: close\r\n\r\n".formatted(body.length);
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port())) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      ByteArrayOutputStream request = new ByteArrayOutputStream();
      request.writeBytes(head.getBytes(ISO_8859_1));
      request.writeBytes(body);
      socket.getOutputStream().write(request.toByteArray());
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      if (!answer.matches("(?s)HTTP/1\\.1 (200|400|404|413|422|429) .*")) {
        throw new AssertionError("answers " + answer.substring(0, Math.min(200, answer.length())));
      }
    }
  }

  private static List<byte[]> bytes(String... texts) {
    return Stream.of(texts).map(text -> text.getBytes(UTF_8)).toList();
  }

  private static List<byte[]> with(List<byte[]> some, byte[] more) {
    List<byte[]> all = new ArrayList<>(some);
    all.add(more);
    return all;
  }

  @Override
  public void close() {
    node.close();
    components.close();
    answers.close();
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }
}
