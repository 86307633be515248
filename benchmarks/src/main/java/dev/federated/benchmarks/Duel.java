package dev.federated.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs contestants against each other on the same machine at the same time: one client alternates
 * single calls, several clients alternate blocks of calls, and who begins changes each time, so
 * that whatever else the machine does hits all of them alike.
 */
final class Duel {
  /** Clients that warm up: as many calls at once as keep a small machine busy. */
  private static final int WARM_UP_CLIENTS = 8;

  private static final int WARM_UP_BLOCK = 100;

  private final Scale scale;

  Duel(Scale scale) {
    this.scale = scale;
  }

  /**
   * Calls each contestant until the JVM has compiled what it runs: more code takes longer to be
   * compiled, which is a matter of the first minute and not of a worker that runs for days.
   *
   * @param stages what a call is worth: one of several stages is repeated less often
   */
  void warmUp(List<Contestant> contestants, int stages) throws Exception {
    List<Measured> unused = contestants.stream().map(c -> new Measured(c.name())).toList();
    for (int calls = 0; calls < scale.warmUp() / stages; calls += WARM_UP_BLOCK) {
      block(contestants, unused, WARM_UP_CLIENTS, WARM_UP_BLOCK, calls);
    }
  }

  /**
   * Measures, after a block that does not count.
   *
   * @param clients calls that run at once
   * @return what was measured of each, in their order
   */
  List<Measured> run(List<Contestant> contestants, int clients) throws Exception {
    return run(contestants, clients, scale.blocks(), scale.calls(clients));
  }

  /** As {@link #run(List, int)} with so many blocks of so many calls. */
  List<Measured> run(List<Contestant> contestants, int clients, int blocks, int calls)
      throws Exception {
    List<Measured> measured =
        contestants.stream().map(contestant -> new Measured(contestant.name())).toList();
    List<Measured> unused = contestants.stream().map(c -> new Measured(c.name())).toList();
    block(contestants, unused, clients, Math.max(clients, calls / 2), 0);
    for (int block = 0; block < blocks; block++) {
      block(contestants, measured, clients, calls, block);
    }
    // The report goes to stdout; this is for whoever waits for it.
    for (Measured one : measured) {
      System.err.printf(
          "%d clients: %s %.1f/s, p50 %.0f ms%n", clients, one.name(), one.throughput(), one.p50());
    }
    return measured;
  }

  private static void block(
      List<Contestant> contestants, List<Measured> measured, int clients, int calls, int first)
      throws Exception {
    if (clients == 1) {
      alternate(contestants, measured, calls);
      return;
    }
    for (int i = 0; i < contestants.size(); i++) {
      int turn = (first + i) % contestants.size();
      together(contestants.get(turn).call(), measured.get(turn), clients, calls);
    }
  }

  private static void alternate(List<Contestant> contestants, List<Measured> measured, int calls)
      throws Exception {
    List<List<Long>> nanos = new ArrayList<>();
    List<List<String>> ids = new ArrayList<>();
    contestants.forEach(
        contestant -> {
          nanos.add(new ArrayList<>());
          ids.add(new ArrayList<>());
        });
    for (int call = 0; call < calls; call++) {
      for (int i = 0; i < contestants.size(); i++) {
        int turn = (call + i) % contestants.size();
        long start = System.nanoTime();
        ids.get(turn).add(contestants.get(turn).call().run());
        nanos.get(turn).add(System.nanoTime() - start);
      }
    }
    for (int i = 0; i < contestants.size(); i++) {
      double seconds = nanos.get(i).stream().mapToLong(Long::longValue).sum() / 1e9;
      measured.get(i).add(nanos.get(i), seconds, ids.get(i));
    }
  }

  private static void together(Contestant.Call call, Measured measured, int clients, int calls)
      throws Exception {
    List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
    List<String> ids = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger left = new AtomicInteger(calls);
    Callable<Boolean> client =
        () -> {
          while (left.getAndDecrement() > 0) {
            long start = System.nanoTime();
            ids.add(call.run());
            nanos.add(System.nanoTime() - start);
          }
          return true;
        };
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    try {
      long start = System.nanoTime();
      for (Future<Boolean> done : threads.invokeAll(Collections.nCopies(clients, client))) {
        done.get();
      }
      measured.add(nanos, (System.nanoTime() - start) / 1e9, ids);
    } finally {
      threads.shutdownNow();
    }
  }
}
