package dev.federated.ledger;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Reads closed stages from the server, on a control worker. */
@ActivityInterface
public interface CollectStagesActivity {
  /** Its activity type. */
  String COLLECT_STAGES = "CollectStages";

  /** Failure type where the server lists no workflows. */
  String NOT_LISTED = "VisibilityUnavailable";

  /**
   * Sums up the stages that closed and were not counted yet.
   *
   * @throws io.temporal.failure.ApplicationFailure of type {@link #NOT_LISTED} if the server lists
   *     no workflows
   */
  @ActivityMethod(name = COLLECT_STAGES)
  CollectedStages collect(CollectRequest request);
}
