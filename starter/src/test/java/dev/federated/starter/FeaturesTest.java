package dev.federated.starter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The table in docs/features.md names tests that exist, and each of its rows names one. */
class FeaturesTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern TEST = Pattern.compile("`([A-Z][A-Za-z0-9]*)#([A-Za-z0-9]+)`");

  private static List<String> rows;
  private static Map<String, String> testSources;

  @BeforeAll
  static void read() throws IOException {
    rows =
        Files.readAllLines(ROOT.resolve("docs/features.md"), UTF_8).stream()
            .filter(line -> line.startsWith("| ") && !line.startsWith("| feature |"))
            .toList();
    testSources = new LinkedHashMap<>();
    for (String module : List.of("workflows", "activities", "worker", "starter")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          String name = file.getFileName().toString().replace(".java", "");
          testSources.merge(name, Files.readString(file, UTF_8), String::concat);
        }
      }
    }
  }

  @Test
  void everyRowNamesATest() {
    assertThat(rows).hasSizeGreaterThan(40);
    assertThat(rows).allSatisfy(row -> assertThat(TEST.matcher(row).find()).as(row).isTrue());
  }

  @Test
  void everyTestThatIsNamedExists() {
    List<String> missing = new ArrayList<>();
    for (String row : rows) {
      Matcher named = TEST.matcher(row);
      while (named.find()) {
        String source = testSources.get(named.group(1));
        if (source == null || !source.contains(" void " + named.group(2) + "(")) {
          missing.add(named.group());
        }
      }
    }
    assertThat(missing).isEmpty();
  }
}
