package dev.federated.parsing;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with a document or a command.
 *
 * @param file the document, or the option, that is wrong
 * @param path the place in it, such as {@code stages[1].federation.strategy}; empty for the whole
 * @param value what stands there, shortened; null if nothing does or if it may be a secret
 * @param message what is wrong and what is expected
 * @param suggestions the nearest valid names, best first
 */
@JsonInclude
public record Problem(
    String file, String path, @Nullable JsonNode value, String message, List<String> suggestions) {
  public Problem {
    suggestions = List.copyOf(suggestions);
  }

  /** The problem on one line, as a person reads it. */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(file);
    if (!path.isEmpty()) {
      line.append(": ").append(path);
    }
    line.append(": ").append(message);
    if (value != null) {
      line.append(" (found ").append(value).append(')');
    }
    if (!suggestions.isEmpty()) {
      line.append("; did you mean ").append(String.join(" or ", suggestions)).append('?');
    }
    return line.toString();
  }
}
