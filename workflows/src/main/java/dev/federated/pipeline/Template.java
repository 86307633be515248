package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.parsing.Problems;
import dev.federated.pipeline.TemplateReference.Segment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * JSON whose strings refer to the pipeline's input and to outputs of earlier stages.
 *
 * <ul>
 *   <li>{@code {{input.a.b[0]}}}, {@code {{upstream.stage.x}}} or {@code {{stages.stage.x}}}; other
 *       names than letters, digits, {@code _ - $ @} stand in brackets: {@code
 *       {{upstream["a.b"].x}}}
 *   <li>{@code {{stages.stage.result.x}}}: of a federated stage, its whole record
 *   <li>{@code {{x ?? 5}}}: the JSON after {@code ??} where the path is missing; JSON null is a
 *       value
 *   <li>a backslash before two opening braces: the two braces themselves
 * </ul>
 *
 * A string that is one template becomes the value with its JSON type; inside text, strings go in
 * raw and other values as compact JSON. Values are never expanded again, and keys of objects not at
 * all.
 */
public final class Template {
  /** The most characters of values that one resolution may bring together: 8 Mi. */
  static final int MOST_CHARACTERS = 8 * 1024 * 1024;

  private static final int DEEPEST = 200;
  private static final String SECRET = "secret";
  private static final String RESULT = "result";
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-]+");

  private Template() {}

  /**
   * Resolves every string in a JSON value. What comes out shares parts with the scope.
   *
   * @throws TemplateException if a template is malformed, a path without default is missing, the
   *     template is nested deeper than 200, or the values are larger than 8 Mi characters together
   */
  public static JsonNode resolve(JsonNode template, TemplateScope scope) throws TemplateException {
    return new Resolver(scope, false).resolve(template, 0);
  }

  /**
   * Resolves a component's configuration as {@link #resolve} does, and refuses values that hold
   * {@code {"secret": …}} where the component would resolve it: only the author of a pipeline names
   * secrets, never the data in it.
   *
   * @param type the component type, which decides which keys are data and may hold anything
   * @throws TemplateException also if a value holds a reference to a secret
   */
  public static JsonNode resolveConfig(String type, JsonNode config, TemplateScope scope)
      throws TemplateException {
    Resolver guarded = new Resolver(scope, true);
    if (!config.isObject()) {
      return guarded.resolve(config, 0);
    }
    ObjectNode resolved = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      guarded.refusesSecrets = !ComponentCatalog.isData(type, field.getKey());
      resolved.set(field.getKey(), guarded.resolve(field.getValue(), 1));
    }
    return resolved;
  }

  /**
   * The templates in a JSON value, in its order.
   *
   * @param place where the value stands in its document
   * @param problems where malformed templates and templates in keys go
   */
  public static List<TemplateReference> references(
      JsonNode template, String place, Problems problems) {
    List<TemplateReference> references = new ArrayList<>();
    collect(template, place, 0, problems, references);
    return references;
  }

  /** Whether the value is a string with at least one template, malformed or not. */
  static boolean isTemplate(JsonNode value) {
    if (!value.isTextual()) {
      return false;
    }
    try {
      return !TemplateText.parse(value.textValue(), "").references().isEmpty();
    } catch (TemplateException e) {
      return true;
    }
  }

  /** Whether the value is a string that is nothing but one template, so that it keeps its type. */
  static boolean isWholeTemplate(JsonNode value) {
    if (!value.isTextual()) {
      return false;
    }
    try {
      return TemplateText.parse(value.textValue(), "").whole() != null;
    } catch (TemplateException e) {
      return true;
    }
  }

  /** The name in {@code {"secret": "name"}}; null for any other value. */
  static @Nullable String secretName(JsonNode value) {
    return value.isObject() && value.size() == 1 && value.path(SECRET).isTextual()
        ? value.path(SECRET).textValue()
        : null;
  }

  /** The place of a field. */
  static String fieldPlace(String place, String name) {
    if (PLAIN_NAME.matcher(name).matches()) {
      return place.isEmpty() ? name : place + "." + name;
    }
    return place + "[" + JsonNodeFactory.instance.textNode(name) + "]";
  }

  private static void collect(
      JsonNode value,
      String place,
      int depth,
      Problems problems,
      List<TemplateReference> references) {
    if (depth > DEEPEST) {
      problems.add(place, null, "is nested deeper than " + DEEPEST);
    } else if (value.isTextual()) {
      try {
        references.addAll(TemplateText.parse(value.textValue(), place).references());
      } catch (TemplateException e) {
        problems.add(place, value, String.valueOf(e.getMessage()));
      }
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        collect(value.get(i), place + "[" + i + "]", depth + 1, problems, references);
      }
    } else {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String fieldPlace = fieldPlace(place, field.getKey());
        if (field.getKey().contains("{{")) {
          problems.add(
              fieldPlace,
              JsonNodeFactory.instance.textNode(field.getKey()),
              "templates are not expanded in keys, only in values");
        }
        collect(field.getValue(), fieldPlace, depth + 1, problems, references);
      }
    }
  }

  /** Resolves one value; used once. */
  private static final class Resolver {
    private final TemplateScope scope;
    private boolean refusesSecrets;
    private int left = MOST_CHARACTERS;

    Resolver(TemplateScope scope, boolean refusesSecrets) {
      this.scope = scope;
      this.refusesSecrets = refusesSecrets;
    }

    JsonNode resolve(JsonNode template, int depth) throws TemplateException {
      if (depth > DEEPEST) {
        throw new TemplateException("the template is nested deeper than " + DEEPEST);
      }
      if (template.isTextual()) {
        return resolveText(TemplateText.parse(template.textValue(), ""), template);
      }
      if (template.isArray()) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(template.size());
        for (JsonNode item : template) {
          array.add(resolve(item, depth + 1));
        }
        return array;
      }
      if (template.isObject()) {
        String secret = secretName(template);
        if (refusesSecrets && secret != null && isTemplate(template.path(SECRET))) {
          throw new TemplateException(
              "template '%s' names a secret; secrets are named as they are".formatted(secret));
        }
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> field : template.properties()) {
          object.set(field.getKey(), resolve(field.getValue(), depth + 1));
        }
        return object;
      }
      return template;
    }

    private JsonNode resolveText(TemplateText text, JsonNode template) throws TemplateException {
      TemplateReference whole = text.whole();
      if (whole != null) {
        return value(whole);
      }
      if (text.references().isEmpty() && text.parts().size() == 1) {
        TemplateText.Part only = text.parts().get(0);
        if (only instanceof TemplateText.Part.Literal literal
            && literal.text().equals(template.textValue())) {
          return template;
        }
      }
      StringBuilder resolved = new StringBuilder();
      for (TemplateText.Part part : text.parts()) {
        if (part instanceof TemplateText.Part.Literal literal) {
          resolved.append(literal.text());
        } else if (part instanceof TemplateText.Part.Expression expression) {
          JsonNode value = value(expression.reference());
          resolved.append(value.isTextual() ? value.textValue() : value.toString());
        }
      }
      return JsonNodeFactory.instance.textNode(resolved.toString());
    }

    private JsonNode value(TemplateReference reference) throws TemplateException {
      JsonNode value;
      try {
        value = find(reference);
      } catch (MissingPathException e) {
        if (reference.fallback() == null) {
          throw new TemplateException(
              "template '%s': %s".formatted(reference.source(), e.getMessage()));
        }
        value = reference.fallback();
      }
      inspect(value, reference);
      return value;
    }

    private JsonNode find(TemplateReference reference) throws MissingPathException {
      List<Segment> path = reference.path();
      String stageId = reference.stageId();
      StringBuilder walked = new StringBuilder(stageId == null ? "input" : "upstream");
      JsonNode value;
      int next = 0;
      if (stageId == null) {
        value = scope.input();
      } else {
        walked.append(step(new Segment.Field(stageId)));
        JsonNode record =
            !path.isEmpty() && path.get(0).equals(new Segment.Field(RESULT))
                ? scope.result(stageId)
                : null;
        if (record != null) {
          value = record;
          walked.append('.').append(RESULT);
          next = 1;
        } else {
          value = scope.output(stageId);
          if (value == null) {
            throw new MissingPathException("'%s' is missing: no output".formatted(stageId));
          }
        }
      }
      for (; next < path.size(); next++) {
        Segment segment = path.get(next);
        JsonNode found =
            segment instanceof Segment.Field field
                ? value.get(field.name())
                : value.get(((Segment.Item) segment).index());
        if (found == null || found.isMissingNode()) {
          throw new MissingPathException(
              "'%s' is missing: %s is %s".formatted(segment, walked, kind(value)));
        }
        value = found;
        walked.append(step(segment));
      }
      return value;
    }

    private static String step(Segment segment) {
      if (segment instanceof Segment.Field field) {
        String place = fieldPlace("", field.name());
        return place.startsWith("[") ? place : "." + place;
      }
      return segment.toString();
    }

    private static String kind(JsonNode value) {
      return switch (value.getNodeType()) {
        case OBJECT -> "an object without it";
        case ARRAY -> "an array of %d".formatted(value.size());
        case NULL -> "null";
        case STRING -> "a text";
        case NUMBER -> "a number";
        case BOOLEAN -> "true or false";
        case BINARY, MISSING, POJO -> "not JSON";
      };
    }

    /** Counts the value's characters against the limit and looks for references to secrets. */
    private void inspect(JsonNode value, TemplateReference reference) throws TemplateException {
      Deque<JsonNode> open = new ArrayDeque<>();
      open.push(value);
      while (!open.isEmpty()) {
        JsonNode node = open.pop();
        left -= 2;
        if (node.isObject()) {
          if (refusesSecrets && secretName(node) != null) {
            throw new TemplateException(
                ("template '%s': the value holds {\"secret\": …}; secrets are named in the pipeline"
                        + " itself, never in data")
                    .formatted(reference.source()));
          }
          for (Map.Entry<String, JsonNode> field : node.properties()) {
            left -= field.getKey().length();
            open.push(field.getValue());
          }
        } else if (node.isArray()) {
          node.forEach(open::push);
        } else {
          left -= node.isTextual() ? node.textValue().length() : node.asText().length();
        }
        if (left < 0) {
          throw new TemplateException(
              "template '%s': the resolved values are larger than %d characters together"
                  .formatted(reference.source(), MOST_CHARACTERS),
              true);
        }
      }
    }
  }

  /** A path that is missing at run time, before a default is considered. */
  private static final class MissingPathException extends Exception {
    MissingPathException(String message) {
      super(message);
    }
  }
}
