package dev.federated.activities.remote;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks regions for their health in the background, each at most once at a time. */
public final class RegionProber {
  /** How long a region's health may take: 5 s. */
  public static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(RegionProber.class);

  private final Executor executor;
  private final RegionListener listener;
  private final Duration timeout;
  private final Set<String> inFlight = ConcurrentHashMap.newKeySet();

  /**
   * A prober.
   *
   * @param executor where probes run; it bounds how many run at once
   * @param listener is told of every probe
   * @param timeout longest time for one
   */
  public RegionProber(Executor executor, RegionListener listener, Duration timeout) {
    this.executor = executor;
    this.listener = listener;
    this.timeout = timeout;
  }

  /** Probes the region now, unless that is being done; never blocks. */
  public void request(RegionProtocolClient client) {
    String region = client.region().name();
    if (!inFlight.add(region)) {
      return;
    }
    try {
      executor.execute(
          () -> {
            RegionProbe probe;
            try {
              probe = client.probe(timeout);
            } catch (RuntimeException e) {
              log.warn("Probing region {} failed: {}", region, e.getClass().getName());
              return;
            } finally {
              inFlight.remove(region);
            }
            listener.probed(probe);
          });
    } catch (RejectedExecutionException e) {
      inFlight.remove(region);
      log.debug("Not probing region {}: shutting down", region);
    }
  }
}
