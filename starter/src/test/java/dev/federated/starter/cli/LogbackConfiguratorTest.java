package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogbackConfiguratorTest {
  private static final String OWN_FILE = "logback.configurationFile";

  private final LoggerContext context = new LoggerContext();
  private final Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

  @AfterEach
  void forget() {
    for (String property :
        List.of(
            "federate.log.level", "federate.log.exception", "federate.log.attempts", OWN_FILE)) {
      System.clearProperty(property);
    }
  }

  private ExecutionStatus configure() {
    LogbackConfigurator configurator = new LogbackConfigurator();
    configurator.setContext(context);
    return configurator.configure(context);
  }

  @Test
  void anApplicationThatOnlyHasTheJarIsLeftAlone() {
    assertThat(configure()).isEqualTo(ExecutionStatus.INVOKE_NEXT_IF_ANY);
    assertThat(root.iteratorForAppenders()).isExhausted();
  }

  @Test
  void aConfigurationOfOnesOwnGoesFirst() {
    Logging.configure(List.of("stage"), Map.of());
    System.setProperty(OWN_FILE, "own.xml");

    assertThat(configure()).isEqualTo(ExecutionStatus.INVOKE_NEXT_IF_ANY);
    assertThat(root.iteratorForAppenders()).isExhausted();
  }

  @Test
  void commandsShowWarningsButNotEveryFailedAttempt() {
    Logging.configure(List.of("stage"), Map.of());

    assertThat(configure()).isEqualTo(ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY);
    assertThat(root.getLevel()).isEqualTo(Level.WARN);
    assertThat(root.getAppender("STDERR").isStarted()).isTrue();
    assertThat(context.getLogger("io.temporal.internal.sync").getLevel()).isEqualTo(Level.ERROR);
  }

  @Test
  void whoAsksForDetailsGetsFailedAttemptsToo() {
    Logging.configure(List.of("stage"), Map.of(Logging.VARIABLE, "DEBUG"));

    assertThat(configure()).isEqualTo(ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY);
    assertThat(root.getLevel()).isEqualTo(Level.DEBUG);
    assertThat(context.getLogger("io.temporal.internal.sync").getLevel()).isEqualTo(Level.DEBUG);
  }
}
