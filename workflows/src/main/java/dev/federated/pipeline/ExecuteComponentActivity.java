package dev.federated.pipeline;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Executes a stage that is not federated, in a control worker. */
@ActivityInterface
public interface ExecuteComponentActivity {
  /** The activity type. */
  String EXECUTE_COMPONENT = "ExecuteComponent";

  /**
   * Executes the component once.
   *
   * @throws io.temporal.failure.ApplicationFailure of type {@code ComponentFailed}, retryable or
   *     not, or {@code ResponseTooLarge}
   */
  @ActivityMethod(name = EXECUTE_COMPONENT)
  ComponentResponse execute(ComponentRequest request);
}
