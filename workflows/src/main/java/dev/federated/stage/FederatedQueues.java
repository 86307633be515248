package dev.federated.stage;

/** Names of the task queues. */
public final class FederatedQueues {
  /** The queue of control workers: stages, pipelines and local components. */
  public static final String CONTROL = "federation";

  private static final String REGION_PREFIX = CONTROL + ".";

  private FederatedQueues() {}

  /** The queue of that region's workers. */
  public static String ofRegion(String region) {
    return REGION_PREFIX + region;
  }

  /** The region whose queue this is, or null if it is no region's. */
  public static @org.jspecify.annotations.Nullable String regionOf(String taskQueue) {
    return taskQueue.startsWith(REGION_PREFIX) ? taskQueue.substring(REGION_PREFIX.length()) : null;
  }
}
