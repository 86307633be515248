package dev.federated.starter.cli;

import com.codahale.metrics.MetricRegistry;
import com.uber.m3.tally.Scope;
import dev.federated.stage.FederatedQueues;
import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.starter.connection.TemporalConnection;
import dev.federated.starter.embedded.EmbeddedServer;
import dev.federated.testing.ScriptedWorkers;
import dev.federated.worker.FederationWorker;
import dev.federated.worker.WorkerRoles;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.operations.TemporalMetrics;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueRequest;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueResponse;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The server that a command talks to: the configured one, a {@code dev} that runs on this machine,
 * or one that the command brings together with its workers.
 */
final class ServerSession implements AutoCloseable {
  /** How long a poller counts as there: its long poll renews it every minute. */
  private static final Duration POLLED_WITHIN = Duration.ofSeconds(90);

  private static final long DESCRIBE_SECONDS = 5;

  /** Nobody waits in front of a worker, and all of a machine's processes may start at once. */
  private static final Duration LONGEST_WORKER_CHECK = Duration.ofSeconds(30);

  /** What an embedded worker may still finish when the command ends. */
  private static final Duration DRAIN = Duration.ofSeconds(2);

  private final WorkflowServiceStubs stubs;
  private final WorkflowClient client;
  private final @Nullable EmbeddedServer server;
  private final @Nullable Runnable stopWorkers;
  private final @Nullable NetworkThread network;

  private ServerSession(
      WorkflowServiceStubs stubs,
      WorkflowClient client,
      @Nullable EmbeddedServer server,
      @Nullable Runnable stopWorkers) {
    this(stubs, client, server, stopWorkers, null);
  }

  private ServerSession(
      WorkflowServiceStubs stubs,
      WorkflowClient client,
      @Nullable EmbeddedServer server,
      @Nullable Runnable stopWorkers,
      @Nullable NetworkThread network) {
    this.stubs = stubs;
    this.client = client;
    this.server = server;
    this.stopWorkers = stopWorkers;
    this.network = network;
  }

  /** Whether control workers are there. */
  enum Pollers {
    /** Control workers poll. */
    PRESENT,
    /** Nobody polls. */
    ABSENT,
    /** The server cannot tell. */
    UNKNOWN
  }

  /**
   * Opens the session that the options and the environment ask for.
   *
   * @param bring asked before the command brings a server: the federation that it serves; it throws
   *     if there is none or the command cannot do with such a server
   * @param err where is said which server is used
   * @throws ServerUnavailableException if the server or its control workers are not there
   * @throws dev.federated.parsing.InvalidDocumentException if the command has to bring a server and
   *     a secret is missing
   */
  static ServerSession open(
      CommandContext context,
      ServerOptions options,
      Supplier<FederationFile> bring,
      PrintWriter err) {
    if (options.embedded() == null) {
      Optional<ServerSession> there = ifThere(context, err);
      if (there.isPresent()) {
        return there.get();
      }
    }
    return embedded(context, options.embedded(), bring.get(), err);
  }

  /**
   * The configured server, or a {@code dev} on this machine; empty if nothing is configured and
   * none runs.
   *
   * @param err where is said which server is used
   * @throws ServerUnavailableException if the configured server or its control workers are not
   *     there
   */
  static Optional<ServerSession> ifThere(CommandContext context, PrintWriter err) {
    TemporalConnection connection = TemporalConnection.load(context.environment());
    return connection.configured() ? Optional.of(connect(connection)) : local(connection, err);
  }

  /** Connects to the configured server; somebody has to poll the control queue. */
  private static ServerSession connect(TemporalConnection connection) {
    ServerSession session = over(connection);
    if (session.pollers() == Pollers.ABSENT) {
      session.close();
      throw new ServerUnavailableException(
          "no control worker polls queue '%s' of namespace '%s' at %s; start one with: federate worker --control"
              .formatted(FederatedQueues.CONTROL, connection.namespace(), connection.address()));
    }
    return session;
  }

  /** A dev on this machine, if one runs. */
  private static Optional<ServerSession> local(TemporalConnection connection, PrintWriter err) {
    ServerSession session;
    try {
      session = over(connection);
    } catch (ServerUnavailableException e) {
      return Optional.empty();
    }
    if (session.pollers() == Pollers.ABSENT) {
      session.close();
      return Optional.empty();
    }
    err.println("using the server at " + connection.address());
    err.flush();
    return Optional.of(session);
  }

  /**
   * Opens a session for a command that only looks: no worker is needed, and a durable server of
   * this project is started if it ran here before.
   *
   * @throws ServerUnavailableException if there is no server
   */
  static ServerSession withoutWorkers(
      CommandContext context, ServerOptions options, PrintWriter err) {
    TemporalConnection connection = TemporalConnection.load(context.environment());
    if (options.embedded() == null) {
      try {
        return over(connection);
      } catch (ServerUnavailableException e) {
        if (connection.configured() || !ranHere(context)) {
          throw e;
        }
      }
    }
    if (options.embedded() == EmbeddedChoice.JVM) {
      throw CommandException.badInput(
          "--embedded", "a server inside this JVM is new and empty; there is nothing to show");
    }
    EmbeddedServer server = EmbeddedServers.start(context, EmbeddedChoice.CLI, 0, 0, true, err);
    try {
      TemporalConnection own =
          TemporalConnection.plaintext(server.address(), context.environment());
      WorkflowServiceStubs stubs = own.connect();
      return new ServerSession(
          stubs, WorkflowClient.newInstance(stubs, own.clientOptions()), server, null);
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static boolean ranHere(CommandContext context) {
    Path database = context.workingDirectory().resolve(Path.of(".federate", "temporal.db"));
    return Files.exists(database) && EmbeddedServer.command(context.environment()).isPresent();
  }

  /** Connects without asking for workers. */
  static ServerSession over(TemporalConnection connection) {
    NetworkThread network = new NetworkThread();
    try {
      WorkflowServiceStubs stubs =
          connection.connect(
              WorkflowServiceStubsOptions.newBuilder(connection.stubsOptions())
                  .setChannelInitializer(network::carry)
                  .build(),
              TemporalConnection.LONGEST_CHECK);
      return new ServerSession(
          stubs,
          WorkflowClient.newInstance(stubs, connection.clientOptions()),
          null,
          null,
          network);
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  /** Connects for workers, whose calls to the server are counted in that registry. */
  static ServerSession counting(TemporalConnection connection, MetricRegistry metrics) {
    Scope scope = TemporalMetrics.scope(metrics);
    WorkflowServiceStubs stubs =
        connection.connect(
            WorkflowServiceStubsOptions.newBuilder(connection.stubsOptions())
                .setMetricsScope(scope)
                .build(),
            LONGEST_WORKER_CHECK);
    return new ServerSession(
        stubs, WorkflowClient.newInstance(stubs, connection.clientOptions()), null, null);
  }

  /**
   * A server of the command's own, with a control worker and every region's worker.
   *
   * @param choice which server; null means auto
   */
  static ServerSession embedded(
      CommandContext context,
      @Nullable EmbeddedChoice choice,
      FederationFile file,
      PrintWriter err) {
    WorkerRoles roles = WorkerRoles.all(file.config());
    FederationWorker.checkSecrets(file, roles, context.environment());
    EmbeddedServer server =
        EmbeddedServers.start(
            context, choice == null ? EmbeddedChoice.AUTO : choice, 0, 0, false, err);
    return withWorkers(
        context,
        server,
        client ->
            FederationWorker.start(
                    client,
                    file,
                    roles,
                    context.environment(),
                    databaseFile(context),
                    new MetricRegistry(),
                    context.traces(),
                    DRAIN)
                ::close);
  }

  /**
   * A server inside this JVM with regions that do what scripts say, and time that is skipped where
   * nobody works.
   */
  static ServerSession scripted(
      CommandContext context, ScriptedWorkers.Builder scripts, PrintWriter err) {
    EmbeddedServer server = EmbeddedServers.start(context, EmbeddedChoice.JVM, 0, 0, true, err);
    return withWorkers(
        context,
        server,
        client -> {
          ScriptedWorkers workers = scripts.start(client);
          workers.skipTime();
          return workers::close;
        });
  }

  /**
   * @param start starts the workers and gives what stops them
   */
  private static ServerSession withWorkers(
      CommandContext context, EmbeddedServer server, Function<WorkflowClient, Runnable> start) {
    WorkflowServiceStubs stubs = null;
    try {
      TemporalConnection connection =
          TemporalConnection.plaintext(server.address(), context.environment());
      stubs = connection.connect();
      WorkflowClient client = WorkflowClient.newInstance(stubs, connection.clientOptions());
      return new ServerSession(stubs, client, server, start.apply(client));
    } catch (RuntimeException e) {
      if (stubs != null) {
        stubs.shutdownNow();
      }
      server.close();
      throw e;
    }
  }

  /** The file of {@code database_write} without url. */
  static Path databaseFile(CommandContext context) {
    return context.workingDirectory().resolve(Path.of(".federate", "data.db"));
  }

  WorkflowClient client() {
    return client;
  }

  /** Whether the command brought the server. */
  boolean brought() {
    return server != null;
  }

  /** Whether what runs survives the end of the command. */
  boolean durable() {
    return server == null || server.durable();
  }

  /** Whether control workers poll. */
  Pollers pollers() {
    try {
      DescribeTaskQueueResponse described =
          stubs
              .blockingStub()
              .withDeadlineAfter(DESCRIBE_SECONDS, TimeUnit.SECONDS)
              .describeTaskQueue(
                  DescribeTaskQueueRequest.newBuilder()
                      .setNamespace(client.getOptions().getNamespace())
                      .setTaskQueue(TaskQueue.newBuilder().setName(FederatedQueues.CONTROL))
                      .setTaskQueueType(TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
                      .build());
      Instant oldest = Instant.now().minus(POLLED_WITHIN);
      boolean present =
          described.getPollersList().stream()
              .anyMatch(
                  poller ->
                      Instant.ofEpochSecond(poller.getLastAccessTime().getSeconds())
                          .isAfter(oldest));
      return present ? Pollers.PRESENT : Pollers.ABSENT;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
        return Pollers.UNKNOWN;
      }
      throw new ServerUnavailableException(
          "the Temporal server does not tell who polls queue '%s': %s"
              .formatted(FederatedQueues.CONTROL, e.getStatus().getCode()),
          e);
    }
  }

  @Override
  public void close() {
    try {
      if (stopWorkers != null) {
        stopWorkers.run();
      }
    } finally {
      stubs.shutdownNow();
      if (network != null) {
        network.close();
      }
      if (server != null) {
        server.close();
      }
    }
  }
}
