package dev.federated.parsing;

import dev.federated.model.TaskPriority;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads in which order waiting executions are taken, for a stage or a whole pipeline. */
public final class TaskPriorityParser {
  private static final int MOST_KEY_BYTES = 64;
  private static final double LEAST_WEIGHT = 0.001;
  private static final double MOST_WEIGHT = 1_000;

  private TaskPriorityParser() {}

  /** Reads the keys; null if the block has none of them. */
  public static @Nullable TaskPriority parse(StrictObject block) {
    Integer priority = block.has("priority") ? (int) block.integer("priority", 1, 5, 3) : null;
    String key = block.text("fairness_key");
    if (key != null && bytes(key) > MOST_KEY_BYTES) {
      block
          .problems()
          .add(
              block.pathOf("fairness_key"),
              block.node("fairness_key"),
              "has %d bytes, at most %d".formatted(bytes(key), MOST_KEY_BYTES));
    }
    Double weight = block.number("fairness_weight", LEAST_WEIGHT, MOST_WEIGHT);
    if (block.has("fairness_weight") && !block.has("fairness_key")) {
      block
          .problems()
          .add(
              block.pathOf("fairness_weight"),
              block.node("fairness_weight"),
              "is only read with fairness_key");
    }
    TaskPriority read = new TaskPriority(priority, key, weight);
    return read.equals(TaskPriority.NONE) ? null : read;
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
