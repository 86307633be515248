package dev.federated.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.federated.stage.StageSearchAttributes;
import io.grpc.Status;
import io.temporal.common.SearchAttributeKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(30)
class SearchAttributeCheckTest {
  private static final String ABSENT =
      "stages carry no search attributes; federate setup registers them";
  private static final String PRESENT =
      "the search attributes of stages are there; stages that start now carry them";

  private final Set<String> registered = ConcurrentHashMap.newKeySet();
  private final AtomicInteger looks = new AtomicInteger();
  private final SearchAttributeCheck check = new SearchAttributeCheck();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void listen() {
    log.start();
    logger().addAppender(log);
  }

  @AfterEach
  void close() {
    logger().detachAppender(log);
    check.close();
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(SearchAttributeCheck.class);
  }

  private void watch(Duration interval) {
    check.watch(
        () -> {
          looks.incrementAndGet();
          return Set.copyOf(registered);
        },
        interval);
  }

  private void register(SearchAttributeKey<?> key) {
    registered.add(key.getName());
  }

  private List<String> said() {
    return List.copyOf(log.list).stream()
        .filter(event -> event.getLevel() == Level.INFO)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Test
  void theirAbsenceIsSaidOnceHoweverOftenOneLooks() {
    watch(Duration.ofHours(1));
    check.close();
    watch(Duration.ofHours(1));

    assertThat(check.present()).isFalse();
    assertThat(said()).containsExactly(ABSENT);
  }

  @Test
  void someOfThemAreNotEnough() {
    register(StageSearchAttributes.STAGE);
    watch(Duration.ofHours(1));

    assertThat(check.present()).isFalse();
  }

  @Test
  void thoseThatAreRegisteredLaterAreFoundWithoutARestart() {
    watch(Duration.ofMillis(5));
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> looks.get() > 5);
    assertThat(check.present()).isFalse();

    StageSearchAttributes.ALL.forEach(this::register);

    Awaitility.await().atMost(Duration.ofSeconds(10)).until(check::present);
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(() -> assertThat(said()).containsExactly(ABSENT, PRESENT));
  }

  @Test
  void aServerThatDoesNotTellIsTakenForOneWithoutAndAskedAgainUnlessItNeverWill() {
    check.watch(
        () -> {
          throw (looks.incrementAndGet() < 3 ? Status.UNAVAILABLE : Status.UNIMPLEMENTED)
              .asRuntimeException();
        },
        Duration.ofMillis(5));

    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> looks.get() == 3);
    assertThat(check.present()).isFalse();
    assertThat(said()).containsExactly(ABSENT);
    Awaitility.await()
        .during(Duration.ofMillis(100))
        .atMost(Duration.ofSeconds(10))
        .until(() -> looks.get() == 3);
  }

  @Test
  void nothingIsSaidWhereTheyAreThere() {
    StageSearchAttributes.ALL.forEach(this::register);
    watch(Duration.ofHours(1));

    assertThat(check.present()).isTrue();
    assertThat(said()).isEmpty();
  }
}
