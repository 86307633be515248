package dev.federated.starter.endtoend;

import dev.federated.activities.health.QueueStatistics;
import dev.federated.activities.health.TemporalQueueStatistics;
import dev.federated.stage.FederatedQueues;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.starter.embedded.EmbeddedServerOptions;
import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.api.workflowservice.v1.ListClosedWorkflowExecutionsRequest;
import io.temporal.api.workflowservice.v1.RegisterNamespaceRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * The {@code temporal} command's server, started once for all tests of this package and ended with
 * the test run. Tests ask for it, and for the {@link Deployment} on it, by a parameter.
 */
final class RealServer implements AutoCloseable {
  /** Set to true where a missing command has to fail the tests rather than skip them. */
  static final String REQUIRED = "FEDERATION_REQUIRE_REAL_SERVER";

  /** The namespace that has the federation's search attributes. */
  static final String DEFAULT_NAMESPACE = TemporalConnection.DEFAULT_NAMESPACE;

  private final Path directory;
  private final EmbeddedServer server;
  private final WorkflowServiceStubs stubs;

  private RealServer(Path directory, EmbeddedServer server) {
    this.directory = directory;
    this.server = server;
    this.stubs = TemporalConnection.plaintext(server.address()).connect();
  }

  private static RealServer start() {
    try {
      Path directory = Files.createTempDirectory("federation-end-to-end");
      return new RealServer(
          directory,
          EmbeddedServer.cli(
              EmbeddedServerOptions.builder(directory, System.getenv()).headless(true).build()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Host and port. */
  String address() {
    return server.address();
  }

  WorkflowServiceStubs stubs() {
    return stubs;
  }

  /** A client; its connection is closed with the server. */
  WorkflowClient client(String namespace) {
    return WorkflowClient.newInstance(
        stubs, WorkflowClientOptions.newBuilder().setNamespace(namespace).build());
  }

  /** Makes a namespace, which has no search attributes, and waits until it can be used. */
  String newNamespace(String name) {
    var unused =
        stubs
            .blockingStub()
            .registerNamespace(
                RegisterNamespaceRequest.newBuilder()
                    .setNamespace(name)
                    .setWorkflowExecutionRetentionPeriod(
                        com.google.protobuf.Duration.newBuilder().setSeconds(86_400))
                    .build());
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .untilAsserted(
            () -> {
              var unusedDescription =
                  stubs
                      .blockingStub()
                      .describeNamespace(
                          DescribeNamespaceRequest.newBuilder().setNamespace(name).build());
              var unusedList =
                  stubs
                      .blockingStub()
                      .listClosedWorkflowExecutions(
                          ListClosedWorkflowExecutionsRequest.newBuilder()
                              .setNamespace(name)
                              .setMaximumPageSize(1)
                              .build());
            });
    return name;
  }

  /** Waits until the server has seen a worker of each of these regions in that namespace. */
  void awaitWorkers(String namespace, Collection<String> regions) {
    QueueStatistics queues = new TemporalQueueStatistics(stubs, namespace);
    for (String region : regions) {
      Awaitility.await("a worker polls for " + region)
          .atMost(Duration.ofSeconds(60))
          .until(() -> queues.read(FederatedQueues.ofRegion(region)).lastPoll() != null);
    }
  }

  /** The environment of a process that uses this server. */
  Map<String, String> environment(String namespace) {
    return Map.of("TEMPORAL_ADDRESS", address(), "TEMPORAL_NAMESPACE", namespace);
  }

  @Override
  public void close() throws IOException {
    stubs.shutdownNow();
    server.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** On a test class that needs the server. */
  @Target(ElementType.TYPE)
  @Retention(RetentionPolicy.RUNTIME)
  @ExtendWith(Extension.class)
  @interface Needed {}

  /** Skips or fails without the command, gives tests the server, and shows logs of failed tests. */
  static final class Extension implements ExecutionCondition, ParameterResolver, TestWatcher {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if (EmbeddedServer.command(System.getenv()).isPresent()) {
        return ConditionEvaluationResult.enabled("the command 'temporal' is on PATH");
      }
      String reason = "the command 'temporal' is not on PATH";
      if (Boolean.parseBoolean(System.getenv(REQUIRED))) {
        throw new IllegalStateException("%s, and %s is true".formatted(reason, REQUIRED));
      }
      System.out.println("skipped: " + context.getDisplayName() + ": " + reason);
      return ConditionEvaluationResult.disabled(reason);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      Class<?> type = parameter.getParameter().getType();
      return type == RealServer.class || type == Deployment.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      ExtensionContext.Store store =
          context.getRoot().getStore(ExtensionContext.Namespace.create(RealServer.class));
      RealServer server =
          store.computeIfAbsent(RealServer.class, key -> RealServer.start(), RealServer.class);
      return parameter.getParameter().getType() == RealServer.class
          ? server
          : store.computeIfAbsent(
              Deployment.class, key -> Deployment.start(server), Deployment.class);
    }

    @Override
    public void testFailed(ExtensionContext context, Throwable cause) {
      FederateProcess.printTails();
    }
  }
}
