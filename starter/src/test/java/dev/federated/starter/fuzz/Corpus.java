package dev.federated.starter.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Valid inputs: the examples, the snippets of the documents, and payloads of recorded histories.
 */
final class Corpus {
  private static final Path ROOT = Path.of("..");
  private static final Pattern SNIPPET =
      Pattern.compile("^```(?:json|yaml)\\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern PAYLOAD = Pattern.compile("\"data\"\\s*:\\s*\"([A-Za-z0-9+/=]+)\"");
  private static final int LARGEST_SEED = 16_384;
  private static final int MOST_PAYLOADS = 300;

  private Corpus() {}

  /** The examples and the JSON and YAML snippets whose text has that. */
  static List<byte[]> documents(Predicate<String> fits) {
    List<byte[]> found = new ArrayList<>();
    for (Path file : files(ROOT.resolve("examples"), ".json", ".yaml")) {
      addIf(found, text(file), fits);
    }
    for (Path file : files(ROOT.resolve("docs"), ".md")) {
      Matcher snippet = SNIPPET.matcher(text(file));
      while (snippet.find()) {
        addIf(found, snippet.group(1), fits);
      }
    }
    return found;
  }

  /** Different payloads of the recorded histories whose JSON has that. */
  static List<byte[]> payloads(Predicate<String> fits) {
    List<byte[]> found = new ArrayList<>();
    for (Path file : files(ROOT.resolve("workflows/src/test/resources/histories"), ".json")) {
      Matcher payload = PAYLOAD.matcher(text(file));
      while (payload.find() && found.size() < MOST_PAYLOADS) {
        addIf(found, new String(Base64.getDecoder().decode(payload.group(1)), UTF_8), fits);
      }
    }
    return found;
  }

  private static void addIf(List<byte[]> found, String text, Predicate<String> fits) {
    if (text.length() <= LARGEST_SEED && fits.test(text)) {
      found.add(text.getBytes(UTF_8));
    }
  }

  private static List<Path> files(Path directory, String... ends) {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(file -> Stream.of(ends).anyMatch(file.toString()::endsWith))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
