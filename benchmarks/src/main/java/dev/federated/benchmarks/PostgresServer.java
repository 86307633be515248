package dev.federated.benchmarks;

import dev.federated.starter.connection.TemporalConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Temporal's own server with PostgreSQL, from binaries that {@code benchmarks/run} has built. */
final class PostgresServer {
  private static final long START_SECONDS = 120;
  private static final int LOWEST_PORT = 20_000;

  private PostgresServer() {}

  /**
   * Starts it with a namespace {@code default}.
   *
   * @param binaries the directory of {@code server} and {@code sql}
   * @param port where PostgreSQL listens; user postgres needs no password
   */
  static DevServer start(Path binaries, int port) throws IOException, InterruptedException {
    for (String store : List.of("temporal", "visibility")) {
      String database = "temporal_" + store;
      sql(binaries, port, database, "create-database");
      sql(binaries, port, database, "setup-schema", "--version", "0.0");
      sql(binaries, port, database, "update-schema", "--schema-name", "postgresql/v12/" + store);
    }
    Path root = DevServer.directory();
    int frontend = DevServer.freePort();
    Files.createDirectories(root.resolve("config"));
    Files.writeString(root.resolve("config/dynamic.yaml"), dynamicConfiguration());
    Files.writeString(root.resolve("config/benchmark.yaml"), configuration(root, port, frontend));
    Path log = root.resolve("server.log");
    Process process =
        new ProcessBuilder(
                binaries.resolve("server").toString(),
                "--root",
                root.toString(),
                "--env",
                "benchmark",
                "--allow-no-auth",
                "start")
            .directory(root.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    String address = "127.0.0.1:" + frontend;
    awaitNamespace(address, process, log);
    return new DevServer(address, process::destroyForcibly);
  }

  private static void sql(Path binaries, int port, String database, String... arguments)
      throws IOException, InterruptedException {
    List<String> line = new java.util.ArrayList<>();
    line.addAll(
        List.of(
            binaries.resolve("sql").toString(),
            "--plugin",
            "postgres12",
            "--endpoint",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--user",
            "postgres",
            "--database",
            database));
    line.addAll(List.of(arguments));
    CommandLines.run(line, "");
  }

  /** Makes the namespace by the command line of Temporal, as soon as the server answers. */
  private static void awaitNamespace(String address, Process server, Path log)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        CommandLines.run(
            List.of(
                "temporal",
                "operator",
                "namespace",
                "create",
                "--address",
                address,
                "--retention",
                "1d",
                TemporalConnection.DEFAULT_NAMESPACE),
            "");
        break;
      } catch (IllegalStateException e) {
        if (System.nanoTime() > end || !server.isAlive()) {
          server.destroyForcibly();
          throw new IllegalStateException("the server did not start; see " + log, e);
        }
        TimeUnit.SECONDS.sleep(1);
      }
    }
    // Its other services learn of the namespace within ten seconds.
    while (true) {
      try {
        TemporalConnection.plaintext(address).connect().shutdownNow();
        TimeUnit.SECONDS.sleep(12);
        return;
      } catch (RuntimeException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        TimeUnit.SECONDS.sleep(1);
      }
    }
  }

  /** What docs/operations.md advises for a server with few shards. */
  private static String dynamicConfiguration() {
    return """
        matching.numTaskqueueReadPartitions:
          - value: 1
        matching.numTaskqueueWritePartitions:
          - value: 1
        history.transferProcessorMaxPollRPS:
          - value: 200
        """;
  }

  /** A free port that fits into the small integer in which the server's schema keeps it. */
  private static int membershipPort() {
    int port = DevServer.freePort();
    for (int tries = 0; port > Short.MAX_VALUE && tries < 1_000; tries++) {
      int candidate = ThreadLocalRandom.current().nextInt(LOWEST_PORT, Short.MAX_VALUE);
      try (ServerSocket socket = new ServerSocket(candidate, 1, InetAddress.getLoopbackAddress())) {
        port = socket.getLocalPort();
      } catch (IOException e) {
        port = Integer.MAX_VALUE;
      }
    }
    return port;
  }

  private static String configuration(Path root, int port, int frontend) {
    String stores =
        Map.of("default", "temporal_temporal", "visibility", "temporal_visibility")
            .entrySet()
            .stream()
            .sorted(Map.Entry.comparingByKey())
            .map(
                store ->
                    """
                        %s:
                          sql:
                            pluginName: "postgres12"
                            databaseName: "%s"
                            connectAddr: "127.0.0.1:%d"
                            connectProtocol: "tcp"
                            user: "postgres"
                            maxConns: 20
                            maxIdleConns: 20
                    """
                        .formatted(store.getKey(), store.getValue(), port))
            .reduce("", String::concat);
    StringBuilder services = new StringBuilder();
    for (String service : List.of("frontend", "matching", "history", "worker")) {
      services.append(
          """
            %s:
              rpc:
                grpcPort: %d
                membershipPort: %d
                bindOnLocalHost: true
          """
              .formatted(
                  service,
                  service.equals("frontend") ? frontend : DevServer.freePort(),
                  membershipPort()));
    }
    return """
        log:
          stdout: true
          level: error
        persistence:
          defaultStore: default
          visibilityStore: visibility
          numHistoryShards: 4
          datastores:
        %sglobal:
          membership:
            maxJoinDuration: 30s
            broadcastAddress: "127.0.0.1"
        services:
        %sclusterMetadata:
          enableGlobalNamespace: false
          failoverVersionIncrement: 10
          masterClusterName: "active"
          currentClusterName: "active"
          clusterInformation:
            active:
              enabled: true
              initialFailoverVersion: 1
              rpcName: "frontend"
              rpcAddress: "127.0.0.1:%d"
        dynamicConfigClient:
          filepath: "%s"
          pollInterval: "60s"
        """
        .formatted(stores, services, frontend, root.resolve("config/dynamic.yaml"));
  }
}
