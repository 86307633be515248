package dev.federated.stage;

import dev.federated.model.TaskPriority;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.Priority;
import org.jspecify.annotations.Nullable;

/** The order in which waiting tasks are taken, as Temporal's options. */
public final class TaskPriorities {
  private TaskPriorities() {}

  /** The same in the words of a stage, or null if it is what the server does by itself. */
  public static @Nullable TaskPriority of(@Nullable Priority priority) {
    if (priority == null) {
      return null;
    }
    TaskPriority same =
        new TaskPriority(
            priority.getPriorityKey() == 0 ? null : priority.getPriorityKey(),
            priority.getFairnessKey(),
            priority.getFairnessWeight() == 0 ? null : (double) priority.getFairnessWeight());
    return same.equals(TaskPriority.NONE) ? null : same;
  }

  /** Gives an activity that priority; null leaves it as it is. */
  public static ActivityOptions.Builder apply(
      @Nullable TaskPriority priority, ActivityOptions.Builder options) {
    if (priority == null) {
      return options;
    }
    Priority.Builder builder = Priority.newBuilder();
    if (priority.priority() != null) {
      builder.setPriorityKey(priority.priority());
    }
    if (priority.fairnessKey() != null) {
      builder.setFairnessKey(priority.fairnessKey());
    }
    if (priority.fairnessWeight() != null) {
      builder.setFairnessWeight(priority.fairnessWeight().floatValue());
    }
    return options.setPriority(builder.build());
  }
}
