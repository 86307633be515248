package dev.federated.stage;

import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.List;

/**
 * The look at the world that a stage decides on. Where a deployment has just been started, the
 * control worker may know the task queues of regions before their workers poll them; a stage that
 * would fail of that waits for a moment, for it was not started in a wrong place but too early.
 */
final class FirstLook {
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /** A world stops to settle before; this bounds what a stage waits if control workers change. */
  private static final int MOST_LOOKS = 10;

  private FirstLook() {}

  /**
   * The recorded snapshot; a further one for each time that the stage has waited.
   *
   * @param details whether the stage keeps the details of its workflow
   */
  static WorldSnapshot at(World world, StageRequest request, String runKey, boolean details) {
    WorldSnapshot seen = look(world, request, runKey);
    for (int looks = 1; Boolean.TRUE.equals(seen.settling()) && looks < MOST_LOOKS; looks++) {
      if (details) {
        Workflow.setCurrentDetails(
            StageDetails.table(
                "waiting for workers",
                "nobody polls the task queues of its regions yet",
                "no region is eligible",
                List.of()));
      }
      Workflow.sleep(PAUSE);
      seen = look(world, request, runKey);
    }
    return seen;
  }

  private static WorldSnapshot look(World world, StageRequest request, String runKey) {
    return Workflow.sideEffect(WorldSnapshot.class, () -> world.snapshot(request, runKey));
  }
}
