package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.burt.jmespath.Expression;
import io.burt.jmespath.JmesPathException;
import io.burt.jmespath.RuntimeConfiguration;
import io.burt.jmespath.jackson.JacksonRuntime;
import io.burt.jmespath.parser.ParseError;
import io.burt.jmespath.parser.ParseException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A compiled JMESPath expression (jmespath.org). */
final class JmesPath {
  /** Longer expressions are refused before they are parsed. */
  static final int LONGEST_EXPRESSION = 10_000;

  /**
   * What one expression may make: elements of arrays and objects, and characters. A short
   * expression can double what it works on many times over.
   */
  static final long MOST_MADE = 10_000_000;

  private static final JacksonRuntime RUNTIME = new JacksonRuntime();
  private static final RuntimeConfiguration CONFIGURATION =
      RuntimeConfiguration.defaultConfiguration();
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final String source;
  private final Expression<JsonNode> expression;

  private JmesPath(String source, Expression<JsonNode> expression) {
    this.source = source;
    this.expression = expression;
  }

  /**
   * The expression under the first of these keys that is there, or null.
   *
   * @throws ComponentException if it is not an expression, with the position of the error
   */
  static @Nullable JmesPath of(ConfigValues config, List<String> keys) throws ComponentException {
    for (String key : keys) {
      String text = config.text(key);
      if (text != null) {
        return compile(key, text);
      }
    }
    return null;
  }

  static JmesPath compile(String key, String text) throws ComponentException {
    if (text.length() > LONGEST_EXPRESSION) {
      throw new ComponentException(
          "%s: the expression has %d characters, at most %d are allowed"
              .formatted(key, text.length(), LONGEST_EXPRESSION),
          false);
    }
    try {
      return new JmesPath(text, new MeteredRuntime().compile(text));
    } catch (ParseException e) {
      for (ParseError error : e) {
        throw new ComponentException(
            "%s: '%s' is not a JMESPath expression: %s at position %d"
                .formatted(key, shortened(text), error.message(), error.position()),
            false,
            e);
      }
      throw new ComponentException(
          "%s: '%s' is not a JMESPath expression".formatted(key, shortened(text)), false, e);
    } catch (JmesPathException e) {
      throw new ComponentException(
          "%s: '%s' is not a JMESPath expression: %s"
              .formatted(key, shortened(text), e.getMessage()),
          false,
          e);
    }
  }

  JsonNode search(JsonNode data) throws ComponentException {
    try {
      return expression.search(data);
    } catch (JmesPathException e) {
      throw new ComponentException(
          "'%s' cannot be evaluated: %s".formatted(shortened(source), e.getMessage()), false, e);
    }
  }

  /** False for null, false, and empty texts, arrays and objects; true for the rest. */
  static boolean truthy(JsonNode value) {
    return RUNTIME.isTruthy(value);
  }

  /** Stops an expression that makes too much, or whose execution was cancelled. */
  private static final class MeteredRuntime extends JacksonRuntime {
    private long made;

    MeteredRuntime() {
      super(CONFIGURATION, MAPPER);
    }

    @Override
    public JsonNode createArray(Collection<JsonNode> elements) {
      count(elements.size());
      return super.createArray(elements);
    }

    @Override
    public JsonNode createObject(Map<JsonNode, JsonNode> members) {
      count(members.size());
      return super.createObject(members);
    }

    @Override
    public JsonNode createString(String text) {
      count(text.length());
      return super.createString(text);
    }

    private void count(int more) {
      made += 1L + more;
      if (made > MOST_MADE) {
        throw new JmesPathException(
            "it makes more than %,d elements and characters".formatted(MOST_MADE));
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new JmesPathException("interrupted before it ended");
      }
    }
  }

  private static String shortened(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }
}
