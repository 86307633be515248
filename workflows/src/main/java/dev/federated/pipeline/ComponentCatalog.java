package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.parsing.NearestNames;
import dev.federated.parsing.Problems;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The built-in component types and what their configurations take. */
public final class ComponentCatalog {
  private static final Map<String, List<ConfigKey>> TYPES = types();
  private static final Set<String> DATA_KEYS = Set.of("data", "rows", "schema", "message");
  private static final Pattern TABLE =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,62}(?:\\.[A-Za-z_][A-Za-z0-9_]{0,62})?");
  private static final Pattern HTTP_URL =
      Pattern.compile("https?://[^/?#\\s].*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private ComponentCatalog() {}

  private static Map<String, List<ConfigKey>> types() {
    Map<String, List<ConfigKey>> types = new LinkedHashMap<>();
    types.put(
        "http_request",
        List.of(
            ConfigKey.required("url", ConfigKind.HTTP_URL),
            ConfigKey.choiceInAnyCase("method", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"),
            ConfigKey.optional("headers", ConfigKind.HEADERS),
            ConfigKey.optional("body", ConfigKind.ANY),
            ConfigKey.optional("timeout_seconds", ConfigKind.SECONDS),
            ConfigKey.optional("expected_status", ConfigKind.STATUS_CODES),
            ConfigKey.optional("follow_redirects", ConfigKind.BOOLEAN)));
    types.put(
        "json_transform",
        List.of(
            ConfigKey.optional("jmespath_expression", ConfigKind.TEXT_NOT_EMPTY),
            ConfigKey.optional("data", ConfigKind.ANY)));
    types.put(
        "transformer",
        List.of(
            ConfigKey.optional("jmespath_expression", ConfigKind.TEXT_NOT_EMPTY, "expression"),
            ConfigKey.optional("data", ConfigKind.ANY)));
    types.put(
        "database_write",
        List.of(
            ConfigKey.optional("table", ConfigKind.TABLE),
            ConfigKey.optional("url", ConfigKind.JDBC_URL),
            ConfigKey.optional("user", ConfigKind.TEXT_OR_SECRET),
            ConfigKey.optional("password", ConfigKind.SECRET),
            ConfigKey.choice("mode", "insert", "upsert"),
            ConfigKey.optional("key_columns", ConfigKind.NAMES),
            ConfigKey.optional("columns", ConfigKind.NAMES),
            ConfigKey.optional("rows", ConfigKind.ROWS),
            ConfigKey.optional("create_table", ConfigKind.BOOLEAN)));
    types.put(
        "filter",
        List.of(
            ConfigKey.required("jmespath_expression", ConfigKind.TEXT_NOT_EMPTY, "condition"),
            ConfigKey.optional("data", ConfigKind.ARRAY)));
    types.put(
        "schema_validate",
        List.of(
            ConfigKey.required("schema", ConfigKind.OBJECT),
            ConfigKey.optional("data", ConfigKind.ANY)));
    types.put(
        "logger",
        List.of(
            ConfigKey.optional("message", ConfigKind.TEXT),
            ConfigKey.choiceInAnyCase("level", "debug", "info", "warn", "error"),
            ConfigKey.optional("data", ConfigKind.ANY)));
    return Collections.unmodifiableMap(types);
  }

  /** The names of the built-in types. */
  public static List<String> names() {
    return List.copyOf(TYPES.keySet());
  }

  /** Whether the type is built in; names are case-sensitive. */
  public static boolean isBuiltIn(String type) {
    return TYPES.containsKey(type);
  }

  /**
   * The keys that a built-in type's configuration takes.
   *
   * @throws IllegalArgumentException if the type is not built in
   */
  public static List<ConfigKey> keys(String type) {
    List<ConfigKey> keys = TYPES.get(type);
    if (keys == null) {
      throw new IllegalArgumentException("'%s' is not one of %s".formatted(type, names()));
    }
    return keys;
  }

  /**
   * Whether the key of a built-in type carries data, in which {@code {"secret": …}} is an object
   * like any other. No key of another type does.
   */
  static boolean isData(String type, String key) {
    return isBuiltIn(type) && DATA_KEYS.contains(key);
  }

  /**
   * The table of a {@code database_write} that names none: the stage's id with every character but
   * letters, digits and {@code _} replaced by {@code _}.
   */
  public static String defaultTable(String stageId) {
    return stageId.replaceAll("[^A-Za-z0-9_]", "_");
  }

  /**
   * Checks the configuration of a built-in type. A template passes for every kind of value but a
   * secret: alone for all kinds, inside other text for kinds that are texts.
   *
   * @param type a built-in type
   * @param config its configuration, an object
   * @param stageId the stage that has it
   * @param place where the configuration stands in its document
   * @param problems where problems go
   */
  static void check(String type, JsonNode config, String stageId, String place, Problems problems) {
    Map<String, ConfigKey> byName = new LinkedHashMap<>();
    for (ConfigKey key : keys(type)) {
      byName.put(key.name(), key);
      key.aliases().forEach(alias -> byName.put(alias, key));
    }
    Map<String, String> given = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      String fieldPlace = Template.fieldPlace(place, field.getKey());
      ConfigKey key = byName.get(field.getKey());
      if (key == null) {
        problems.addUnknownKey(fieldPlace, field.getKey(), field.getValue(), byName.keySet());
      } else if (key.kind() == ConfigKind.ANY || !field.getValue().isNull()) {
        String other = given.putIfAbsent(key.name(), field.getKey());
        if (other != null) {
          problems.add(
              fieldPlace,
              field.getValue(),
              "is another name of %s, which is given as well".formatted(other));
        }
        checkValue(key, field.getValue(), fieldPlace, problems);
      }
    }
    for (ConfigKey key : keys(type)) {
      if (key.required() && !given.containsKey(key.name())) {
        problems.add(
            place + "." + key.name(),
            null,
            "is required by %s: %s".formatted(type, key.kind().description()));
      }
    }
    if (type.equals("database_write")) {
      checkDatabaseWrite(config, stageId, place, problems);
    }
  }

  private static void checkDatabaseWrite(
      JsonNode config, String stageId, String place, Problems problems) {
    if (!config.hasNonNull("table") && !TABLE.matcher(defaultTable(stageId)).matches()) {
      problems.add(
          place + ".table",
          null,
          ("is required: the stage's id would give '%s', which is not 1 to 63 letters, digits and _"
                  + " beginning with a letter or _")
              .formatted(defaultTable(stageId)));
    }
    JsonNode keys = config.path("key_columns");
    boolean upsert = "upsert".equals(config.path("mode").textValue());
    if (upsert && (!config.hasNonNull("key_columns") || (keys.isArray() && keys.isEmpty()))) {
      problems.add(
          place + ".key_columns",
          null,
          "is required by mode upsert: the columns by which a row is found");
    }
    JsonNode columns = config.path("columns");
    if (keys.isArray() && isListOfPlainTexts(columns)) {
      List<String> names = new ArrayList<>();
      columns.forEach(column -> names.add(column.textValue()));
      for (int i = 0; i < keys.size(); i++) {
        JsonNode key = keys.get(i);
        if (key.isTextual() && !Template.isTemplate(key) && !names.contains(key.textValue())) {
          problems.add(
              place + ".key_columns[" + i + "]",
              key,
              "is not among the columns " + names,
              NearestNames.of(key.textValue(), names));
        }
      }
    }
  }

  private static boolean isListOfPlainTexts(JsonNode value) {
    if (!value.isArray()) {
      return false;
    }
    for (JsonNode item : value) {
      if (!item.isTextual() || Template.isTemplate(item)) {
        return false;
      }
    }
    return true;
  }

  private static void checkValue(ConfigKey key, JsonNode value, String place, Problems problems) {
    if (key.kind() == ConfigKind.SECRET) {
      if (Template.secretName(value) == null) {
        problems.add(place, null, "has to be " + key.kind().description());
      }
      return;
    }
    if (Template.isWholeTemplate(value)) {
      return;
    }
    switch (key.kind()) {
      case HEADERS -> checkHeaders(value, place, problems);
      case NAMES -> checkNames(value, place, problems);
      case STATUS_CODES -> checkStatusCodes(value, place, problems);
      case CHOICE, CHOICE_IN_ANY_CASE -> checkChoice(key, value, place, problems);
      default -> {
        if (!accepts(key.kind(), value)) {
          problems.add(place, value, "has to be " + key.kind().description());
        }
      }
    }
  }

  private static boolean accepts(ConfigKind kind, JsonNode value) {
    return switch (kind) {
      case ANY -> true;
      case ARRAY -> value.isArray();
      case BOOLEAN -> value.isBoolean();
      case HTTP_URL ->
          isFilled(value)
              && (Template.isTemplate(value) || HTTP_URL.matcher(value.textValue()).matches());
      case JDBC_URL ->
          Template.secretName(value) != null
              || (isFilled(value)
                  && (Template.isTemplate(value)
                      || value.textValue().toLowerCase(Locale.ROOT).startsWith("jdbc:")));
      case OBJECT -> value.isObject();
      case ROWS -> value.isObject() || isListOfObjects(value);
      case SECONDS -> value.isNumber() && value.doubleValue() >= 0.1 && value.doubleValue() <= 3600;
      case TABLE ->
          isFilled(value)
              && (Template.isTemplate(value) || TABLE.matcher(value.textValue()).matches());
      case TEXT -> value.isTextual();
      case TEXT_NOT_EMPTY -> isFilled(value);
      case TEXT_OR_SECRET -> isFilled(value) || Template.secretName(value) != null;
      case CHOICE, CHOICE_IN_ANY_CASE, HEADERS, NAMES, SECRET, STATUS_CODES ->
          throw new IllegalStateException(kind + " is checked item by item");
    };
  }

  private static boolean isFilled(JsonNode value) {
    return value.isTextual() && !value.textValue().isBlank();
  }

  private static boolean isListOfObjects(JsonNode value) {
    if (!value.isArray()) {
      return false;
    }
    for (JsonNode item : value) {
      if (!item.isObject() && !Template.isWholeTemplate(item)) {
        return false;
      }
    }
    return true;
  }

  private static void checkChoice(ConfigKey key, JsonNode value, String place, Problems problems) {
    if (Template.isTemplate(value)) {
      return;
    }
    @Nullable String text = value.textValue();
    if (text == null) {
      problems.add(place, value, "has to be a text: one of " + String.join(", ", key.choices()));
    } else if (key.kind() == ConfigKind.CHOICE
        ? !key.choices().contains(text)
        : key.choices().stream().noneMatch(text::equalsIgnoreCase)) {
      problems.addUnknown(place, key.name(), text, key.choices());
    }
  }

  private static void checkHeaders(JsonNode value, String place, Problems problems) {
    if (!value.isObject()) {
      problems.add(place, value, "has to be " + ConfigKind.HEADERS.description());
      return;
    }
    for (Map.Entry<String, JsonNode> header : value.properties()) {
      if (!header.getValue().isTextual() && Template.secretName(header.getValue()) == null) {
        // The value is not repeated: headers often hold credentials.
        problems.add(
            Template.fieldPlace(place, header.getKey()),
            null,
            "has to be a text or {\"secret\": \"name\"}");
      }
    }
  }

  private static void checkNames(JsonNode value, String place, Problems problems) {
    if (!value.isArray()) {
      problems.add(place, value, "has to be " + ConfigKind.NAMES.description());
      return;
    }
    Set<JsonNode> seen = new LinkedHashSet<>();
    for (int i = 0; i < value.size(); i++) {
      JsonNode item = value.get(i);
      if (!isFilled(item)) {
        problems.add(place + "[" + i + "]", item, "has to be a text that is not empty");
      } else if (!seen.add(item)) {
        problems.add(place + "[" + i + "]", item, "stands in the list twice");
      }
    }
  }

  private static void checkStatusCodes(JsonNode value, String place, Problems problems) {
    if (!value.isArray()) {
      problems.add(place, value, "has to be " + ConfigKind.STATUS_CODES.description());
      return;
    }
    for (int i = 0; i < value.size(); i++) {
      JsonNode item = value.get(i);
      boolean code = item.isIntegralNumber() && item.intValue() >= 100 && item.intValue() <= 599;
      if (!code && !Template.isWholeTemplate(item)) {
        problems.add(place + "[" + i + "]", item, "has to be a whole number between 100 and 599");
      }
    }
  }
}
