package dev.federated.worker;

import com.codahale.metrics.MetricRegistry;
import dev.federated.claimcheck.LargeData;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.RegionTls;
import dev.federated.model.RegionTransport;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.worker.cluster.RegionClusters;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.config.SecretResolver;
import dev.federated.worker.tls.TlsFiles;
import dev.federated.worker.tracing.TraceExport;
import io.temporal.client.WorkflowClient;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The workers of one process: control, regions, or both. */
public final class FederationWorker implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FederationWorker.class);

  private final FederationPlugin plugin;
  private final WorkerFactory factory;
  private final Duration drain;

  private FederationWorker(FederationPlugin plugin, WorkerFactory factory, Duration drain) {
    this.plugin = plugin;
    this.factory = factory;
    this.drain = drain;
  }

  /**
   * Starts the workers.
   *
   * @param client the server and namespace; stays the caller's to close
   * @param file the federation
   * @param roles what the process does
   * @param environment where secrets are looked up
   * @param databaseFile the file of {@code database_write} without url
   * @param metrics where metrics go
   * @param drain how long {@link #close} lets running executions finish
   * @throws dev.federated.parsing.InvalidDocumentException if a secret that the roles need is
   *     missing
   */
  public static FederationWorker start(
      WorkflowClient client,
      FederationFile file,
      WorkerRoles roles,
      Map<String, String> environment,
      Path databaseFile,
      MetricRegistry metrics,
      Duration drain) {
    return start(
        client, file, roles, environment, databaseFile, metrics, TraceExport.of(Map.of()), drain);
  }

  /**
   * Starts the workers as {@link #start(WorkflowClient, FederationFile, WorkerRoles, Map, Path,
   * MetricRegistry, Duration)} does.
   *
   * @param traces takes spans of what regions execute; stays the caller's to close
   * @throws dev.federated.parsing.InvalidDocumentException if a secret that the roles need is
   *     missing
   */
  public static FederationWorker start(
      WorkflowClient client,
      FederationFile file,
      WorkerRoles roles,
      Map<String, String> environment,
      Path databaseFile,
      MetricRegistry metrics,
      TraceExport traces,
      Duration drain) {
    FederationPlugin.Builder builder =
        FederationPlugin.newBuilder(file.config())
            .serveRegions(roles.regions())
            .federationFile(file.path())
            .environment(environment)
            .databaseFile(databaseFile)
            .metrics(metrics)
            .tracing(traces.tracing());
    if (roles.control()) {
      builder.serveControl();
    }
    if (roles.deployment() != null) {
      builder.deployment(roles.deployment().getDeploymentName(), roles.deployment().getBuildId());
    }
    FederationPlugin plugin = builder.build();
    try {
      WorkerFactory factory =
          WorkerFactory.newInstance(
              client, WorkerFactoryOptions.newBuilder().setPlugins(plugin).build());
      factory.start();
      return new FederationWorker(plugin, factory, drain);
    } catch (RuntimeException e) {
      plugin.close();
      throw e;
    }
  }

  /**
   * Makes sure that every secret, certificate and profile is there that the roles need, and a store
   * if outputs may be so large that they need one, before anything is started.
   *
   * @throws dev.federated.parsing.InvalidDocumentException naming each that is missing
   */
  public static void checkSecrets(
      FederationFile file, WorkerRoles roles, Map<String, String> environment) {
    SecretResolver resolver = new SecretResolver(environment);
    Set<Problem> problems = new LinkedHashSet<>();
    try {
      var unused = resolver.forRegions(file, roles.regions());
    } catch (InvalidDocumentException e) {
      problems.addAll(e.problems());
    }
    for (String name : roles.regions()) {
      RegionTls tls = file.config().region(name).map(RegionConfig::tls).orElse(null);
      if (tls != null) {
        try {
          var unused = TlsFiles.of(file, name).client(new OkHttpClient(), tls);
        } catch (InvalidDocumentException e) {
          problems.addAll(e.problems());
        }
      }
    }
    if (roles.control()) {
      try {
        var unused = resolver.forControl(file);
      } catch (InvalidDocumentException e) {
        problems.addAll(e.problems());
      }
      problems.addAll(wrongProfiles(file.config(), roles, environment));
    }
    Problem outputs = OutputLimit.problem(file, LargeData.load(environment));
    if (outputs != null) {
      problems.add(outputs);
    }
    if (!problems.isEmpty()) {
      throw new InvalidDocumentException(List.copyOf(problems));
    }
  }

  /** What is wrong with the connections of a control worker to other clusters. */
  private static List<Problem> wrongProfiles(
      FederationConfig federation, WorkerRoles roles, Map<String, String> environment) {
    List<Problem> problems = new ArrayList<>();
    try (RegionClusters clusters = new RegionClusters(environment)) {
      for (RegionConfig region : federation.regions()) {
        boolean reached =
            region.enabled()
                && region.transport() == RegionTransport.CLUSTER
                && !roles.regions().contains(region.name());
        if (reached) {
          try {
            var unused = clusters.of(region);
          } catch (InvalidDocumentException e) {
            problems.addAll(e.problems());
          }
        }
      }
    }
    return problems;
  }

  /** Whether the workers poll. */
  public boolean polling() {
    return factory.isStarted() && !factory.isShutdown();
  }

  /** Stops polling, lets running executions finish for a while, then gives the rest up. */
  @Override
  public void close() {
    factory.shutdown();
    factory.awaitTermination(drain.toMillis(), TimeUnit.MILLISECONDS);
    if (!factory.isTerminated()) {
      log.warn("executions still run after {} s; they are repeated elsewhere", drain.toSeconds());
      factory.shutdownNow();
      factory.awaitTermination(1, TimeUnit.SECONDS);
    }
    plugin.close();
  }
}
