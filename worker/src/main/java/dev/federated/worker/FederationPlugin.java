package dev.federated.worker;

import com.codahale.metrics.MetricRegistry;
import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.activities.tracing.Tracing;
import dev.federated.claimcheck.LargeData;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.ledger.RegionLedgerWorkflowImpl;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTransport;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.PipelineWorkflowImpl;
import dev.federated.stage.CheckHealthWorkflow;
import dev.federated.stage.CheckHealthWorkflowImpl;
import dev.federated.stage.ExplainStageWorkflow;
import dev.federated.stage.ExplainStageWorkflowImpl;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedRegionImpl;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.FederatedStageWorkflowImpl;
import dev.federated.stage.RegionExecutionWorkflowImpl;
import dev.federated.stage.RegionProbeWorkflowImpl;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.SimplePlugin;
import io.temporal.common.VersioningBehavior;
import io.temporal.common.WorkerDeploymentVersion;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.GlobalDataConverter;
import io.temporal.payload.codec.PayloadCodec;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerDeploymentOptions;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.CompositeTuner;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import io.temporal.worker.tuning.SlotInfo;
import io.temporal.worker.tuning.SlotSupplier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Federated execution for a Temporal application. Give it to the client or to the worker factory,
 * not to both; workflows then call {@link dev.federated.stage.Federation#executeStage}.
 *
 * <p>A worker that is created for queue {@code federation} becomes a control worker and one for
 * {@code federation.<region>} a region worker, whatever else is registered on them. {@link
 * Builder#serveControl} and {@link Builder#serveRegions} create those workers when the factory
 * starts. One instance serves one worker factory.
 */
public final class FederationPlugin extends SimplePlugin {
  /** The plugin's name. */
  public static final String NAME = "dev.federated.federation";

  /**
   * Heartbeats are not held back for longer, so that a cancelled call ends after one of them.
   * Temporal's default of 0.8 times the heartbeat timeout lets it run for 8 seconds.
   */
  private static final Duration HEARTBEAT_THROTTLE = Duration.ofMillis(500);

  /**
   * How long workflow code may take at once where payloads can have 64 MiB: the SDK's second is too
   * short to write one as JSON on a busy machine. The default timeout of a workflow task.
   */
  private static final Duration LARGE_DATA_DEADLOCK_TIMEOUT = Duration.ofSeconds(10);

  /** Pollers of a region's queue: more lose nothing and gain nothing measurable. */
  private static final int REGION_POLLERS = 2;

  /** What the SDK takes for each kind of task where nothing is said. */
  private static final int SDK_SLOTS = 200;

  private final FederationConfig federation;
  private final boolean serveControl;
  private final Set<String> serveRegions;
  private final FederationServices services;
  private final @Nullable WorkerDeploymentVersion deployment;
  private final @Nullable EncryptionKeys encryption;
  private final boolean encryptionExpected;
  private final @Nullable LargeData clientLargeData;
  private final LargeData largeData;
  private final Set<String> inOtherClusters = new HashSet<>();
  private volatile boolean control;
  private volatile boolean regional;

  private FederationPlugin(Builder builder) {
    super(SimplePlugin.newBuilder(NAME).addWorkerInterceptors(new StageFailureInterceptor()));
    this.federation = builder.federation;
    this.serveControl = builder.serveControl;
    this.serveRegions = new LinkedHashSet<>(builder.serveRegions);
    this.deployment = builder.deployment;
    this.encryption = builder.encryption;
    this.encryptionExpected =
        builder.encryption != null || !EncryptionKeys.load(builder.environment).isEmpty();
    this.clientLargeData = builder.largeData;
    this.largeData =
        builder.largeData == null ? LargeData.load(builder.environment) : builder.largeData;
    this.services =
        new FederationServices(
            builder.federation,
            builder.federationFile,
            builder.environment,
            builder.databaseFile,
            new FederationMetrics(builder.metrics),
            largeData,
            builder.tracing);
  }

  /**
   * A plugin for that federation.
   *
   * @param federation as a control worker reads it: authoritative for every stage that it runs
   */
  public static Builder newBuilder(FederationConfig federation) {
    return new Builder(federation);
  }

  /** The metrics of this process. */
  public MetricRegistry metrics() {
    return services.metrics().registry();
  }

  @Override
  public void configureWorkflowClient(WorkflowClientOptions.Builder builder) {
    super.configureWorkflowClient(builder);
    if (encryption == null && clientLargeData == null) {
      return;
    }
    if (encryption == null && encryptionExpected) {
      throw new IllegalStateException(
          "there are encryption keys; give encryption(EncryptionKeys.load(...)) to the plugin beside largeData(...)");
    }
    @Nullable DataConverter existing = builder.build().getDataConverter();
    if (existing instanceof PayloadCodec) {
      throw new IllegalStateException(
          "the client's data converter has codecs of its own; add an EncryptingCodec and LargeData.codec(...) to them instead of encryption(...) and largeData(...)");
    }
    builder.setDataConverter(
        (clientLargeData == null ? LargeData.NONE : clientLargeData)
            .over(
                existing == null ? GlobalDataConverter.get() : existing,
                encryption == null ? EncryptionKeys.NONE : encryption));
  }

  @Override
  public void configureWorker(String taskQueue, WorkerOptions.Builder builder) {
    super.configureWorker(taskQueue, builder);
    RegionConfig region = region(taskQueue);
    if (region != null) {
      shareSlots(region, builder);
      builder
          .setMaxConcurrentActivityTaskPollers(Math.min(REGION_POLLERS, region.maxConcurrent()))
          .setMaxHeartbeatThrottleInterval(HEARTBEAT_THROTTLE)
          .setAllowActivityHeartbeatDuringShutdown(true);
    } else if (taskQueue.equals(FederatedQueues.CONTROL)) {
      builder
          .setMaxHeartbeatThrottleInterval(HEARTBEAT_THROTTLE)
          .setAllowActivityHeartbeatDuringShutdown(true);
      if (largeData.isPresent()) {
        builder.setDefaultDeadlockDetectionTimeout(LARGE_DATA_DEADLOCK_TIMEOUT.toMillis());
      }
      if (deployment != null) {
        builder.setDeploymentOptions(
            WorkerDeploymentOptions.newBuilder()
                .setUseVersioning(true)
                .setVersion(deployment)
                .setDefaultVersioningBehavior(VersioningBehavior.PINNED)
                .build());
      }
    }
  }

  /**
   * A tuner of the application's own stays; {@code max_concurrent} then is up to it. A region whose
   * stages run elsewhere has no ledger here; those who forward to it share its slots.
   */
  private void shareSlots(RegionConfig region, WorkerOptions.Builder builder) {
    WorkerOptions own = builder.build();
    if (own.getWorkerTuner() != null) {
      return;
    }
    boolean limitedElsewhere =
        region.transport() != RegionTransport.TASK_QUEUE
            && !inOtherClusters.contains(region.name());
    if (limitedElsewhere) {
      builder.setMaxConcurrentActivityExecutionSize(region.maxConcurrent());
      return;
    }
    builder
        .setWorkerTuner(
            new CompositeTuner(
                fixed(own.getMaxConcurrentWorkflowTaskExecutionSize()),
                services.slots(region),
                fixed(own.getMaxConcurrentLocalActivityExecutionSize()),
                fixed(own.getMaxConcurrentNexusExecutionSize())))
        .setMaxConcurrentWorkflowTaskExecutionSize(0)
        .setMaxConcurrentActivityExecutionSize(0)
        .setMaxConcurrentLocalActivityExecutionSize(0)
        .setMaxConcurrentNexusExecutionSize(0);
  }

  private static <T extends SlotInfo> SlotSupplier<T> fixed(int size) {
    return new FixedSizeSlotSupplier<>(size == 0 ? SDK_SLOTS : size);
  }

  @Override
  public void initializeWorker(String taskQueue, Worker worker) {
    super.initializeWorker(taskQueue, worker);
    RegionConfig served = region(taskQueue);
    if (served != null && inOtherClusters.contains(served.name())) {
      worker.registerActivitiesImplementations(services.clusterActivities(served));
    } else if (served != null) {
      worker.registerActivitiesImplementations(services.regionActivities(served));
      if (served.transport() == RegionTransport.TASK_QUEUE) {
        regional = true;
      } else {
        // Its stages run elsewhere, and so does the ledger that they read.
        worker.registerWorkflowImplementationTypes(
            RegionExecutionWorkflowImpl.class, RegionProbeWorkflowImpl.class);
        if (served.transport() == RegionTransport.NEXUS) {
          worker.registerNexusServiceImplementation(new FederatedRegionImpl());
        }
      }
    } else if (taskQueue.equals(FederatedQueues.CONTROL)) {
      control = true;
      worker.registerWorkflowImplementationFactory(
          FederatedStageWorkflow.class,
          () -> new FederatedStageWorkflowImpl(services.view(), services.aggregator()));
      worker.registerWorkflowImplementationFactory(
          PipelineWorkflow.class,
          () -> new PipelineWorkflowImpl(services.view(), services.aggregator()));
      worker.registerWorkflowImplementationFactory(
          CheckHealthWorkflow.class, () -> new CheckHealthWorkflowImpl(services.view()));
      worker.registerWorkflowImplementationFactory(
          ExplainStageWorkflow.class, () -> new ExplainStageWorkflowImpl(services.view()));
      worker.registerWorkflowImplementationTypes(RegionLedgerWorkflowImpl.class);
      worker.registerActivitiesImplementations(services.controlActivities());
    }
  }

  @Override
  public void startWorkerFactory(WorkerFactory factory, Consumer<WorkerFactory> next) {
    if (encryptionExpected
        && !(factory.getWorkflowClient().getOptions().getDataConverter() instanceof PayloadCodec)) {
      throw new IllegalStateException(
          "there are encryption keys, but the client of these workers does not encrypt; give encryption(EncryptionKeys.load(...)) to a FederationPlugin of the client, or EncryptionKeys.over(...) to it as data converter");
    }
    if (largeData.isPresent()
        && !(factory.getWorkflowClient().getOptions().getDataConverter() instanceof PayloadCodec)) {
      throw new IllegalStateException(
          "there is a store of large data, but the client of these workers does not use it; give largeData(LargeData.load(...)) to a FederationPlugin of the client, or LargeData.over(...) to it as data converter");
    }
    if (serveControl && factory.tryGetWorker(FederatedQueues.CONTROL) == null) {
      var unused = factory.newWorker(FederatedQueues.CONTROL);
    }
    for (String region : serveRegions) {
      String queue = FederatedQueues.ofRegion(region);
      if (factory.tryGetWorker(queue) == null) {
        var unused = factory.newWorker(queue);
      }
    }
    if (control) {
      reachOtherClusters(factory);
    }
    if (control || regional) {
      services.watch(factory.getWorkflowClient(), control);
    }
    super.startWorkerFactory(factory, next);
  }

  /** Executions of a region in another cluster are forwarded, unless this process is its worker. */
  private void reachOtherClusters(WorkerFactory factory) {
    for (RegionConfig region : federation.regions()) {
      String queue = FederatedQueues.ofRegion(region.name());
      if (region.enabled()
          && region.transport() == RegionTransport.CLUSTER
          && factory.tryGetWorker(queue) == null) {
        inOtherClusters.add(region.name());
        var unused = factory.newWorker(queue);
      }
    }
  }

  @Override
  public void shutdownWorkerFactory(WorkerFactory factory, Consumer<WorkerFactory> next) {
    super.shutdownWorkerFactory(factory, next);
    services.stopWatching();
  }

  /**
   * Releases connections and threads. Call it when the worker factory has terminated: executions
   * that are still being finished need them.
   */
  public void close() {
    services.close();
  }

  private @Nullable RegionConfig region(String taskQueue) {
    String name = FederatedQueues.regionOf(taskQueue);
    return name == null ? null : federation.region(name).orElse(null);
  }

  /** Builds the plugin. */
  public static final class Builder {
    private final FederationConfig federation;
    private final List<String> serveRegions = new ArrayList<>();
    private boolean serveControl;
    private Path federationFile = Path.of("federation");
    private Map<String, String> environment = System.getenv();
    private Path databaseFile = Path.of(".federate", "data.db");
    private MetricRegistry metrics = new MetricRegistry();
    private Tracing tracing = Tracing.NONE;
    private @Nullable WorkerDeploymentVersion deployment;
    private @Nullable EncryptionKeys encryption;
    private @Nullable LargeData largeData;

    private Builder(FederationConfig federation) {
      this.federation = federation;
    }

    /** Makes every worker factory with this plugin a control worker; default no. */
    public Builder serveControl() {
      this.serveControl = true;
      return this;
    }

    /**
     * Makes every worker factory with this plugin a worker of those regions; default none.
     *
     * @throws IllegalArgumentException if the federation has no region of that name
     */
    public Builder serveRegions(Collection<String> names) {
      for (String name : names) {
        if (federation.region(name).isEmpty()) {
          throw new IllegalArgumentException(
              "the federation has no region '%s'; it has %s"
                  .formatted(name, federation.regionNames()));
        }
      }
      serveRegions.addAll(names);
      return this;
    }

    /**
     * The federation file, for messages about its secrets and for relative paths in it; default a
     * file in the working directory.
     */
    public Builder federationFile(Path federationFile) {
      this.federationFile = federationFile;
      return this;
    }

    /** Where {@code ${NAME}} in the federation file is looked up; default this process's. */
    public Builder environment(Map<String, String> environment) {
      this.environment = Map.copyOf(environment);
      return this;
    }

    /** The file of {@code database_write} without url; default {@code .federate/data.db}. */
    public Builder databaseFile(Path databaseFile) {
      this.databaseFile = databaseFile;
      return this;
    }

    /**
     * Makes the control worker a version of a worker deployment: stages and pipelines stay with the
     * version that began them. Default none. Region workers are not versioned. New work comes only
     * once the version is made current, as by {@code temporal worker deployment
     * set-current-version}.
     *
     * @param name the deployment
     * @param buildId the version within it
     */
    public Builder deployment(String name, String buildId) {
      this.deployment = new WorkerDeploymentVersion(name, buildId);
      return this;
    }

    /**
     * Encrypts everything that the client writes into histories, also for workflows of your own.
     * Default none. The plugin has to be given to the client; on one whose data converter has
     * codecs, {@code WorkflowClient.newInstance} throws {@link IllegalStateException}: add an
     * {@link dev.federated.encryption.EncryptingCodec} to those. Where {@link
     * EncryptionKeys#VARIABLE} is set, workers of a client without any codec do not start.
     *
     * @param keys such as {@code EncryptionKeys.load(System.getenv())}
     * @throws IllegalArgumentException if there are no keys
     */
    public Builder encryption(EncryptionKeys keys) {
      if (keys.isEmpty()) {
        throw new IllegalArgumentException(
            "there are no encryption keys; is %s set?".formatted(EncryptionKeys.VARIABLE));
      }
      this.encryption = keys;
      return this;
    }

    /**
     * Puts the large parts of everything that the client writes into a store instead of into
     * histories, also for workflows of your own. Default none. The plugin has to be given to the
     * client; on one whose data converter has codecs, {@code WorkflowClient.newInstance} throws
     * {@link IllegalStateException}: add {@link LargeData#codec} behind those. Where {@link
     * LargeData#VARIABLE} is set, workers of a client without any codec do not start.
     *
     * @param largeData such as {@code LargeData.load(System.getenv())}; stays the caller's to close
     */
    public Builder largeData(LargeData largeData) {
      this.largeData = largeData;
      return this;
    }

    /** The registry of this process; default a new one. */
    public Builder metrics(MetricRegistry metrics) {
      this.metrics = metrics;
      return this;
    }

    /**
     * Takes a span of every attempt of {@code RemoteExecute}; default nobody. The span belongs to
     * the trace of whoever started the stage if clients and workers have the context propagator
     * {@link dev.federated.stage.TraceParent}.
     *
     * @param tracing such as {@code OpenTelemetryTracing.of(openTelemetry)}; stays the caller's to
     *     close
     */
    public Builder tracing(Tracing tracing) {
      this.tracing = tracing;
      return this;
    }

    /** The plugin. */
    public FederationPlugin build() {
      return new FederationPlugin(this);
    }
  }
}
