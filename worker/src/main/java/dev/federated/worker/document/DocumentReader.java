package dev.federated.worker.document;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads a whole JSON or YAML document. Stricter than Jackson's defaults: a key that stands twice, a
 * number that is not finite, more than one document, a nesting deeper than {@value #DEEPEST} and a
 * file above the caller's limit are refused. Messages repeat no content, for a file may hold
 * secrets.
 *
 * <p>YAML anchors, aliases and merge keys are expanded; what they expand to is limited to {@value
 * #MOST_EXPANDED} values, so that a small file cannot fill the memory.
 */
public final class DocumentReader {
  /** Objects and lists inside each other. */
  public static final int DEEPEST = 200;

  /** Values that all aliases of a YAML document may expand to. */
  public static final int MOST_EXPANDED = 100_000;

  private static final int LONGEST_REASON = 300;
  private static final Pattern QUOTED_TOKEN = Pattern.compile("(token|value) '[^']*'");

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
          .build();

  private DocumentReader() {}

  /**
   * Reads a file into memory.
   *
   * @param file the file; may be a pipe
   * @param name what messages call it
   * @param limit the most bytes that are accepted
   * @throws InvalidDocumentException if it cannot be read or is larger
   */
  public static byte[] bytes(Path file, String name, int limit) {
    if (Files.isDirectory(file)) {
      throw problem(name, "", "is a directory, not a file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return bytes(in, name, limit);
    } catch (NoSuchFileException e) {
      throw problem(name, "", "there is no such file");
    } catch (AccessDeniedException e) {
      throw problem(name, "", "may not be read: permission denied");
    } catch (IOException e) {
      throw problem(name, "", "cannot be read: " + e.getMessage());
    }
  }

  /**
   * Reads a stream into memory, to its end.
   *
   * @param in the stream; left open
   * @param name what messages call it
   * @param limit the most bytes that are accepted
   * @throws InvalidDocumentException if it is larger
   * @throws IOException if it cannot be read
   */
  public static byte[] bytes(InputStream in, String name, int limit) throws IOException {
    byte[] content = in.readNBytes(limit + 1);
    if (content.length > limit) {
      throw problem(name, "", "is larger than the limit of %,d bytes".formatted(limit));
    }
    return content;
  }

  /**
   * Reads a document whose name says what it is: {@code .json}, {@code .yaml} or {@code .yml}. With
   * any other name it is JSON if it begins like a JSON object or list, else YAML.
   *
   * @param content the bytes, UTF-8
   * @param name what messages call it
   * @throws InvalidDocumentException with the line and column of what is wrong
   */
  public static JsonNode read(byte[] content, String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".json")) {
      return json(content, name);
    }
    if (lower.endsWith(".yaml") || lower.endsWith(".yml")) {
      return yaml(content, name);
    }
    for (byte b : content) {
      if (!Character.isWhitespace(b)) {
        return b == '{' || b == '[' ? json(content, name) : yaml(content, name);
      }
    }
    throw problem(name, "", "is empty");
  }

  /**
   * Reads one JSON document.
   *
   * @param content the bytes, UTF-8
   * @param name what messages call it
   * @throws InvalidDocumentException with the line and column of what is wrong
   */
  public static JsonNode json(byte[] content, String name) {
    return tree(JSON, content, name);
  }

  /**
   * Reads one YAML document. Only {@code true} and {@code false} are booleans, as in YAML 1.2: a
   * region may be named {@code no}.
   *
   * @param content the bytes, UTF-8
   * @param name what messages call it
   * @throws InvalidDocumentException with the line and column of what is wrong
   */
  public static JsonNode yaml(byte[] content, String name) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Math.max(1, content.length));
    options.setNestingDepthLimit(DEEPEST);
    YAMLFactory factory =
        YAMLFactory.builder()
            .loaderOptions(options)
            .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
            .build();
    return tree(factory, content, name);
  }

  private static JsonNode tree(JsonFactory factory, byte[] content, String name) {
    try (JsonParser parser = factory.createParser(content)) {
      return new TreeBuilder(parser).build();
    } catch (RefusedException e) {
      throw problem(name, place(e.location()), e.getMessage());
    } catch (StreamConstraintsException e) {
      throw problem(
          name, place(e.getLocation()), "is nested too deep or holds a too long name or number");
    } catch (JacksonException e) {
      throw problem(name, place(e), reason(e));
    } catch (IOException e) {
      throw problem(name, "", "is not UTF-8 text");
    }
  }

  private static String place(JacksonException e) {
    Mark mark = e.getCause() instanceof MarkedYAMLException yaml ? yaml.getProblemMark() : null;
    return mark == null ? place(e.getLocation()) : place(mark.getLine() + 1, mark.getColumn() + 1);
  }

  private static String place(@Nullable JsonLocation location) {
    return location == null || location.getLineNr() < 1
        ? ""
        : place(location.getLineNr(), location.getColumnNr());
  }

  private static String place(int line, int column) {
    return "line %d, column %d".formatted(line, column);
  }

  private static String reason(JacksonException e) {
    String text =
        e.getCause() instanceof MarkedYAMLException yaml
            ? yaml.getProblem()
            : e.getOriginalMessage();
    // The token itself may be a piece of a secret that lacks its quotes.
    String line = QUOTED_TOKEN.matcher(String.valueOf(text).split("\n", 2)[0]).replaceAll("$1");
    return "is not well-formed: "
        + (line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "…");
  }

  private static InvalidDocumentException problem(String name, String path, String message) {
    return new InvalidDocumentException(List.of(new Problem(name, path, null, message, List.of())));
  }
}
