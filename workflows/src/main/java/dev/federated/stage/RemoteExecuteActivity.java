package dev.federated.stage;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Executes a stage in the region whose worker runs this. */
@ActivityInterface
public interface RemoteExecuteActivity {
  /** The activity type. */
  String REMOTE_EXECUTE = "RemoteExecute";

  /**
   * Executes the stage once.
   *
   * @throws io.temporal.failure.ApplicationFailure with a {@link dev.federated.model.FailureType}
   *     as type and a {@link RemoteFailure} as its one detail
   */
  @ActivityMethod(name = REMOTE_EXECUTE)
  RemoteResponse execute(RemoteRequest request);
}
