package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;

/**
 * A component type: what a stage of that type does. Own types are found by {@link
 * java.util.ServiceLoader}, beside the built-in ones. Thread-safe: one instance executes every
 * stage of its type, many at a time.
 */
public interface StageComponent {
  /** The type as pipelines name it, such as {@code http_request}. */
  String type();

  /**
   * Executes the stage once. An execution may be repeated with the same {@link
   * ComponentContext#idempotencyKey()} after a crash or a timeout, also while an earlier one still
   * runs: whatever must not happen twice has to be tied to that key.
   *
   * @param config the stage's configuration, an object, its secrets already resolved
   * @param inputs the stage's inputs, JSON null if there are none
   * @param context what belongs to this execution
   * @return the output; JSON null is an output
   * @throws ComponentException if it cannot be done
   * @throws InterruptedException if the thread was interrupted because the execution is cancelled
   */
  JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException, InterruptedException;

  /**
   * What is wrong with a configuration, one sentence each that begins with the key; empty if
   * nothing is. Called before each execution, and by validation, where texts may still hold
   * templates.
   */
  default List<String> problems(JsonNode config) {
    return List.of();
  }

  /**
   * Keys of the configuration that carry data rather than settings. No secret is resolved inside
   * them, so that data from outside which looks like {@code {"secret": "name"}} stays data.
   */
  default Set<String> dataKeys() {
    return Set.of();
  }
}
