package dev.federated.worker.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.federated.activities.component.ComponentContext;
import dev.federated.activities.component.ComponentException;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.ResolvedSecrets;
import dev.federated.activities.component.StageComponent;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RegionNodeTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String SECRET = "db-password-55";

  private final OkHttpClient client =
      new OkHttpClient.Builder().retryOnConnectionFailure(false).build();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch gate = new CountDownLatch(1);
  private final AtomicInteger calls = new AtomicInteger();
  private final TestClock clock = new TestClock();
  private final ComponentExecutor executor =
      ComponentExecutor.builder()
          .secrets(
              new ResolvedSecrets(
                  Map.of("dsn", new ResolvedSecrets.Secret(SECRET, Set.of("failing")))))
          .components(
              List.of(
                  component(
                      "gated",
                      (config, context) -> {
                        gate.await();
                        return IntNode.valueOf(calls.incrementAndGet());
                      }),
                  component(
                      "counting", (config, context) -> IntNode.valueOf(calls.incrementAndGet())),
                  component(
                      "failing",
                      (config, context) -> {
                        calls.incrementAndGet();
                        throw new ComponentException(
                            "cannot use " + config.path("dsn").asText(),
                            config.path("retryable").asBoolean());
                      }),
                  component(
                      "paid",
                      (config, context) -> {
                        context.addTokens(12);
                        context.addCost(0.5);
                        return TextNode.valueOf(context.idempotencyKey());
                      })))
          .build();
  private final List<RegionNode> nodes = new ArrayList<>();

  private static final class TestClock extends Clock {
    private Instant now = Instant.EPOCH;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  private interface Body {
    JsonNode execute(JsonNode config, ComponentContext context)
        throws ComponentException, InterruptedException;
  }

  private record Answer(int status, JsonNode body, @Nullable String retryAfter) {
    String errorType() {
      return body.path("error").path("type").asText();
    }
  }

  private static StageComponent component(String type, Body body) {
    return new StageComponent() {
      @Override
      public String type() {
        return type;
      }

      @Override
      public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
          throws ComponentException, InterruptedException {
        return body.execute(config, context);
      }
    };
  }

  @AfterEach
  void close() {
    gate.countDown();
    nodes.forEach(RegionNode::close);
    executor.close();
    threads.shutdownNow();
  }

  private RegionNodeOptions.Builder options() {
    return RegionNodeOptions.builder("us-east-1").executor(executor).clock(clock);
  }

  private RegionNode start(RegionNodeOptions.Builder options) throws IOException {
    RegionNode node = RegionNode.start(options.build());
    nodes.add(node);
    return node;
  }

  private Answer send(Request request) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      return new Answer(
          response.code(),
          MAPPER.readTree(response.body().bytes()),
          response.header("Retry-After"));
    }
  }

  private static Request.Builder request(RegionNode node, String path) {
    return new Request.Builder().url(node.endpoint() + path);
  }

  private Answer execute(RegionNode node, @Nullable String key, String body) throws IOException {
    Request.Builder request =
        request(node, RegionNode.EXECUTE_PATH)
            .post(RequestBody.create(body.replace('\'', '"').getBytes(UTF_8)));
    if (key != null) {
      request.header("Idempotency-Key", key);
    }
    return send(request.build());
  }

  private static String stage(String type, String config, String inputs) {
    return "{'stage': {'id': 's', 'type': '%s', 'config': %s}, 'inputs': %s}"
        .formatted(type, config, inputs);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::"})
  void aNodeThatIsNotOnLoopbackDoesNotStartWithoutAKey(String host) {
    assertThatThrownBy(() -> start(options().host(host)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(host)
        .hasMessageContaining("key");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Bearer wrong", "Bearer", "right", "bearer right"})
  void aRequestWithoutTheKeyIs401(String authorization) throws Exception {
    RegionNode node = start(options().key("right"));
    Request.Builder execute = request(node, RegionNode.EXECUTE_PATH);
    if (!authorization.isEmpty()) {
      execute.header("Authorization", authorization);
    }
    Answer answer = send(execute.build());
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.errorType()).isEqualTo("Unauthorized");
    assertThat(answer.body().toString()).doesNotContain("right");
  }

  @Test
  void healthIsToldWithoutTheKey() throws Exception {
    RegionNode node = start(options().key("right"));
    assertThat(send(request(node, RegionNode.HEALTH_PATH).build()).status()).isEqualTo(200);
  }

  @Test
  void theOptionsShowNoKey() {
    assertThat(options().key("right").build().toString()).doesNotContain("right");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{} {}",
        "[]",
        "{'stage': 1}",
        "{'stage': {'type': 'transformer'}}",
        "{'stage': {'id': 's', 'type': 7}}",
        "{'stage': {'id': 's', 'config': []}}"
      })
  void aBodyThatIsNotTheProtocolIs400(String body) throws Exception {
    Answer answer = execute(start(options()), "k", body);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.errorType()).isEqualTo("BadRequest");
  }

  @Test
  void aNumberOfMoreThanAThousandDigitsIs400() throws Exception {
    Answer answer = execute(start(options()), "k", "{'inputs': " + "9".repeat(1_200) + "}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.errorType()).isEqualTo("BadRequest");
  }

  @Test
  void aBodyOverTheLimitIs413() throws Exception {
    Answer answer =
        execute(start(options()), "k", "'" + "x".repeat(RegionNode.MAX_BODY_BYTES) + "'");
    assertThat(answer.status()).isEqualTo(413);
  }

  @Test
  void anUnknownPathIs404() throws Exception {
    assertThat(send(request(start(options()), "/api/v1/other").build()).status()).isEqualTo(404);
  }

  @Test
  void theWrongMethodIs405() throws Exception {
    RegionNode node = start(options());
    assertThat(send(request(node, RegionNode.EXECUTE_PATH).build()).status()).isEqualTo(405);
    assertThat(send(request(node, RegionNode.HEALTH_PATH).delete().build()).status())
        .isEqualTo(405);
  }

  @Test
  void anExecutionThatItsCallerCancelsStopsAndLeavesNoRecord() throws Exception {
    RegionNode node = start(options());
    String body = stage("gated", "{}", "1");
    Future<Answer> cancelled = threads.submit(() -> execute(node, "k", body));
    Future<Answer> other = threads.submit(() -> execute(node, "other", body));
    await().until(() -> node.running() == 2);

    Answer told =
        send(
            request(node, RegionNode.EXECUTE_PATH).delete().header("Idempotency-Key", "k").build());

    assertThat(told.status()).isEqualTo(200);
    assertThat(told.body().path("cancelled").asBoolean()).isTrue();
    assertThat(cancelled.get().errorType()).isEqualTo("Cancelled");
    assertThat(node.running()).isEqualTo(1);
    gate.countDown();
    assertThat(other.get().status()).isEqualTo(200);
    assertThat(execute(node, "k", body).status()).isEqualTo(200);
    assertThat(node.executions("k")).isEqualTo(2);
  }

  @Test
  void aCancellationOfWhatDoesNotRunChangesNothing() throws Exception {
    RegionNode node = start(options());
    Request.Builder delete = request(node, RegionNode.EXECUTE_PATH).delete();

    assertThat(send(delete.build()).status()).isEqualTo(400);
    Answer told = send(delete.header("Idempotency-Key", "unknown").build());

    assertThat(told.status()).isEqualTo(200);
    assertThat(told.body().path("cancelled").asBoolean()).isFalse();
  }

  @Test
  void aDefinitiveFailureIs422AndIsAnsweredFromTheRecord() throws Exception {
    RegionNode node = start(options());
    String body = stage("failing", "{'dsn': {'secret': 'dsn'}, 'retryable': false}", "1");
    Answer first = execute(node, "k", body);
    assertThat(first.status()).isEqualTo(422);
    assertThat(first.errorType()).isEqualTo("ComponentFailed");
    assertThat(first.body().toString()).contains("***").doesNotContain(SECRET);
    assertThat(execute(node, "k", body)).isEqualTo(first);
    assertThat(node.executions("k")).isEqualTo(1);
  }

  @Test
  void aRetryableFailureIs503AndIsExecutedAgain() throws Exception {
    RegionNode node = start(options());
    String body = stage("failing", "{'retryable': true}", "1");
    assertThat(execute(node, "k", body).status()).isEqualTo(503);
    assertThat(execute(node, "k", body).status()).isEqualTo(503);
    assertThat(node.executions("k")).isEqualTo(2);
  }

  @Test
  void anUnknownTypeIs422() throws Exception {
    Answer answer = execute(start(options()), "k", stage("transfomer", "{}", "1"));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.body().toString()).contains("did you mean transformer");
  }

  @Test
  void theSameKeyWithAnotherBodyIs422AndExecutesNothing() throws Exception {
    RegionNode node = start(options());
    execute(node, "k", stage("counting", "{}", "1"));
    Answer answer = execute(node, "k", stage("counting", "{}", "2"));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.errorType()).isEqualTo("IdempotencyKeyReused");
    assertThat(calls).hasValue(1);
  }

  @Test
  void aRepeatIsAnsweredFromTheRecordWhateverTheOrderOfItsKeys() throws Exception {
    RegionNode node = start(options());
    Answer first = execute(node, "k", stage("counting", "{}", "{'a': 1, 'b': 2}"));
    Answer second = execute(node, "k", stage("counting", "{}", "{'b': 2, 'a': 1}"));
    assertThat(second).isEqualTo(first);
    assertThat(node.executions()).containsExactly(Map.entry("k", 1));
  }

  @Test
  void anAnswerIsForgottenAfterItsTime() throws Exception {
    RegionNode node = start(options());
    execute(node, "k", stage("counting", "{}", "1"));
    clock.now = clock.now.plus(Duration.ofHours(24));
    execute(node, "k", stage("counting", "{}", "1"));
    assertThat(node.executions("k")).isEqualTo(2);
  }

  @Test
  void theLongestUnusedAnswerIsForgottenFirst() throws Exception {
    RegionNode node = start(options().maxRecordedAnswers(2));
    for (String key : List.of("a", "b", "a", "c", "a", "b")) {
      execute(node, key, stage("counting", "{}", "1"));
    }
    assertThat(node.executions())
        .containsOnly(Map.entry("a", 1), Map.entry("b", 2), Map.entry("c", 1));
  }

  @Test
  void recordedAnswersAreBoundedByBytes() throws Exception {
    RegionNode node = start(options().maxRecordedBytes(300));
    String inputs = "'" + "x".repeat(200) + "'";
    execute(node, "a", stage("transformer", "{}", inputs));
    execute(node, "b", stage("transformer", "{}", inputs));
    execute(node, "a", stage("transformer", "{}", inputs));
    assertThat(node.executions("a")).isEqualTo(2);
  }

  @Test
  void concurrentDuplicatesWaitForTheFirst() throws Exception {
    RegionNode node = start(options().capacity(1));
    List<Future<Answer>> answers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      answers.add(threads.submit(() -> execute(node, "k", stage("gated", "{}", "1"))));
    }
    await().until(() -> node.requests() == 8);
    gate.countDown();
    for (Future<Answer> answer : answers) {
      assertThat(answer.get().status()).isEqualTo(200);
      assertThat(answer.get().body().path("output").asInt()).isEqualTo(1);
    }
    assertThat(node.executions("k")).isEqualTo(1);
  }

  @Test
  void beyondItsCapacityItAnswers429AndRecordsNothing() throws Exception {
    RegionNode node = start(options().capacity(2));
    Future<Answer> a = threads.submit(() -> execute(node, "a", stage("gated", "{}", "1")));
    Future<Answer> b = threads.submit(() -> execute(node, "b", stage("gated", "{}", "1")));
    await().until(() -> node.running() == 2);
    Answer refused = execute(node, "c", stage("counting", "{}", "1"));
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.retryAfter()).isEqualTo("1");
    assertThat(send(request(node, RegionNode.HEALTH_PATH).build()).body())
        .isEqualTo(
            MAPPER.readTree(
                "{\"node_id\":\"us-east-1\",\"load\":1.0,\"capacity\":2,\"status\":\"healthy\"}"));
    gate.countDown();
    assertThat(a.get().status()).isEqualTo(200);
    assertThat(b.get().status()).isEqualTo(200);
    assertThat(execute(node, "c", stage("counting", "{}", "1")).status()).isEqualTo(200);
    assertThat(node.highestConcurrency()).isEqualTo(2);
    assertThat(node.executions("c")).isEqualTo(1);
  }

  @Test
  void aFilterMayFailARequestOrLoseItsAnswer() throws Exception {
    AtomicInteger number = new AtomicInteger();
    RegionNode node =
        start(
            options()
                .filter(
                    (request, next) ->
                        switch (number.incrementAndGet()) {
                          case 1 -> NodeAnswer.error(500, "Boom", "as told");
                          case 2 -> {
                            next.handle(request);
                            throw new IOException("the answer is lost");
                          }
                          default -> next.handle(request);
                        }));
    String body = stage("counting", "{}", "1");
    assertThat(execute(node, "k", body).status()).isEqualTo(500);
    assertThatThrownBy(() -> execute(node, "k", body)).isInstanceOf(IOException.class);
    assertThat(execute(node, "k", body).body().path("output").asInt()).isEqualTo(1);
    assertThat(node.executions("k")).isEqualTo(1);
  }

  @Test
  void closingStopsRunningExecutionsAtOnce() throws Exception {
    RegionNode node = start(options());
    CompletableFuture<Boolean> failed =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                execute(node, "k", stage("gated", "{}", "1"));
                return false;
              } catch (IOException e) {
                return true;
              }
            },
            threads);
    await().until(() -> node.running() == 1);
    node.close();
    assertThat(failed.get()).isTrue();
    await().until(() -> node.running() == 0);
  }

  @Test
  void theAnswerHasOutputTokensAndCost() throws Exception {
    Answer answer = execute(start(options()), "k-7", stage("paid", "{}", "1"));
    assertThat(answer.body())
        .isEqualTo(MAPPER.readTree("{\"output\":\"k-7\",\"tokens_used\":12,\"cost\":0.5}"));
  }

  @Test
  void aStageWithoutTypeConfigAndInputsGivesNull() throws Exception {
    Answer answer = execute(start(options()), null, "{'stage': {'id': 's'}}");
    assertThat(answer.body()).isEqualTo(MAPPER.readTree("{\"output\":null}"));
  }

  @Test
  void theRightKeyIsLetIn() throws Exception {
    RegionNode node = start(options().key("right"));
    assertThat(
            send(request(node, RegionNode.HEALTH_PATH)
                    .header("Authorization", "Bearer right")
                    .build())
                .status())
        .isEqualTo(200);
  }
}
