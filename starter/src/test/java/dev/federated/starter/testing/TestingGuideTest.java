package dev.federated.starter.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The code in docs/testing.md is code that runs. */
class TestingGuideTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  @Test
  void exampleOfTheGuideStandsInTheTestThatRunsIt() throws IOException {
    String example =
        Files.readString(
            Path.of("src/test/java/dev/federated/starter/testing/FailoverDrillExampleTest.java"),
            UTF_8);
    Matcher code = JAVA.matcher(Files.readString(ROOT.resolve("docs/testing.md"), UTF_8));
    assertThat(code.find()).isTrue();
    do {
      assertThat(example).contains(code.group(1));
    } while (code.find());
  }
}
