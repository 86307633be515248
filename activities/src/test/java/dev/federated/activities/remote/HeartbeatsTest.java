package dev.federated.activities.remote;

import static org.assertj.core.api.Assertions.assertThat;

import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInfo;
import java.lang.reflect.Proxy;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeartbeatsTest {
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<Object> sent = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    scheduler.shutdownNow();
  }

  @Test
  void aLaterAttemptBeatsAtOnce() {
    try (Heartbeats beats = heartbeats(2)) {
      assertThat(sent).containsExactly("detail");
      assertThat(beats.end()).isNull();
    }
  }

  @Test
  void theFirstAttemptBeatsOnceItHasTakenAnInterval() throws InterruptedException {
    try (Heartbeats beats = heartbeats(1)) {
      assertThat(sent).isEmpty();
      assertThat(sent.poll(30, TimeUnit.SECONDS)).isEqualTo("detail");
      assertThat(beats.end()).isNull();
    }
  }

  private Heartbeats heartbeats(int attempt) {
    ActivityInfo info =
        proxy(ActivityInfo.class, (method, arguments) -> method.equals("getAttempt") ? attempt : 0);
    ActivityExecutionContext context =
        proxy(
            ActivityExecutionContext.class,
            (method, arguments) -> {
              if (method.equals("getInfo")) {
                return info;
              }
              sent.add(arguments[0]);
              return null;
            });
    return new Heartbeats(context, scheduler, () -> "detail", end -> {});
  }

  private interface Call {
    Object answer(String method, Object[] arguments);
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> call.answer(method.getName(), arguments)));
  }
}
