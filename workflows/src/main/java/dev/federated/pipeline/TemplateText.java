package dev.federated.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.federated.parsing.NearestNames;
import dev.federated.pipeline.TemplateReference.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A string with templates, taken apart in one pass from left to right.
 *
 * @param parts literal text and templates in their order
 */
record TemplateText(List<Part> parts) {
  /** A piece of the string. */
  sealed interface Part {
    /**
     * Text that stays as it is.
     *
     * @param text the text, escapes undone
     */
    record Literal(String text) implements Part {}

    /**
     * A template.
     *
     * @param reference what it refers to
     */
    record Expression(TemplateReference reference) implements Part {}
  }

  TemplateText {
    parts = List.copyOf(parts);
  }

  static final List<String> ROOTS = List.of("input", "upstream", "stages");

  private static final int DEEPEST_LITERAL = 200;
  private static final int LONGEST_EXCERPT = 80;
  private static final int LONGEST_INDEX = 9;
  private static final int LOOK_BACK = 200;
  private static final Pattern LOOKS_LIKE_PATH =
      Pattern.compile("(?:input|upstream|stages)(?:[.\\[].*)?");
  private static final ObjectReader LITERALS =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build()
          .readerFor(JsonNode.class);

  /**
   * Takes a string apart.
   *
   * @param place where the string stands, for the references
   * @throws TemplateException if a template is malformed or not closed
   */
  static TemplateText parse(String text, String place) throws TemplateException {
    if (!text.contains("{{") && !text.contains("}}")) {
      return new TemplateText(List.of(new Part.Literal(text)));
    }
    return new Scanner(text, place).scan();
  }

  /** The only template of a string that is nothing but one template; null for any other. */
  @Nullable TemplateReference whole() {
    return parts.size() == 1 && parts.get(0) instanceof Part.Expression expression
        ? expression.reference()
        : null;
  }

  List<TemplateReference> references() {
    List<TemplateReference> references = new ArrayList<>();
    for (Part part : parts) {
      if (part instanceof Part.Expression expression) {
        references.add(expression.reference());
      }
    }
    return references;
  }

  /** Reads one string; used once. */
  private static final class Scanner {
    private final String text;
    private final String place;
    private final List<Part> parts = new ArrayList<>();
    private final StringBuilder literal = new StringBuilder();
    private int at;
    private int start;

    Scanner(String text, String place) {
      this.text = text;
      this.place = place;
    }

    TemplateText scan() throws TemplateException {
      int open = 0;
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '\\' && text.startsWith("{{", at + 1)) {
          literal.append("{{");
          open += 2;
          at += 3;
        } else if (text.startsWith("{{", at)) {
          endLiteral();
          parts.add(new Part.Expression(reference()));
        } else if (open < 2 && text.startsWith("}}", at) && followsPath()) {
          throw new TemplateException(
              "'%s}}' is closed but not opened with {{".formatted(excerptBefore()));
        } else {
          if (c == '{') {
            open++;
          } else if (c == '}' && open > 0) {
            open--;
          }
          literal.append(c);
          at++;
        }
      }
      endLiteral();
      return new TemplateText(parts.isEmpty() ? List.of(new Part.Literal("")) : parts);
    }

    private void endLiteral() {
      if (!literal.isEmpty()) {
        parts.add(new Part.Literal(literal.toString()));
        literal.setLength(0);
      }
    }

    /** Other text may well hold }}, such as JSON or a JMESPath expression; a bare path not. */
    private boolean followsPath() {
      return LOOKS_LIKE_PATH.matcher(excerptBefore()).matches();
    }

    private String excerptBefore() {
      int end = at;
      while (end > 0 && at - end < LOOK_BACK && text.charAt(end - 1) == ' ') {
        end--;
      }
      int from = end;
      while (from > 0 && end - from < LOOK_BACK && isPathCharacter(text.charAt(from - 1))) {
        from--;
      }
      return text.substring(from, end);
    }

    private static boolean isPathCharacter(char c) {
      return Character.isLetterOrDigit(c) || "_-$@.[]\"".indexOf(c) >= 0;
    }

    private TemplateReference reference() throws TemplateException {
      start = at;
      at += 2;
      skipSpace();
      String root = name("a path such as input.x or upstream.stage.x");
      if (!ROOTS.contains(root)) {
        List<String> near = NearestNames.of(root, ROOTS);
        throw malformed(
            "begins with '%s'; valid: %s%s"
                .formatted(
                    root,
                    String.join(", ", ROOTS),
                    near.isEmpty() ? "" : "; did you mean " + near.get(0) + "?"));
      }
      List<Segment> path = path();
      skipSpace();
      JsonNode fallback = null;
      if (text.startsWith("??", at)) {
        at += 2;
        skipSpace();
        fallback = jsonLiteral();
        skipSpace();
      }
      if (!text.startsWith("}}", at)) {
        throw malformed(
            at >= text.length() || text.charAt(at) == '}'
                ? "is not closed with }}"
                : "has an unexpected '%s'; names with other characters than letters, digits, _ and -"
                        .formatted(character())
                    + " stand as [\"name\"], a default follows ??");
      }
      at += 2;
      String source = text.substring(start, at);
      if (root.equals("input")) {
        return new TemplateReference(place, source, null, path, fallback);
      }
      if (path.isEmpty() || !(path.get(0) instanceof Segment.Field stage)) {
        throw malformed("has to name a stage, as in {{%s.stage.x}}".formatted(root));
      }
      return new TemplateReference(
          place, source, stage.name(), path.subList(1, path.size()), fallback);
    }

    private List<Segment> path() throws TemplateException {
      List<Segment> path = new ArrayList<>();
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '.') {
          at++;
          path.add(new Segment.Field(name("a name after the dot")));
        } else if (c == '[') {
          at++;
          path.add(bracket());
        } else {
          break;
        }
      }
      return path;
    }

    private Segment bracket() throws TemplateException {
      Segment segment;
      if (at < text.length() && text.charAt(at) == '"') {
        segment = new Segment.Field(parseJson(stringLiteral()).textValue());
      } else {
        int from = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
          at++;
        }
        if (at == from || at - from > LONGEST_INDEX) {
          throw malformed(
              "needs a position or a name in double quotes after [, as in [0] or [\"name\"]");
        }
        segment = new Segment.Item(Integer.parseInt(text.substring(from, at)));
      }
      if (at >= text.length() || text.charAt(at) != ']') {
        throw malformed("has a [ without ]");
      }
      at++;
      return segment;
    }

    private String name(String expected) throws TemplateException {
      int from = at;
      while (at < text.length()) {
        int c = text.codePointAt(at);
        if (!Character.isLetterOrDigit(c) && c != '_' && c != '-' && c != '$' && c != '@') {
          break;
        }
        at += Character.charCount(c);
      }
      if (at == from) {
        throw malformed(at >= text.length() ? "is not closed with }}" : "needs " + expected);
      }
      return text.substring(from, at);
    }

    private JsonNode jsonLiteral() throws TemplateException {
      if (at >= text.length()) {
        throw malformed("is not closed with }}");
      }
      char c = text.charAt(at);
      if (c == '"') {
        return parseJson(stringLiteral());
      }
      if (c == '{' || c == '[') {
        return parseJson(container());
      }
      int from = at;
      while (at < text.length()
          && text.charAt(at) != '}'
          && !Character.isWhitespace(text.charAt(at))) {
        at++;
      }
      return parseJson(text.substring(from, at));
    }

    private String stringLiteral() throws TemplateException {
      int from = at;
      skipString();
      return text.substring(from, at);
    }

    private void skipString() throws TemplateException {
      at++;
      while (at < text.length() && text.charAt(at) != '"') {
        at += text.charAt(at) == '\\' ? 2 : 1;
      }
      if (at >= text.length()) {
        throw malformed("has a double quote that is not closed");
      }
      at++;
    }

    private String container() throws TemplateException {
      int from = at;
      int depth = 0;
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '"') {
          skipString();
          continue;
        }
        at++;
        if (c == '{' || c == '[') {
          depth++;
          if (depth > DEEPEST_LITERAL) {
            throw malformed("has a default nested deeper than " + DEEPEST_LITERAL);
          }
        } else if (c == '}' || c == ']') {
          depth--;
          if (depth == 0) {
            return text.substring(from, at);
          }
        }
      }
      throw malformed("has a default that is not closed");
    }

    private JsonNode parseJson(String json) throws TemplateException {
      try {
        JsonNode value = json.isEmpty() ? null : LITERALS.readTree(json);
        if (value != null && !value.isMissingNode()) {
          return value;
        }
      } catch (JsonProcessingException e) {
        // The parser's own message repeats the text; ours names the template already.
      }
      throw malformed("needs JSON after ?? and in quotes: 5, true, null, \"text\", {\"a\": []}");
    }

    private void skipSpace() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
    }

    private String character() {
      return Character.toString(text.codePointAt(at));
    }

    private TemplateException malformed(String why) {
      int end = Math.min(text.length(), start + LONGEST_EXCERPT);
      int close = text.substring(start, end).indexOf("}}");
      String excerpt =
          close >= 0
              ? text.substring(start, start + close + 2)
              : text.substring(start, end) + (end < text.length() ? "…" : "");
      return new TemplateException("template '%s' %s".formatted(excerpt, why));
    }
  }
}
