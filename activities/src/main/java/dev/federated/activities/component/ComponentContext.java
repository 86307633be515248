package dev.federated.activities.component;

import java.time.Duration;

/** What belongs to one execution of a component. */
public interface ComponentContext {
  /** The stage that is executed. */
  String stageId();

  /** The same for every attempt of the execution, also after a crash and in another region. */
  String idempotencyKey();

  /**
   * The value of a secret.
   *
   * @throws ComponentException not retryable, if no secret of that name is there for this type
   */
  String secret(String name) throws ComponentException;

  /** The time that is left until nobody waits for the result any more; never negative. */
  Duration remaining();

  /** The largest output in bytes of JSON. */
  int maxOutputBytes();

  /**
   * Registers what stops the work when the execution is cancelled, at once if it already is. The
   * executing thread is interrupted as well. Runs on another thread, at most once.
   */
  void onCancel(Runnable stop);

  /** Adds to the tokens that this execution used; 0 or more. */
  void addTokens(long tokens);

  /** Adds to the cost of this execution; 0 or more. */
  void addCost(double cost);
}
