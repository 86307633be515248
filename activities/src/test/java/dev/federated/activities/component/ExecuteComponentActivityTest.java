package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.pipeline.ComponentResponse;
import dev.federated.pipeline.ExecuteComponentActivity;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.ActivityCanceledException;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.testing.TestActivityEnvironment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ExecuteComponentActivityTest {
  private final TestActivityEnvironment environment = TestActivityEnvironment.newInstance();
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private final ComponentExecutor executor =
      ComponentExecutor.builder().components(List.of(new Endless())).build();
  private final ExecuteComponentActivityImpl activity =
      new ExecuteComponentActivityImpl(executor, 50);

  /** Blocks until it is interrupted. */
  private final class Endless implements StageComponent {
    @Override
    public String type() {
      return "endless";
    }

    @Override
    public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
        throws InterruptedException {
      environment.requestCancelActivity();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
      return inputs;
    }
  }

  @BeforeEach
  void register() {
    environment.registerActivitiesImplementations(activity);
  }

  @AfterEach
  void close() {
    environment.close();
    activity.close();
    executor.close();
  }

  private ExecuteComponentActivity stub(Duration heartbeatTimeout) {
    ActivityOptions.Builder options =
        ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(20));
    if (!heartbeatTimeout.isZero()) {
      options.setHeartbeatTimeout(heartbeatTimeout);
    }
    return environment.newActivityStub(ExecuteComponentActivity.class, options.build());
  }

  @Test
  void aComponentThatFailsForGoodIsComponentFailedAndNotRetryable() {
    ActivityFailure failure =
        catchThrowableOfType(
            ActivityFailure.class,
            () ->
                stub(Duration.ZERO)
                    .execute(Json.request("transformer", "{'expression': '['}", "1")));
    assertThat(failure.getCause())
        .isInstanceOfSatisfying(
            ApplicationFailure.class,
            cause -> {
              assertThat(cause.getType()).isEqualTo("ComponentFailed");
              assertThat(cause.isNonRetryable()).isTrue();
              assertThat(cause.getOriginalMessage()).contains("stage 'stage-1' (transformer)");
            });
  }

  @Test
  void anOutputOverTheLimitIsResponseTooLarge() {
    ActivityFailure failure =
        catchThrowableOfType(
            ActivityFailure.class,
            () ->
                stub(Duration.ZERO)
                    .execute(Json.request("transformer", "{}", "'" + "x".repeat(60) + "'")));
    assertThat(failure.getCause())
        .isInstanceOfSatisfying(
            ApplicationFailure.class,
            cause -> {
              assertThat(cause.getType()).isEqualTo("ResponseTooLarge");
              assertThat(cause.isNonRetryable()).isTrue();
            });
  }

  @Test
  void aCancellationThatAHeartbeatBringsInterruptsTheComponent() throws Exception {
    assertThatThrownBy(
            () -> stub(Duration.ofMillis(300)).execute(Json.request("endless", "{}", "1")))
        .satisfiesAnyOf(
            e -> assertThat(e).isInstanceOf(ActivityCanceledException.class),
            e -> assertThat(e).hasCauseInstanceOf(CanceledFailure.class),
            e -> assertThat(e).isInstanceOf(CanceledFailure.class));
    assertThat(interrupted.getCount()).isZero();
  }

  @Test
  void theResponseCarriesTheOutput() {
    ComponentResponse response =
        stub(Duration.ZERO).execute(Json.request("transformer", "{}", "{'a': null}"));
    assertThat(response.output()).isEqualTo(Json.of("{'a': null}"));
    assertThat(response.cost()).isZero();
  }
}
