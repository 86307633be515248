package dev.federated.worker;

import dev.federated.activities.component.ComponentException;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.ComponentLimits;
import dev.federated.activities.component.ComponentOutcome;
import dev.federated.activities.component.ExecuteComponentActivityImpl;
import dev.federated.activities.health.RegionMonitor;
import dev.federated.activities.health.RegionView;
import dev.federated.activities.health.TemporalQueueStatistics;
import dev.federated.activities.ledger.CollectStagesActivityImpl;
import dev.federated.activities.ledger.LedgerLink;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.reference.InputReferences;
import dev.federated.activities.remote.CircuitBreakers;
import dev.federated.activities.remote.ClusterProbeActivityImpl;
import dev.federated.activities.remote.ProbeRegionActivityImpl;
import dev.federated.activities.remote.Redaction;
import dev.federated.activities.remote.RegionCluster;
import dev.federated.activities.remote.RegionProber;
import dev.federated.activities.remote.RegionProtocolClient;
import dev.federated.activities.remote.RemoteExecuteActivityImpl;
import dev.federated.activities.slots.RegionSlots;
import dev.federated.activities.slots.SlotLease;
import dev.federated.activities.tracing.Tracing;
import dev.federated.aggregation.Aggregator;
import dev.federated.claimcheck.LargeData;
import dev.federated.claimcheck.LargeDataUse;
import dev.federated.model.CircuitState;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTls;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.stage.PayloadSizes;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.worker.cluster.RegionClusters;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.config.ProcessSecrets;
import dev.federated.worker.config.SecretResolver;
import dev.federated.worker.tls.TlsFiles;
import io.temporal.client.WorkflowClient;
import io.temporal.failure.ApplicationFailure;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the workers of one process share: connections, threads, breakers, components, the view. */
final class FederationServices implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FederationServices.class);

  /** Threads that send heartbeats and watch deadlines of region calls. */
  private static final int SCHEDULER_THREADS = 2;

  private final FederationConfig federation;
  private final FederationFile file;
  private final SecretResolver resolver;
  private final FederationMetrics metrics;
  private final LargeData largeData;
  private final Tracing tracing;
  private final Clock clock = Clock.systemUTC();
  private final OkHttpClient http = new OkHttpClient();
  private final ScheduledExecutorService scheduler =
      Executors.newScheduledThreadPool(SCHEDULER_THREADS, daemons("federation-heartbeats"));
  private final CircuitBreakers breakers = new CircuitBreakers(clock);
  private final SearchAttributeCheck searchAttributes = new SearchAttributeCheck();
  private final RegionView view;
  private final RegionProber prober;
  private final Aggregator aggregator;
  private final ComponentExecutor components;
  private final RegionClusters clusters;
  private final InputReferences references;
  private final List<AutoCloseable> closeables = new ArrayList<>();
  private volatile ProcessSecrets namedSecrets = ProcessSecrets.NONE;
  private @Nullable RegionMonitor monitor;
  private @Nullable LargeDataSweeper sweeper;
  private final Map<String, RegionSlots> slots = new ConcurrentHashMap<>();
  private volatile @Nullable LedgerLink ledger;
  private @Nullable SlotLease lease;

  FederationServices(
      FederationConfig federation,
      Path federationFile,
      Map<String, String> environment,
      Path databaseFile,
      FederationMetrics metrics,
      LargeData largeData,
      Tracing tracing) {
    this.federation = federation;
    this.file = new FederationFile(federationFile.toString(), federationFile, federation);
    this.resolver = new SecretResolver(environment);
    this.clusters = new RegionClusters(environment);
    this.metrics = metrics;
    this.largeData = largeData;
    this.tracing = tracing;
    this.view = new RegionView(federation, clock, searchAttributes::present);
    if (largeData.isPresent()) {
      view.largestPayloadBytes(PayloadSizes.MAX_STORED_PAYLOAD_BYTES);
    }
    watchMetrics();
    this.prober = new RegionProber(scheduler, view, RegionProber.TIMEOUT);
    this.aggregator = LoadedAggregator.load();
    this.references = new InputReferences(federation.referencesAllow(), federation.outboundAllow());
    this.components =
        ComponentExecutor.builder()
            .secrets((name, type) -> namedSecrets.named().resolve(name, type))
            .maxOutputBytes(federation.maxOutputBytes())
            .outboundAllow(federation.outboundAllow())
            .databaseFile(databaseFile)
            .build();
  }

  private void watchMetrics() {
    view.watch(metrics);
    for (String region : federation.regionNames()) {
      metrics.watchBreaker(region, () -> breaker(region));
    }
    metrics.watchHttp(
        http.connectionPool()::connectionCount, http.connectionPool()::idleConnectionCount);
    LargeDataUse use = largeData.use();
    if (use != null) {
      metrics.watchLargeData(use);
    }
    metrics.watchLedger(
        () -> {
          LedgerLink link = ledger;
          return link == null ? null : link.ageSeconds();
        });
  }

  /** The region's worker has a breaker of its own beside that of the view; the shut one counts. */
  private CircuitState breaker(String region) {
    CircuitState ofWorker = breakers.state(region);
    return ofWorker == CircuitState.CLOSED ? view.circuit(region) : ofWorker;
  }

  FederationMetrics metrics() {
    return metrics;
  }

  /** What the control worker knows. */
  RegionView view() {
    return view;
  }

  /** The aggregations that this process carries. */
  Aggregator aggregator() {
    return aggregator;
  }

  /**
   * The activities of a control worker.
   *
   * @throws dev.federated.parsing.InvalidDocumentException if a secret is missing, or outputs may
   *     be larger than this process can hand over
   */
  Object[] controlActivities() {
    checkOutputLimit();
    namedSecrets = resolver.forControl(file);
    ExecuteComponentActivityImpl execute =
        new ExecuteComponentActivityImpl(components, federation.maxOutputBytes());
    closeables.add(execute);
    return new Object[] {execute, new CollectStagesActivityImpl(clock)};
  }

  /**
   * The activities of a region worker.
   *
   * @throws dev.federated.parsing.InvalidDocumentException if a secret is missing, or outputs may
   *     be larger than this process can hand over
   */
  Object[] regionActivities(RegionConfig region) {
    checkOutputLimit();
    ProcessSecrets secrets = resolver.forRegions(file, List.of(region.name()));
    if (region.endpoint() == null) {
      namedSecrets = secrets;
    }
    RegionProtocolClient client = region.endpoint() == null ? null : client(region, secrets);
    view.localWorkers(List.of(region.name()));
    RemoteExecuteActivityImpl execute =
        RemoteExecuteActivityImpl.builder(region, breakers, metrics, scheduler)
            .client(client)
            .local(this::executeLocally)
            .maxOutputBytes(OutputLimit.bytes(largeData))
            .references(references)
            .prober(prober)
            .listener(view)
            .tracing(tracing)
            .build();
    return new Object[] {execute, new ProbeRegionActivityImpl(region, client, view, metrics)};
  }

  /** The slots of a region's worker: none until the ledger grants some to this process. */
  RegionSlots slots(RegionConfig region) {
    RegionSlots served =
        slots.computeIfAbsent(region.name(), name -> new RegionSlots(region.maxConcurrent()));
    metrics.watchSlots(region.name(), served::granted);
    return served;
  }

  /**
   * The activities of a control worker for a region in another cluster.
   *
   * @throws dev.federated.parsing.InvalidDocumentException if its profile is missing
   */
  Object[] clusterActivities(RegionConfig region) {
    RegionCluster cluster = clusters.of(region);
    view.localWorkers(List.of(region.name()));
    RemoteExecuteActivityImpl execute =
        RemoteExecuteActivityImpl.builder(region, breakers, metrics, scheduler)
            .cluster(cluster)
            .listener(view)
            .tracing(tracing)
            .build();
    return new Object[] {execute, new ClusterProbeActivityImpl(region, cluster)};
  }

  private void checkOutputLimit() {
    Problem problem = OutputLimit.problem(file, largeData);
    if (problem != null) {
      throw new InvalidDocumentException(List.of(problem));
    }
  }

  private RegionProtocolClient client(RegionConfig region, ProcessSecrets secrets) {
    RegionTls tls = region.tls();
    OkHttpClient transport =
        tls == null ? http : TlsFiles.of(file, region.name()).client(http, tls);
    return new RegionProtocolClient(
        transport, region, () -> secrets.apiKey(region.name()).orElse(null), Redaction.NONE, clock);
  }

  /**
   * For probes of the control worker, which carry no key: only region workers resolve keys. None
   * for a region whose certificates are not here; its own worker probes it and tells.
   */
  private @Nullable RegionProtocolClient prober(RegionConfig region) {
    try {
      return client(region, ProcessSecrets.NONE);
    } catch (InvalidDocumentException e) {
      log.info("Region {} is probed by its own worker only: {}", region.name(), e.getMessage());
      return null;
    }
  }

  /** Executes a component for a region without an endpoint. */
  private RemoteResponse executeLocally(RemoteRequest request, Duration timeout) {
    ComponentRequest component =
        new ComponentRequest(
            request.stageId(),
            request.type(),
            request.config(),
            request.inputs(),
            request.idempotencyKey());
    try {
      ComponentOutcome outcome =
          components.execute(component, new ComponentLimits(request.maxOutputBytes(), timeout));
      Double cost = outcome.cost() == 0 ? null : outcome.cost();
      return new RemoteResponse(
          outcome.output(), outcome.tokensUsed(), cost, 1, outcome.latencyMs());
    } catch (ComponentException e) {
      String type = e.type().wireName();
      throw e.retryable()
          ? ApplicationFailure.newFailure(e.getMessage(), type)
          : ApplicationFailure.newNonRetryableFailure(e.getMessage(), type);
    }
  }

  /**
   * Keeps the view fresh from now on: by the ledger, and for a control worker by probes, queue
   * statistics and search attributes.
   */
  synchronized void watch(WorkflowClient client, boolean control) {
    if (ledger != null) {
      return;
    }
    if (control) {
      String namespace = client.getOptions().getNamespace();
      searchAttributes.watch(
          client.getWorkflowServiceStubs(),
          namespace,
          Duration.ofMillis((long) (federation.healthCheckIntervalSeconds() * 1000)));
      NexusEndpointCheck endpoints = new NexusEndpointCheck(client.getWorkflowServiceStubs());
      scheduler.execute(() -> endpoints.look(view.everyRegion()));
      view.prioritized(new PriorityCheck(client.getWorkflowServiceStubs())::prioritized);
      monitor =
          new RegionMonitor(
              federation,
              view,
              this::prober,
              new TemporalQueueStatistics(client.getWorkflowServiceStubs(), namespace));
      if (largeData.isPresent()) {
        sweeper = LargeDataSweeper.start(largeData);
      }
    }
    LedgerLink link = new LedgerLink(client, view, federation, control);
    link.onFailure(metrics::ledgerFailed);
    link.start();
    ledger = link;
    if (!slots.isEmpty()) {
      lease = new SlotLease(client, slots, federation.healthCheckIntervalSeconds());
      lease.start();
    }
    if (monitor != null) {
      monitor.start();
    }
  }

  /** Lets the view age. */
  synchronized void stopWatching() {
    searchAttributes.close();
    LedgerLink link = ledger;
    if (link != null) {
      link.close();
      ledger = null;
    }
    if (lease != null) {
      lease.leave();
    }
    if (monitor != null) {
      monitor.close();
      monitor = null;
    }
    if (sweeper != null) {
      sweeper.close();
      sweeper = null;
    }
  }

  @Override
  public void close() {
    stopWatching();
    closeLease();
    for (AutoCloseable closeable : closeables) {
      try {
        closeable.close();
      } catch (Exception e) {
        log.warn("could not close {}", closeable, e);
      }
    }
    components.close();
    clusters.close();
    references.close();
    scheduler.shutdownNow();
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }

  private synchronized void closeLease() {
    if (lease != null) {
      lease.close();
      lease = null;
    }
  }

  private static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
