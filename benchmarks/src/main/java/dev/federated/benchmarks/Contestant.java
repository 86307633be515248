package dev.federated.benchmarks;

/**
 * Something whose speed is measured against others.
 *
 * @param name how the tables name it
 * @param call does it once and waits for its result
 */
record Contestant(String name, Call call) {
  /** One execution. */
  interface Call {
    /**
     * Executes once and waits.
     *
     * @return the workflow's id, or an empty text where there is none
     */
    String run() throws Exception;
  }

  /** The same under another name: the control, which shows how far equal things differ. */
  Contestant named(String other) {
    return new Contestant(other, call);
  }
}
