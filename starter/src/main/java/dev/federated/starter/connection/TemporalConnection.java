package dev.federated.starter.connection;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.federated.claimcheck.LargeData;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.stage.TraceParent;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.envconfig.ClientConfigProfile;
import io.temporal.envconfig.LoadClientConfigProfileOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Which Temporal server to use, by Temporal's own environment configuration: {@code
 * TEMPORAL_ADDRESS}, {@code TEMPORAL_NAMESPACE}, {@code TEMPORAL_API_KEY}, TLS settings, and
 * profiles of the configuration file. What clients write is encrypted if {@link
 * EncryptionKeys#VARIABLE} gives keys, and its large parts go to a store if {@link
 * LargeData#VARIABLE} names one. Its text form never shows a key.
 */
public final class TemporalConnection {
  /** The address when none is configured. */
  public static final String DEFAULT_ADDRESS = "127.0.0.1:7233";

  /** The namespace when none is configured. */
  public static final String DEFAULT_NAMESPACE = "default";

  /** How long {@link #connect} waits for an answer: 5 s. */
  public static final Duration LONGEST_CHECK = Duration.ofSeconds(5);

  private static final List<String> SETTINGS =
      List.of(
          "TEMPORAL_ADDRESS",
          "TEMPORAL_NAMESPACE",
          "TEMPORAL_API_KEY",
          "TEMPORAL_PROFILE",
          "TEMPORAL_CONFIG_FILE");
  private static final String TLS_PREFIX = "TEMPORAL_TLS";

  private final ClientConfigProfile profile;
  private final boolean configured;
  private final EncryptionKeys keys;
  private final LargeData largeData;

  private TemporalConnection(
      ClientConfigProfile profile, boolean configured, Map<String, String> environment) {
    this.profile = profile;
    this.configured = configured;
    this.keys = EncryptionKeys.load(environment);
    this.largeData = LargeData.load(environment);
  }

  /**
   * Reads the configuration; connects to nothing.
   *
   * @param environment environment variables; {@code HOME} or {@code APPDATA} tell where the
   *     configuration file is
   * @throws InvalidDocumentException if the file, the profile, a value, an encryption key or the
   *     store of large data is wrong
   */
  public static TemporalConnection load(Map<String, String> environment) {
    String file = ConfigFilePath.of(environment, System.getProperty("os.name", ""));
    boolean explicit = file != null && file.equals(environment.get("TEMPORAL_CONFIG_FILE"));
    if (explicit && !Files.isRegularFile(Path.of(file))) {
      throw problem("TEMPORAL_CONFIG_FILE", "there is no file %s".formatted(file), null);
    }
    LoadClientConfigProfileOptions.Builder options =
        LoadClientConfigProfileOptions.newBuilder().setEnvOverrides(environment);
    boolean profileNamed = !isBlank(environment.get("TEMPORAL_PROFILE"));
    if (file == null || (!profileNamed && !Files.exists(Path.of(file)))) {
      // Without a file there is nothing to read, but a profile that is named must be there.
      options.setDisableFile(true);
    } else {
      options.setConfigFilePath(file);
    }
    try {
      ClientConfigProfile profile = ClientConfigProfile.load(options.build());
      return new TemporalConnection(profile, isSet(environment) || says(profile), environment);
    } catch (JsonProcessingException e) {
      // The library's message repeats the line, which may hold a key.
      throw problem(
          String.valueOf(file),
          "is not well-formed TOML near line %d"
              .formatted(e.getLocation() == null ? 1 : e.getLocation().getLineNr()),
          null);
    } catch (IOException e) {
      throw problem(String.valueOf(file), "cannot be read", e);
    } catch (IllegalArgumentException e) {
      String name = environment.get("TEMPORAL_PROFILE");
      throw problem(
          "TEMPORAL_PROFILE",
          name == null
              ? "Temporal's environment configuration is not valid"
              : "there is no profile '%s' in %s".formatted(name, file),
          null);
    }
  }

  /**
   * A server without TLS and key, such as one that {@code federate dev} started.
   *
   * @param address host and port
   */
  public static TemporalConnection plaintext(String address) {
    return plaintext(address, Map.of());
  }

  /**
   * A server without TLS and API key whose payloads may be encrypted nevertheless.
   *
   * @param address host and port
   * @param environment gives the encryption keys and the store of large data
   * @throws InvalidDocumentException if an encryption key or the store is wrong
   */
  public static TemporalConnection plaintext(String address, Map<String, String> environment) {
    return new TemporalConnection(
        ClientConfigProfile.newBuilder().setAddress(address).build(), true, environment);
  }

  private static boolean isSet(Map<String, String> environment) {
    return environment.entrySet().stream()
        .anyMatch(
            entry ->
                !entry.getValue().isBlank()
                    && (SETTINGS.contains(entry.getKey())
                        || entry.getKey().startsWith(TLS_PREFIX)));
  }

  private static boolean says(ClientConfigProfile profile) {
    return !isBlank(profile.getAddress())
        || !isBlank(profile.getNamespace())
        || !isBlank(profile.getApiKey())
        || profile.getTls() != null;
  }

  private static boolean isBlank(@Nullable String text) {
    return text == null || text.isBlank();
  }

  /** Whether anything is configured; if not, the address is only {@link #DEFAULT_ADDRESS}. */
  public boolean configured() {
    return configured;
  }

  /** Host and port. */
  public String address() {
    String address = profile.getAddress();
    return isBlank(address) ? DEFAULT_ADDRESS : address;
  }

  /** The namespace. */
  public String namespace() {
    String namespace = profile.getNamespace();
    return isBlank(namespace) ? DEFAULT_NAMESPACE : namespace;
  }

  /**
   * Options for service stubs, with address, TLS and key.
   *
   * @throws InvalidDocumentException if a TLS file cannot be read
   */
  public WorkflowServiceStubsOptions stubsOptions() {
    try {
      return profile.toWorkflowServiceStubsOptions();
    } catch (RuntimeException e) {
      throw problem(
          "TEMPORAL_TLS",
          "the TLS files of the connection to %s cannot be read".formatted(address()),
          e);
    }
  }

  /**
   * Options for a client, with the namespace, the encryption of payloads and the store of their
   * large parts; a trace of the caller is carried on.
   */
  public WorkflowClientOptions clientOptions() {
    return WorkflowClientOptions.newBuilder(profile.toWorkflowClientOptions())
        .setNamespace(namespace())
        // Without keys or store too: what needs them is then refused by the name of what is
        // missing.
        .setDataConverter(largeData.over(DefaultDataConverter.newDefaultInstance(), keys))
        .setContextPropagators(List.of(new TraceParent()))
        .build();
  }

  /**
   * Connects and makes sure that the server answers and has the namespace.
   *
   * @return stubs that the caller shuts down
   * @throws ServerUnavailableException if it does not within {@link #LONGEST_CHECK}
   * @throws InvalidDocumentException if a TLS file cannot be read
   */
  public WorkflowServiceStubs connect() {
    return connect(stubsOptions(), LONGEST_CHECK);
  }

  /**
   * Connects as {@link #connect()} does, with options made from {@link #stubsOptions()}.
   *
   * @param atMost how long a server that is reached may take to answer, at least 1 s
   * @return stubs that the caller shuts down
   * @throws ServerUnavailableException if there is no answer within that time
   */
  public WorkflowServiceStubs connect(WorkflowServiceStubsOptions options, Duration atMost) {
    WorkflowServiceStubs stubs;
    try {
      stubs = WorkflowServiceStubs.newServiceStubs(options);
    } catch (RuntimeException e) {
      throw new ServerUnavailableException(
          "'%s' is not the address of a Temporal server, such as %s; check TEMPORAL_ADDRESS"
              .formatted(address(), DEFAULT_ADDRESS),
          e);
    }
    try {
      stubs
          .blockingStub()
          .withDeadlineAfter(atMost.toMillis(), TimeUnit.MILLISECONDS)
          .describeNamespace(
              DescribeNamespaceRequest.newBuilder().setNamespace(namespace()).build());
      return stubs;
    } catch (StatusRuntimeException e) {
      stubs.shutdownNow();
      throw new ServerUnavailableException(explanation(e.getStatus(), atMost), e);
    } catch (RuntimeException e) {
      stubs.shutdownNow();
      throw e;
    }
  }

  private String explanation(Status status, Duration atMost) {
    return switch (status.getCode()) {
      case UNAVAILABLE ->
          "no Temporal server can be reached at %s; start one with 'federate dev', or set TEMPORAL_ADDRESS"
              .formatted(address());
      case DEADLINE_EXCEEDED, CANCELLED ->
          "the Temporal server at %s did not answer within %d s; check TEMPORAL_ADDRESS and the network"
              .formatted(address(), atMost.toSeconds());
      case NOT_FOUND ->
          "the Temporal server at %s has no namespace '%s'; check TEMPORAL_NAMESPACE"
              .formatted(address(), namespace());
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          "the Temporal server at %s refused the credentials for namespace '%s'; check TEMPORAL_API_KEY and the TLS settings"
              .formatted(address(), namespace());
      default ->
          "what answers at %s is not a Temporal server that can be used (%s); check TEMPORAL_ADDRESS and TLS"
              .formatted(address(), status.getCode());
    };
  }

  private static InvalidDocumentException problem(
      String file, String message, @Nullable Throwable cause) {
    InvalidDocumentException problem =
        new InvalidDocumentException(List.of(new Problem(file, "", null, message, List.of())));
    if (cause != null) {
      problem.initCause(cause);
    }
    return problem;
  }

  /** Shows address and namespace only. */
  @Override
  public String toString() {
    return "TemporalConnection[address=%s, namespace=%s]".formatted(address(), namespace());
  }
}
