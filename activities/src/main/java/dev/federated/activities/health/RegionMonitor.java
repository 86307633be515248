package dev.federated.activities.health;

import dev.federated.activities.remote.RegionProber;
import dev.federated.activities.remote.RegionProtocolClient;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTransport;
import dev.federated.stage.FederatedQueues;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a {@link RegionView} fresh: asks every enabled region for its health and the Temporal
 * server for the region's queue, once per health check interval and at once after a failure.
 * Regions that are away are asked more often, so that they are back soon.
 */
public final class RegionMonitor implements AutoCloseable {
  /** Pause between looks at regions that are away, unless the interval is shorter: 5 s. */
  private static final Duration RECHECK = Duration.ofSeconds(5);

  /** Pause between looks at queues that nobody polls yet: 1 s. Stages may be waiting for them. */
  private static final Duration RECHECK_SETTLING = Duration.ofSeconds(1);

  /** Looks at once; a hundred silent regions take 35 s of them. */
  private static final int THREADS = 16;

  private static final int IDLE_SECONDS = 30;

  private static final Logger log = LoggerFactory.getLogger(RegionMonitor.class);

  private final RegionView view;
  private final Duration interval;
  private final QueueStatistics statistics;
  private final Function<RegionConfig, @Nullable RegionProtocolClient> clientOf;
  private final Map<String, Watched> watched = new ConcurrentHashMap<>();
  private final ThreadPoolExecutor lookers;
  private final ScheduledExecutorService schedule;
  private final RegionProber prober;
  private final Set<String> reading = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean statisticsOff = new AtomicBoolean();
  private final AtomicBoolean statisticsFail = new AtomicBoolean();

  /**
   * A monitor that does nothing until it is started, but for probes that are requested.
   *
   * @param config its regions and the interval
   * @param view what it feeds; probes that the view asks for are made here
   * @param clients makes a client for a region that has an endpoint, or null if it cannot be probed
   *     from here
   * @param statistics tells of task queues
   */
  public RegionMonitor(
      FederationConfig config,
      RegionView view,
      Function<RegionConfig, @Nullable RegionProtocolClient> clients,
      QueueStatistics statistics) {
    this.view = view;
    this.interval = Duration.ofMillis((long) (config.healthCheckIntervalSeconds() * 1000));
    this.statistics = statistics;
    this.clientOf = clients;
    watchRegions(config.regions());
    ThreadFactory daemons =
        task -> {
          Thread thread = new Thread(task, "region-monitor");
          thread.setDaemon(true);
          return thread;
        };
    this.lookers =
        new ThreadPoolExecutor(
            THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons);
    this.lookers.allowCoreThreadTimeOut(true);
    this.schedule = Executors.newSingleThreadScheduledExecutor(daemons);
    this.prober = new RegionProber(lookers, view, RegionProber.TIMEOUT);
    view.probeWith(this::requestProbe);
    view.regionsChanged(
        regions -> {
          watchRegions(regions);
          watched.keySet().forEach(this::look);
        });
  }

  /** A region that is looked at. */
  private record Watched(RegionConfig region, @Nullable RegionProtocolClient client) {}

  private void watchRegions(List<RegionConfig> regions) {
    Set<String> names = new HashSet<>();
    for (RegionConfig region : regions) {
      if (region.enabled()) {
        names.add(region.name());
        watched.compute(
            region.name(),
            (name, known) ->
                known != null && known.region().equals(region)
                    ? known
                    : new Watched(
                        region, region.endpoint() == null ? null : clientOf.apply(region)));
      }
    }
    watched.keySet().retainAll(names);
  }

  /** Looks at every region now and from now on. */
  public void start() {
    Duration recheck = interval.compareTo(RECHECK) < 0 ? interval : RECHECK;
    every(interval, Duration.ZERO, this::lookAtAll);
    every(recheck, recheck, this::lookAtAbsent);
    every(RECHECK_SETTLING, RECHECK_SETTLING, this::lookAtSettling);
  }

  private void every(Duration pause, Duration first, Runnable look) {
    var unused =
        schedule.scheduleWithFixedDelay(
            look, first.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Probes a region now, unless that is being done; never blocks. */
  public void requestProbe(String region) {
    Watched known = watched.get(region);
    if (known != null && known.client() != null) {
      prober.request(known.client());
    }
  }

  private void look(String region) {
    requestProbe(region);
    readQueue(region);
  }

  private void lookAtAll() {
    watched.keySet().forEach(this::look);
  }

  private void lookAtAbsent() {
    for (String region : watched.keySet()) {
      if (Boolean.FALSE.equals(view.online(region))) {
        requestProbe(region);
      }
      if (Boolean.FALSE.equals(view.polled(region))) {
        readQueue(region);
      }
    }
  }

  private void lookAtSettling() {
    for (String region : watched.keySet()) {
      if (view.settling(region)) {
        readQueue(region);
      }
    }
  }

  private void readQueue(String region) {
    Watched known = watched.get(region);
    // The queue of a region in another namespace is not one of this namespace.
    boolean elsewhere = known != null && known.region().transport() == RegionTransport.NEXUS;
    if (elsewhere || statisticsOff.get() || !reading.add(region)) {
      return;
    }
    try {
      lookers.execute(
          () -> {
            QueueStatistics.@Nullable QueueState queue;
            try {
              queue = read(region);
            } finally {
              reading.remove(region);
            }
            if (queue != null) {
              view.statistics(region, queue);
            }
          });
    } catch (RejectedExecutionException e) {
      reading.remove(region);
    }
  }

  private QueueStatistics.@Nullable QueueState read(String region) {
    if (statisticsOff.get()) {
      return null;
    }
    try {
      QueueStatistics.QueueState queue = statistics.read(FederatedQueues.ofRegion(region));
      statisticsFail.set(false);
      return queue;
    } catch (UnsupportedOperationException e) {
      if (statisticsOff.compareAndSet(false, true)) {
        log.info("Selection knows no queues: {}", e.getMessage());
      }
    } catch (RuntimeException e) {
      if (statisticsFail.compareAndSet(false, true)) {
        log.warn("Reading the statistics of task queues fails: {}", e.getMessage());
      }
    }
    return null;
  }

  /** Stops; what is under way is given up. */
  @Override
  public void close() {
    schedule.shutdownNow();
    lookers.shutdownNow();
  }
}
