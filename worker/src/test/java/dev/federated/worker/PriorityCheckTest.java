package dev.federated.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PriorityCheckTest {
  @ParameterizedTest
  @CsvSource({"'', ignores", "1.27.9, ignores", "1.28.0, only with", "1.29.1, only with"})
  void aServerThatMayIgnorePrioritiesIsWarnedOf(String version, String what) {
    assertThat(PriorityCheck.warning(version)).contains(what, "priority and fairness_key");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.31.0", "1.32.0-150.0", "2.0"})
  void aServerThatHeedsThemIsNot(String version) {
    assertThat(PriorityCheck.warning(version)).isNull();
  }

  @Test
  void theWarningComesOnceHoweverManyStagesHaveAPriority() {
    AtomicInteger asked = new AtomicInteger();
    List<String> warnings = new CopyOnWriteArrayList<>();
    PriorityCheck check =
        new PriorityCheck(
            () -> {
              asked.incrementAndGet();
              return "1.29.1";
            },
            warnings::add);

    for (int i = 0; i < 5; i++) {
      check.prioritized();
    }

    Awaitility.await().until(() -> !warnings.isEmpty());
    assertThat(asked).hasValue(1);
    assertThat(warnings).hasSize(1);
  }
}
