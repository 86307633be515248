package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.FailureType;
import io.temporal.api.enums.v1.RetryState;
import io.temporal.api.enums.v1.TimeoutType;
import io.temporal.api.failure.v1.Failure;
import io.temporal.api.failure.v1.TimeoutFailureInfo;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TimeoutFailure;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RemoteOutcomeTest {
  private static final DataConverter CONVERTER = DefaultDataConverter.newDefaultInstance();

  @Test
  void anAttemptThatTimedOutBeforeItsFirstHeartbeatIsAnAttempt() {
    RemoteOutcome outcome = timeout(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE, 0, null, null);

    assertThat(outcome.error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(outcome.attempts()).isEqualTo(1);
    assertThat(outcome.workerLost()).isFalse();
  }

  @Test
  void aWorkerThatWasLostBeforeItsFirstHeartbeatHadBegunAnAttempt() {
    RemoteOutcome outcome = timeout(TimeoutType.TIMEOUT_TYPE_HEARTBEAT, 0, null, null);

    assertThat(outcome.error().type()).isEqualTo(FailureType.REGION_UNAVAILABLE);
    assertThat(outcome.attempts()).isEqualTo(1);
    assertThat(outcome.workerLost()).isTrue();
  }

  @Test
  void aTotalTimeoutDuringAnAttemptIsNoMissingWorker() {
    RemoteOutcome outcome = timeout(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, 7, null, null);

    assertThat(outcome.error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
    assertThat(outcome.error().message()).contains("total_timeout_seconds");
    assertThat(outcome.attempts()).isEqualTo(1);
  }

  @Test
  void aTotalTimeoutBetweenAttemptsIsNoMissingWorker() {
    ApplicationFailure last = ApplicationFailure.newFailure("503", "RegionUnavailable");
    RemoteOutcome outcome = timeout(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, 0, null, last);

    assertThat(outcome.error().type()).isEqualTo(FailureType.REGION_TIMEOUT);
  }

  @Test
  void aTotalTimeoutInTheQueueIsAMissingWorker() {
    RemoteOutcome outcome = timeout(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, 0, null, null);

    assertThat(outcome.error().type()).isEqualTo(FailureType.NO_WORKER_IN_REGION);
    assertThat(outcome.attempts()).isZero();
  }

  @Test
  void theLastHeartbeatTellsHowManyAttemptsThereWere() {
    RemoteOutcome outcome =
        timeout(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE, 7, new RemoteFailure(3, 250, null), null);

    assertThat(outcome.attempts()).isEqualTo(3);
    assertThat(outcome.latencyMs()).isEqualTo(250);
  }

  @Test
  void aFailureWithADetailThatIsNotOursDoesNotBlockTheWorkflow() {
    RuntimeException foreign =
        CONVERTER.failureToException(
            CONVERTER.exceptionToFailure(
                ApplicationFailure.newFailure("m", "SomebodyElses", "not ours")));

    RemoteOutcome outcome = RemoteOutcome.failed("us", activity(0, foreign), region -> true);

    assertThat(outcome.error().type()).isEqualTo(FailureType.COMPONENT_FAILED);
    assertThat(outcome.attempts()).isEqualTo(1);
  }

  @Test
  void whatTheRegionSaidOfComingAgainIsKept() {
    ApplicationFailure overloaded =
        ApplicationFailure.newFailure("m", "RegionOverloaded", new RemoteFailure(2, 10, 429, 7L));

    RemoteOutcome outcome = RemoteOutcome.failed("us", activity(0, overloaded), region -> true);

    assertThat(outcome.error().retryAfter()).isEqualTo(7);
    assertThat(outcome.error().httpStatus()).isEqualTo(429);
  }

  private static RemoteOutcome timeout(
      TimeoutType type,
      long startedEventId,
      @Nullable RemoteFailure heartbeat,
      @Nullable Throwable cause) {
    RuntimeException timeout = new TimeoutFailure("timeout", heartbeat, type);
    if (cause != null) {
      Failure recorded =
          Failure.newBuilder()
              .setTimeoutFailureInfo(TimeoutFailureInfo.newBuilder().setTimeoutType(type))
              .setCause(CONVERTER.exceptionToFailure(cause))
              .build();
      timeout = CONVERTER.failureToException(recorded);
    }
    return RemoteOutcome.failed("us", activity(startedEventId, timeout), region -> true);
  }

  private static ActivityFailure activity(long startedEventId, Throwable cause) {
    return new ActivityFailure(
        "activity failed",
        5,
        startedEventId,
        RemoteExecuteActivity.REMOTE_EXECUTE,
        "id",
        RetryState.RETRY_STATE_TIMEOUT,
        "test",
        cause);
  }
}
