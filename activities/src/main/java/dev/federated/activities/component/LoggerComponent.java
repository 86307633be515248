package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * {@code logger}: logs {@code message} at {@code level} (default info) with {@code data} (default
 * the inputs), shortened, and gives the data. Nothing in its configuration is resolved as a secret.
 */
final class LoggerComponent implements StageComponent {
  private static final Logger log = LoggerFactory.getLogger("dev.federated.stage");
  private static final int LONGEST_DATA = 2_000;
  private static final List<String> LEVELS = List.of("trace", "debug", "info", "warn", "error");
  private static final ConfigShape SHAPE =
      ConfigShape.empty().data("message").optional("level", ConfigShape.Kind.TEXT).data("data");

  @Override
  public String type() {
    return "logger";
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    String level = values.text("level", "info").toLowerCase(Locale.ROOT);
    if (!LEVELS.contains(level)) {
      throw ConfigValues.wrong("level", "one of " + String.join(", ", LEVELS));
    }
    JsonNode data = values.data("data", inputs);
    JsonNode message = values.node("message");
    log.atLevel(Level.valueOf(level.toUpperCase(Locale.ROOT)))
        .log(
            "{}: {} {}",
            context.stageId(),
            message == null
                ? ""
                : line(message.isTextual() ? message.asText() : message.toString()),
            line(data.toString()));
    return data;
  }

  /** One line: a line break in data must not look like another log line. */
  private static String line(String text) {
    String shortened = text.length() <= LONGEST_DATA ? text : text.substring(0, LONGEST_DATA) + "…";
    return shortened.replaceAll("\\p{Cntrl}", " ");
  }

  @Override
  public List<String> problems(JsonNode config) {
    List<String> problems = new ArrayList<>(SHAPE.problems(config));
    JsonNode level = config.path("level");
    if (level.isTextual()
        && !level.asText().contains("{{")
        && !LEVELS.contains(level.asText().toLowerCase(Locale.ROOT))) {
      problems.add("level: has to be one of " + String.join(", ", LEVELS));
    }
    return problems;
  }

  @Override
  public Set<String> dataKeys() {
    return SHAPE.dataKeys();
  }
}
