package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.WireName;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON object that a person wrote. Each getter checks its key and reports what is wrong
 * instead of throwing; {@link #finish} reports the keys that nobody asked for. A JSON null counts
 * as absent.
 */
public final class StrictObject {
  /** What names of regions, pipelines and stages look like. */
  public static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  private final JsonNode json;
  private final String path;
  private final Problems problems;
  private final Set<String> known = new LinkedHashSet<>();
  private final Map<String, String> refused = new LinkedHashMap<>();
  private final boolean confidential;

  private StrictObject(JsonNode json, String path, Problems problems, boolean confidential) {
    this.json = json;
    this.path = path;
    this.problems = problems;
    this.confidential = confidential;
    if (!json.isObject()) {
      problems.add(path, shown(json), "has to be an object");
    }
  }

  /** Reads that object; if it is none, says so and reads as an empty one. */
  public static StrictObject of(JsonNode json, String path, Problems problems) {
    return new StrictObject(json, path, problems, false);
  }

  /**
   * Reads an object that may hold secrets, like {@link #of}. A text that stands under an unknown
   * key, or in place of it, of an object in it or of a list of objects, is not repeated.
   */
  public static StrictObject confidential(JsonNode json, String path, Problems problems) {
    return new StrictObject(json, path, problems, true);
  }

  /** The place of a key of this object. */
  public String pathOf(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /** Where problems go. */
  public Problems problems() {
    return problems;
  }

  /** Whether the key is there with a value other than null. */
  public boolean has(String key) {
    return node(key) != null;
  }

  /** The value of a key, unchecked; null if it is absent or JSON null. */
  public @Nullable JsonNode node(String key) {
    known.add(key);
    JsonNode value = json.get(key);
    return value == null || value.isNull() ? null : value;
  }

  /** The value of a key, unchecked, where JSON null is a value; null if it is absent. */
  public @Nullable JsonNode nodeOrJsonNull(String key) {
    known.add(key);
    return json.get(key);
  }

  /** A text that is not blank, or null. */
  public @Nullable String text(String key) {
    JsonNode value = node(key);
    if (value == null) {
      return null;
    }
    if (!value.isTextual() || value.asText().isBlank()) {
      problems.add(pathOf(key), harmless(value), "has to be a text that is not empty");
      return null;
    }
    return value.asText();
  }

  /** A text that may be a secret, or null: problems do not repeat its value. */
  public @Nullable String secretText(String key) {
    JsonNode value = node(key);
    if (value == null) {
      return null;
    }
    if (!value.isTextual() || value.asText().isBlank()) {
      problems.add(
          pathOf(key),
          null,
          value.isValueNode()
              ? "has to be a text that is not empty; put it in quotes"
              : "has to be a text that is not empty");
      return null;
    }
    return value.asText();
  }

  /** A text that has to be there; an empty text stands for it where it is not. */
  public String requiredText(String key) {
    String value = text(key);
    if (value == null && !has(key)) {
      problems.add(pathOf(key), null, "is required");
    }
    return value == null ? "" : value;
  }

  /** An identifier that has to be there. */
  public String requiredId(String key) {
    String value = requiredText(key);
    if (!value.isEmpty() && !ID.matcher(value).matches()) {
      problems.add(
          pathOf(key),
          node(key),
          "has to be 1 to 100 letters, digits, dots, dashes or underscores and to begin with a"
              + " letter or digit");
    }
    return value;
  }

  /** True or false. */
  public boolean bool(String key, boolean absent) {
    JsonNode value = node(key);
    if (value == null) {
      return absent;
    }
    if (!value.isBoolean()) {
      problems.add(pathOf(key), harmless(value), "has to be true or false");
      return absent;
    }
    return value.asBoolean();
  }

  /** A number between two bounds, both included, or null. */
  public @Nullable Double number(String key, double least, double most) {
    JsonNode value = node(key);
    if (value == null) {
      return null;
    }
    double number = value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!(number >= least && number <= most)) {
      problems.add(
          pathOf(key),
          harmless(value),
          "has to be a number between %s and %s".formatted(plain(least), plain(most)));
      return null;
    }
    return number;
  }

  /** A number between two bounds, both included, with a value for where it is absent or wrong. */
  public double number(String key, double least, double most, double absent) {
    Double value = number(key, least, most);
    return value == null ? absent : value;
  }

  /** A number above 0 and up to a bound, or null. */
  public @Nullable Double positive(String key, double most) {
    JsonNode value = node(key);
    if (value == null) {
      return null;
    }
    double number = value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!(number > 0 && number <= most)) {
      problems.add(
          pathOf(key),
          harmless(value),
          "has to be a number above 0 and up to %s".formatted(plain(most)));
      return null;
    }
    return number;
  }

  /** A whole number between two bounds, both included; 3.0 is whole. */
  public long integer(String key, long least, long most, long absent) {
    JsonNode value = node(key);
    if (value == null) {
      return absent;
    }
    if (!value.isNumber()
        || value.doubleValue() != Math.rint(value.doubleValue())
        || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
      problems.add(
          pathOf(key),
          harmless(value),
          "has to be a whole number between %d and %d".formatted(least, most));
      return absent;
    }
    return value.longValue();
  }

  /** One of an enum's names, in any case, or null. */
  public <E extends Enum<E> & WireName> @Nullable E constant(
      String key, Class<E> type, String kind) {
    String name = text(key);
    if (name == null) {
      return null;
    }
    Optional<E> constant = WireName.find(type, name);
    if (constant.isEmpty()) {
      problems.addUnknown(pathOf(key), kind, name, WireName.names(type));
    }
    return constant.orElse(null);
  }

  /** A list of texts without repetition; null if it is absent. */
  public @Nullable List<String> texts(String key) {
    JsonNode value = node(key);
    if (value == null) {
      return null;
    }
    if (!value.isArray()) {
      problems.add(pathOf(key), harmless(value), "has to be a list of texts");
      return List.of();
    }
    Set<String> texts = new LinkedHashSet<>();
    for (int i = 0; i < value.size(); i++) {
      JsonNode item = value.get(i);
      String place = pathOf(key) + "[" + i + "]";
      if (!item.isTextual() || item.asText().isBlank()) {
        problems.add(place, harmless(item), "has to be a text that is not empty");
      } else if (!texts.add(item.asText())) {
        problems.add(place, item, "stands in the list twice");
      }
    }
    return List.copyOf(texts);
  }

  /** Reads a nested object, if the key is there. */
  public @Nullable StrictObject object(String key) {
    JsonNode value = node(key);
    return value == null ? null : new StrictObject(value, pathOf(key), problems, confidential);
  }

  /** Reads each item of a list with its place, if the key is there. */
  public void items(String key, BiConsumer<JsonNode, String> reader) {
    JsonNode value = node(key);
    if (value == null) {
      return;
    }
    if (!value.isArray()) {
      problems.add(pathOf(key), shown(value), "has to be a list");
      return;
    }
    for (int i = 0; i < value.size(); i++) {
      reader.accept(value.get(i), pathOf(key) + "[" + i + "]");
    }
  }

  /** The keys of the object, in their order. */
  public List<String> keys() {
    List<String> keys = new ArrayList<>();
    json.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** Keys of capabilities that exist elsewhere but not yet here. */
  public void notYetSupported(String... keys) {
    for (String key : keys) {
      refused.put(key, "'" + key + "' is not supported yet");
    }
  }

  /** Keys that people put here although they belong elsewhere, and what to tell them. */
  public void misplaced(String where, String... keys) {
    for (String key : keys) {
      refused.put(key, "'" + key + "' belongs " + where);
    }
  }

  /** Lets a document say where its JSON Schema is, which only editors read. */
  public void ignoreSchema() {
    var unused = text("$schema");
  }

  /** Reports the keys that no getter asked for. */
  public void finish() {
    for (String key : keys()) {
      if (known.contains(key)) {
        continue;
      }
      String place = pathOf(Problems.shown(key));
      JsonNode value = shown(json.get(key));
      String why = refused.get(key);
      if (why == null) {
        problems.addUnknownKey(place, key, value, known);
      } else {
        problems.addRefusedKey(place, key, value, why);
      }
    }
  }

  private @Nullable JsonNode shown(JsonNode value) {
    return confidential ? numberOrBoolean(value) : harmless(value);
  }

  /** What is not an object or a list of such: in there may be keys with secrets. */
  private static @Nullable JsonNode harmless(JsonNode value) {
    if (value.isArray()) {
      for (JsonNode item : value) {
        if (item.isContainerNode()) {
          return null;
        }
      }
      return value;
    }
    return value.isObject() && !value.isEmpty() ? null : value;
  }

  private static @Nullable JsonNode numberOrBoolean(JsonNode value) {
    return value.isNumber() || value.isBoolean() ? value : null;
  }

  private static String plain(double number) {
    BigDecimal decimal = BigDecimal.valueOf(number).stripTrailingZeros();
    return Math.abs(number) < 1e15 ? decimal.toPlainString() : decimal.toString();
  }
}
