package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The documents as a book: nothing in it is out of reach, and every link leads somewhere. */
class BookTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} (.+)$");
  private static final Pattern CODE = Pattern.compile("(?s)```.*?\n *```|`[^`\n]*`");
  private static final Pattern COMMAND =
      Pattern.compile("(?m)^(?:[A-Z_]+=\\S+ +)*(?:\\.\\.?/)*\\.?/?federate ([a-z-][^|>&#\n]*)");

  private static Stream<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>();
    for (String directory : List.of("", "docs", "examples")) {
      try (Stream<Path> files = Files.list(ROOT.resolve(directory))) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
      }
    }
    return documents.stream();
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, UTF_8);
  }

  private static List<String> links(Path document) throws IOException {
    List<String> links = new ArrayList<>();
    Matcher matcher = LINK.matcher(CODE.matcher(read(document)).replaceAll(""));
    while (matcher.find()) {
      links.add(matcher.group(1));
    }
    return links;
  }

  /** The anchors of a document, as GitHub makes them of its headings. */
  private static Set<String> anchors(Path document) throws IOException {
    Set<String> anchors = new TreeSet<>();
    Matcher heading = HEADING.matcher(read(document).replaceAll("(?s)```.*?\n *```", ""));
    while (heading.find()) {
      anchors.add(
          heading
              .group(1)
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\p{L}\\p{N} _-]", "")
              .replace(' ', '-'));
    }
    return anchors;
  }

  @ParameterizedTest
  @MethodSource("documents")
  void everyLinkLeadsSomewhere(Path document) throws IOException {
    for (String link : links(document)) {
      if (link.matches("[a-z]+:.*")) {
        continue;
      }
      String[] parts = link.split("#", 2);
      Path target = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
      assertThat(target).as(link).exists();
      assertThat(target).as(link).startsWith(ROOT);
      if (parts.length == 2) {
        assertThat(anchors(target)).as(link).contains(parts[1]);
      }
    }
  }

  @Test
  void theContentsNameEveryDocument() throws IOException {
    Path contents = ROOT.resolve("docs/README.md");
    List<Path> named =
        links(contents).stream()
            .map(link -> contents.resolveSibling(link.replaceFirst("#.*", "")).normalize())
            .toList();
    assertThat(documents().filter(document -> !document.equals(contents)).toList())
        .allSatisfy(document -> assertThat(named).contains(document));
    assertThat(links(ROOT.resolve("README.md"))).contains("docs/README.md");
  }

  @ParameterizedTest
  @MethodSource("documents")
  void theCommandLineKnowsEveryCommandOfTheCodeBlocks(Path document) throws IOException {
    Matcher block =
        Pattern.compile("(?s)```(?:bash|console|sh)\n(.*?)\n *```").matcher(read(document));
    while (block.find()) {
      String lines = block.group(1).replaceAll("\\\\\n *", "").replaceAll("(?m)^ *\\$ ", "");
      Matcher command = COMMAND.matcher(lines);
      while (command.find()) {
        List<String> words = words(command.group(1));
        assertThatCode(() -> parse(words)).as(command.group()).doesNotThrowAnyException();
      }
    }
  }

  /** The words of a shell's line, in which only quotes have a meaning. */
  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher word = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)").matcher(line.strip());
    while (word.find()) {
      words.add(
          word.group(1) != null
              ? word.group(1)
              : word.group(2) != null ? word.group(2) : word.group(3));
    }
    return words;
  }

  private static void parse(List<String> words) {
    CommandContext context =
        new CommandContext(
            Map.of(),
            ROOT,
            new ByteArrayInputStream(new byte[0]),
            new Interruption(Duration.ofSeconds(1), code -> {}));
    var unused = Federate.commandLine(context).parseArgs(words.toArray(String[]::new));
  }
}
