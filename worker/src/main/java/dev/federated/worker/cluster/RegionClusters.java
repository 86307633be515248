package dev.federated.worker.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.federated.activities.remote.RegionCluster;
import dev.federated.model.RegionConfig;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.envconfig.ClientConfigProfile;
import io.temporal.envconfig.LoadClientConfigProfileOptions;
import io.temporal.serviceclient.RpcRetryOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The Temporal clusters of regions with {@code transport: cluster}: one connection for each profile
 * of Temporal's configuration file, made when it is first needed. Environment variables that
 * configure the connection of this process do not change those of profiles.
 */
public final class RegionClusters implements AutoCloseable {
  private static final String CONFIG_FILE = "TEMPORAL_CONFIG_FILE";

  /** How long a call to a cluster that does not answer is repeated. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(10);

  private final Map<String, String> configuration;
  private final Map<String, Connection> connections = new HashMap<>();

  private record Connection(WorkflowServiceStubs stubs, WorkflowClient client) {}

  /**
   * Reads nothing yet.
   *
   * @param environment may name the configuration file
   */
  public RegionClusters(Map<String, String> environment) {
    String file = environment.get(CONFIG_FILE);
    this.configuration = file == null || file.isEmpty() ? Map.of() : Map.of(CONFIG_FILE, file);
  }

  /**
   * The cluster of a region; connects to nothing.
   *
   * @param region one whose transport is by cluster
   * @throws InvalidDocumentException if there is no such profile, or it is wrong
   */
  public RegionCluster of(RegionConfig region) {
    String name = region.temporalProfile();
    if (name == null) {
      throw new IllegalArgumentException(
          "region '%s' is in no other cluster".formatted(region.name()));
    }
    ClientConfigProfile profile = load(region.name(), name);
    WorkflowServiceStubsOptions stubs;
    try {
      stubs =
          WorkflowServiceStubsOptions.newBuilder(profile.toWorkflowServiceStubsOptions())
              .setRpcRetryOptions(
                  RpcRetryOptions.newBuilder()
                      .setExpiration(LONGEST_CALL)
                      .validateBuildWithDefaults())
              .build();
    } catch (RuntimeException e) {
      throw problem(
          region.name(), "the TLS files of profile '%s' cannot be read".formatted(name), e);
    }
    return new RegionCluster(name, home -> client(name, profile, stubs, home));
  }

  private ClientConfigProfile load(String region, String name) {
    ClientConfigProfile profile;
    try {
      profile =
          ClientConfigProfile.load(
              LoadClientConfigProfileOptions.newBuilder()
                  .setConfigFileProfile(name)
                  .setEnvOverrides(configuration)
                  .build());
    } catch (JsonProcessingException e) {
      // The library's message repeats the line, which may hold a key.
      throw problem(region, "Temporal's configuration file is not well-formed TOML", null);
    } catch (IOException e) {
      throw problem(region, "Temporal's configuration file cannot be read", e);
    } catch (IllegalArgumentException e) {
      throw problem(region, "Temporal's configuration file has no profile '%s'".formatted(name), e);
    }
    if (profile.getAddress() == null || profile.getAddress().isBlank()) {
      throw problem(
          region,
          "profile '%s' of Temporal's configuration file needs an address".formatted(name),
          null);
    }
    return profile;
  }

  private synchronized WorkflowClient client(
      String name,
      ClientConfigProfile profile,
      WorkflowServiceStubsOptions options,
      WorkflowClientOptions home) {
    return connections
        .computeIfAbsent(
            name,
            key -> {
              WorkflowServiceStubs stubs = WorkflowServiceStubs.newServiceStubs(options);
              WorkflowClientOptions.Builder client =
                  WorkflowClientOptions.newBuilder(profile.toWorkflowClientOptions())
                      .setDataConverter(home.getDataConverter())
                      .setContextPropagators(home.getContextPropagators());
              return new Connection(stubs, WorkflowClient.newInstance(stubs, client.build()));
            })
        .client();
  }

  private static InvalidDocumentException problem(
      String region, String message, @Nullable Throwable cause) {
    InvalidDocumentException problem =
        new InvalidDocumentException(
            List.of(
                new Problem(
                    "temporal_profile",
                    "",
                    null,
                    "region %s: %s".formatted(region, message),
                    List.of())));
    if (cause != null) {
      problem.initCause(cause);
    }
    return problem;
  }

  @Override
  public synchronized void close() {
    connections.values().forEach(connection -> connection.stubs().shutdownNow());
    connections.clear();
  }
}
