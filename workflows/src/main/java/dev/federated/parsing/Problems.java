package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Collects the problems of one document. Not thread-safe. */
public final class Problems {
  private static final int LONGEST_VALUE = 200;
  private static final int LONGEST_NAME = 100;
  private static final int LONGEST_PATH = 500;
  private static final int MOST_NAMES = 50;
  private static final Pattern MAY_BE_SECRET =
      Pattern.compile("pass|pwd|secret|token|key|credential|auth|dsn", Pattern.CASE_INSENSITIVE);

  private final String file;
  private final List<Problem> found = new ArrayList<>();

  /** For the document of that name. */
  public Problems(String file) {
    this.file = file;
  }

  /** Adds a problem. */
  public void add(String path, @Nullable JsonNode value, String message) {
    add(path, value, message, List.of());
  }

  /** Adds a problem with the names that were probably meant. */
  public void add(String path, @Nullable JsonNode value, String message, List<String> suggestions) {
    found.add(
        new Problem(
            file,
            shown(path, LONGEST_PATH),
            shortened(value),
            message,
            suggestions.stream().map(Problems::shown).toList()));
  }

  /** Adds a problem about a name that is none of the valid ones, with the nearest of them. */
  public void addUnknown(String path, String kind, String name, Collection<String> valid) {
    add(
        path,
        JsonNodeFactory.instance.textNode(name),
        "unknown %s '%s'; valid: %s".formatted(kind, shown(name), listed(valid)),
        NearestNames.of(name, valid));
  }

  /**
   * Adds a problem about a key that nothing reads. Its value is left out if it is not a plain one
   * or if the key, or what it was meant to be, may name a secret.
   */
  public void addUnknownKey(
      String path, String key, @Nullable JsonNode value, Collection<String> valid) {
    List<String> nearest = NearestNames.of(key, valid);
    add(
        path,
        nearest.stream().anyMatch(Problems::nameOfSecret) ? null : harmless(key, value),
        "unknown key '%s'; valid: %s".formatted(shown(key), listed(valid)),
        nearest);
  }

  /** Adds a problem about a key that must not be there; its value is left out likewise. */
  void addRefusedKey(String path, String key, @Nullable JsonNode value, String message) {
    add(path, harmless(key, value), message);
  }

  private static @Nullable JsonNode harmless(String key, @Nullable JsonNode value) {
    return value == null || value.isContainerNode() || nameOfSecret(key) ? null : value;
  }

  private static boolean nameOfSecret(String key) {
    return MAY_BE_SECRET.matcher(key).find();
  }

  /** Whether nothing is wrong so far. */
  public boolean isEmpty() {
    return found.isEmpty();
  }

  /** Everything that is wrong so far. */
  public List<Problem> found() {
    return List.copyOf(found);
  }

  /**
   * Ends the reading.
   *
   * @throws InvalidDocumentException if anything is wrong
   */
  public void throwIfAny() {
    if (!found.isEmpty()) {
      throw new InvalidDocumentException(found);
    }
  }

  /** A name as a message shows it: not endless, and without characters that steer a terminal. */
  public static String shown(String name) {
    return shown(name, LONGEST_NAME);
  }

  private static String shown(String text, int longest) {
    String start = text.length() <= longest ? text : text.substring(0, longest) + "…";
    return start.replaceAll("\\p{Cntrl}", "?");
  }

  /** Valid names as a message lists them. */
  static String listed(Collection<String> names) {
    String listed =
        names.stream().limit(MOST_NAMES).map(Problems::shown).collect(Collectors.joining(", "));
    return names.size() <= MOST_NAMES
        ? listed
        : "%s and %d more".formatted(listed, names.size() - MOST_NAMES);
  }

  private static @Nullable JsonNode shortened(@Nullable JsonNode value) {
    if (value == null || value.isMissingNode()) {
      return null;
    }
    String text = value.toString();
    return text.length() <= LONGEST_VALUE
        ? value
        : JsonNodeFactory.instance.textNode(text.substring(0, LONGEST_VALUE) + "…");
  }
}
