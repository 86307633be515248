package dev.federated.benchmarks;

/**
 * How much is measured.
 *
 * @param blocks interleaved blocks of each contestant; medians are taken over these
 * @param calls calls of one block at concurrency 1; more clients make more calls
 * @param starts processes that are started of each kind
 * @param warmUp calls of each contestant before the first of a table counts
 * @param quick whether figures may be rough
 */
record Scale(int blocks, int calls, int starts, int warmUp, boolean quick) {
  /** At least 150 calls of each contestant at concurrency 1. */
  static final Scale FULL = new Scale(7, 24, 15, 1_000, false);

  /** About a quarter of that: figures within minutes, with more noise. */
  static final Scale SHORT = new Scale(3, 12, 9, 500, false);

  /** Enough to see that everything runs. */
  static final Scale QUICK = new Scale(2, 4, 3, 0, true);

  /** Calls of one block by that many clients: at least three of each, one if it may be rough. */
  int calls(int clients) {
    return Math.max(clients == 1 ? calls : 2 * calls, (quick ? 1 : 3) * clients);
  }
}
