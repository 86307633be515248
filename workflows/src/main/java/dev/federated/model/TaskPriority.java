package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * In which order the executions that wait in a region's queue are taken, where the Temporal server
 * supports that.
 *
 * @param priority 1 to 5, 1 goes first; null means the server's default, 3
 * @param fairnessKey executions of one priority are taken from their keys in turn, at most 64
 *     bytes; null means that all share one
 * @param fairnessWeight the share of the key, 0.001 to 1000; null means 1
 */
@WireRecord
public record TaskPriority(
    @Nullable Integer priority, @Nullable String fairnessKey, @Nullable Double fairnessWeight) {
  /** What the server does by itself. */
  public static final TaskPriority NONE = new TaskPriority(null, null, null);

  /** The same with another priority. */
  public TaskPriority withPriority(@Nullable Integer priority) {
    return new TaskPriority(priority, fairnessKey, fairnessWeight);
  }

  /** The same with another fairness key. */
  public TaskPriority withFairnessKey(@Nullable String fairnessKey) {
    return new TaskPriority(priority, fairnessKey, fairnessWeight);
  }

  /** The same with another fairness weight. */
  public TaskPriority withFairnessWeight(@Nullable Double fairnessWeight) {
    return new TaskPriority(priority, fairnessKey, fairnessWeight);
  }

  /** The same, with those values where it has none; a weight belongs to its key. */
  public TaskPriority orElse(TaskPriority other) {
    return new TaskPriority(
        priority == null ? other.priority : priority,
        fairnessKey == null ? other.fairnessKey : fairnessKey,
        fairnessKey == null && fairnessWeight == null ? other.fairnessWeight : fairnessWeight);
  }
}
