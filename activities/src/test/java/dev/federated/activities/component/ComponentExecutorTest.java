package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.federated.model.FailureType;
import dev.federated.pipeline.ComponentRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ComponentExecutorTest {
  private static final String SECRET = "p\"ss w/rd-71";

  private final CountDownLatch running = new CountDownLatch(1);
  private final ComponentExecutor executor =
      ComponentExecutor.builder()
          .secrets(
              new ResolvedSecrets(
                  Map.of("key", new ResolvedSecrets.Secret(SECRET, Set.of("own", "failing")))))
          .components(
              List.of(
                  component("own", (config, inputs, context) -> config),
                  component(
                      "failing",
                      (config, inputs, context) -> {
                        throw new ComponentException(
                            "the key '%s' is wrong".formatted(config.path("k").asText()), true);
                      }),
                  component(
                      "broken",
                      (config, inputs, context) -> {
                        throw new IllegalStateException("boom");
                      }),
                  component(
                      "slow",
                      (config, inputs, context) -> {
                        running.countDown();
                        new CountDownLatch(1).await();
                        return inputs;
                      }),
                  component(
                      "paid",
                      (config, inputs, context) -> {
                        context.addTokens(5);
                        context.addTokens(2);
                        context.addCost(0.25);
                        return TextNode.valueOf(context.stageId() + " " + context.idempotencyKey());
                      })))
          .build();

  private interface Body {
    JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
        throws ComponentException, InterruptedException;
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
        return body.execute(config, inputs, context);
      }
    };
  }

  @AfterEach
  void close() {
    executor.close();
  }

  private ComponentException failure(ComponentRequest request) {
    return catchThrowableOfType(ComponentException.class, () -> executor.execute(request));
  }

  @Test
  void anUnknownTypeNamesTheNearestOnesAndIsFinal() {
    ComponentException e = failure(Json.request("json_transfrom", "{}", "1"));
    assertThat(e.retryable()).isFalse();
    assertThat(e.type()).isEqualTo(FailureType.COMPONENT_FAILED);
    assertThat(e)
        .hasMessageContaining("'json_transfrom'")
        .hasMessageContaining("did you mean json_transform");
  }

  @Test
  void anUnknownConfigKeyIsRefusedWithTheNearestOne() {
    ComponentException e =
        failure(Json.request("json_transform", "{'jmespath_expresion': '@'}", "1"));
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("did you mean jmespath_expression");
  }

  @Test
  void anOutputOverTheLimitIsResponseTooLarge() throws Exception {
    ComponentRequest request = Json.request("transformer", "{}", "'1234567890'");
    assertThat(executor.execute(request, new ComponentLimits(12, Duration.ofSeconds(9))).output())
        .isEqualTo(TextNode.valueOf("1234567890"));
    ComponentException e =
        catchThrowableOfType(
            ComponentException.class,
            () -> executor.execute(request, new ComponentLimits(11, Duration.ofSeconds(9))));
    assertThat(e.type()).isEqualTo(FailureType.RESPONSE_TOO_LARGE);
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("12 bytes").hasMessageContaining("11");
  }

  @Test
  void aSecretThatIsNotThereIsFinalAndNamed() {
    ComponentException e = failure(Json.request("own", "{'k': {'secret': 'other'}}", "1"));
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("'other'").hasMessageContaining("own");
  }

  @Test
  void aComponentTypeThatIsNotListedGetsNoSecret() {
    ComponentException e = failure(Json.request("paid", "{'k': {'secret': 'key'}}", "1"));
    assertThat(e).hasMessageContaining("'key'").hasMessageContaining("paid");
    assertThat(e.getMessage()).doesNotContain(SECRET);
  }

  @Test
  void aMessageNeverShowsASecretAndCarriesNoCause() {
    ComponentException e = failure(Json.request("failing", "{'k': {'secret': 'key'}}", "1"));
    assertThat(e).hasMessageContaining("the key '***' is wrong").hasNoCause();
    assertThat(e.retryable()).isTrue();
  }

  @Test
  void anOutputNeverShowsASecret() throws Exception {
    JsonNode output =
        executor.execute(Json.request("own", "{'a': [{'k': {'secret': 'key'}}]}", "1")).output();
    assertThat(output).isEqualTo(Json.of("{'a': [{'k': '***'}]}"));
  }

  @Test
  void dataThatLooksLikeASecretStaysData() throws Exception {
    JsonNode output =
        executor.execute(Json.request("transformer", "{'data': {'secret': 'key'}}", "1")).output();
    assertThat(output).isEqualTo(Json.of("{'secret': 'key'}"));
  }

  @Test
  void secretsShowNoValueAsText() {
    assertThat(
            new ResolvedSecrets(Map.of("key", new ResolvedSecrets.Secret(SECRET, Set.of("own")))))
        .asString()
        .contains("key", "own")
        .doesNotContain(SECRET);
  }

  @Test
  void anExceptionNobodyForesawIsRetryable() {
    ComponentException e = failure(Json.request("broken", "{}", "1"));
    assertThat(e).hasMessageContaining("IllegalStateException: boom");
    assertThat(e.retryable()).isTrue();
  }

  @Test
  void anExecutionThatTakesTooLongIsStoppedAndRetryable() {
    ComponentException e =
        catchThrowableOfType(
            ComponentException.class,
            () ->
                executor.execute(
                    Json.request("slow", "{}", "1"),
                    new ComponentLimits(100, Duration.ofMillis(30))));
    assertThat(e).hasMessageContaining("took longer than 30 ms");
    assertThat(e.retryable()).isTrue();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void aCancelledExecutionIsInterrupted() throws Exception {
    ComponentCancellation cancellation = new ComponentCancellation();
    Thread canceller =
        new Thread(
            () -> {
              try {
                running.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              cancellation.cancel();
            });
    canceller.start();
    assertThatThrownBy(
            () ->
                executor.execute(
                    Json.request("slow", "{}", "1"),
                    new ComponentLimits(100, Duration.ofMinutes(1)),
                    cancellation))
        .isInstanceOf(CancellationException.class);
    canceller.join();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void twoComponentsOfOneTypeAreRefused() {
    assertThatThrownBy(
            () ->
                ComponentExecutor.builder()
                    .components(List.of(component("filter", (config, inputs, context) -> inputs)))
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'filter'");
  }

  @Test
  void tokensAndCostAreReported() throws Exception {
    ComponentOutcome outcome = executor.execute(Json.request("paid", "{}", "1"));
    assertThat(outcome.tokensUsed()).isEqualTo(7);
    assertThat(outcome.cost()).isEqualTo(0.25);
    assertThat(outcome.output()).isEqualTo(TextNode.valueOf("stage-1 key-1"));
  }

  @Test
  void nestingWithoutEndIsFinal() {
    JsonNode deep = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < 100_000; i++) {
      deep = JsonNodeFactory.instance.arrayNode().add(deep);
    }
    ComponentException e =
        failure(new ComponentRequest("stage-1", "transformer", Json.of("{}"), deep, "key-1"));
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void aComponentOnTheClasspathIsFound() throws Exception {
    assertThat(executor.execute(Json.request("greeting", "{}", "'you'")).output())
        .isEqualTo(TextNode.valueOf("hello you"));
  }

  @Test
  void theBuiltInTypesAreThere() {
    assertThat(executor.types())
        .contains(
            "database_write",
            "filter",
            "http_request",
            "json_transform",
            "logger",
            "schema_validate",
            "transformer");
  }

  @Test
  void problemsOfAConfigAreFoundWithoutExecutingAndTemplatesPass() throws Exception {
    assertThat(
            executor.problems(
                "http_request",
                Json.of("{'url': '{{input.url}}', 'timeout_seconds': '{{input.t}}'}")))
        .isEmpty();
    assertThat(
            executor.problems(
                "http_request", Json.of("{'timeout_seconds': 'x', 'follow_redirect': true}")))
        .containsExactlyInAnyOrder(
            "timeout_seconds: has to be a number",
            "follow_redirect: unknown key, did you mean follow_redirects?; valid: url, method,"
                + " headers, body, timeout_seconds, expected_status, follow_redirects",
            "url: is required");
  }
}
