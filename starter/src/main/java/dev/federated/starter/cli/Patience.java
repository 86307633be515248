package dev.federated.starter.cli;

import java.time.Duration;

/**
 * How an execution is waited for.
 *
 * @param live whether stderr is a terminal, on which a line can be drawn again
 * @param forWorker how long a worker may take to pick an execution up
 * @param forCancellation how long an execution may take to end after it was cancelled; less than
 *     {@link Interruption#LONGEST_STOP}, because the command still has to print and to close
 */
record Patience(boolean live, Duration forWorker, Duration forCancellation) {
  /** 30 s for a worker and 8 s for a cancellation. */
  static Patience usual(boolean live) {
    return new Patience(live, Duration.ofSeconds(30), Duration.ofSeconds(8));
  }
}
