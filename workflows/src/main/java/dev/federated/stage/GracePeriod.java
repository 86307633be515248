package dev.federated.stage;

import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Promise;
import io.temporal.workflow.TimerOptions;
import io.temporal.workflow.Workflow;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The time that the other regions get once enough have succeeded: {@code grace_seconds}. It runs
 * once in a stage, so that what an operator sends again later gets its full time.
 */
final class GracePeriod {
  private final @Nullable Double seconds;
  private final List<Promise<Void>> timer = new ArrayList<>();
  private @Nullable CancellationScope scope;
  private boolean begun;
  private boolean ended;

  /** A grace of so many seconds; null for none that ever ends. */
  GracePeriod(@Nullable Double seconds) {
    this.seconds = seconds;
  }

  /** Whether there is a grace that has not begun. */
  boolean pending() {
    return seconds != null && !begun;
  }

  /** Enough regions have succeeded. */
  void begin() {
    begun = true;
    if (seconds == null || seconds == 0) {
      return;
    }
    CancellationScope own =
        Workflow.newCancellationScope(
            () ->
                timer.add(
                    Workflow.newTimer(
                        AttemptPolicy.seconds(seconds),
                        TimerOptions.newBuilder().setSummary("grace for stragglers").build())));
    scope = own;
    own.run();
  }

  /** Whether it has begun and run out. */
  boolean over() {
    return begun && !ended && (timer.isEmpty() || timer.get(0).isCompleted());
  }

  /** Nobody waits for it any more. */
  void end() {
    ended = begun;
    if (scope != null && !timer.get(0).isCompleted()) {
      scope.cancel("nobody is left to wait for");
    }
    scope = null;
  }
}
