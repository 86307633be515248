package dev.federated.activities.component;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A real PostgreSQL for tests: the one that {@code FEDERATED_TEST_POSTGRES_URL} names, else the
 * embedded binaries. PostgreSQL refuses to run as root; there the embedded one runs in a user
 * namespace ({@code unshare}), and where a container forbids those, as user {@code nobody}.
 */
public final class TestingPostgres implements AutoCloseable {
  private static final String URL_VARIABLE = "FEDERATED_TEST_POSTGRES_URL";

  /** {@code -Dfederated.test.postgres=nobody} takes the last way at once. */
  private static final String FORCE = "federated.test.postgres";

  private final String url;
  private final Closeable server;

  private TestingPostgres(String url, Closeable server) {
    this.url = url;
    this.server = server;
  }

  /** Starts it, or names the one that is given. */
  public static TestingPostgres start() throws Exception {
    String given = System.getenv(URL_VARIABLE);
    if (given != null) {
      return new TestingPostgres(given, () -> {});
    }
    if (!"nobody".equals(System.getProperty(FORCE))) {
      try {
        EmbeddedPostgres embedded = EmbeddedPostgres.builder().start();
        return new TestingPostgres(
            "jdbc:postgresql://127.0.0.1:%d/postgres?user=postgres".formatted(embedded.getPort()),
            embedded);
      } catch (IOException | IllegalStateException e) {
        if (!System.getProperty("user.name").equals("root")) {
          throw e;
        }
      }
    }
    return asNobody();
  }

  /** Runs the binaries that the embedded one has unpacked. */
  private static TestingPostgres asNobody() throws Exception {
    Path binaries = binaries();
    Path data = Files.createTempDirectory("federated-postgres");
    run(List.of("chown", "nobody", data.toString()));
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> asNobody = List.of("runuser", "-u", "nobody", "--");
    run(
        concat(
            asNobody,
            List.of(
                binaries.resolve("initdb").toString(),
                "-A",
                "trust",
                "-U",
                "postgres",
                "-D",
                data.resolve("db").toString(),
                "-E",
                "UTF-8")));
    Process server =
        new ProcessBuilder(
                concat(
                    asNobody,
                    List.of(
                        binaries.resolve("postgres").toString(),
                        "-D",
                        data.resolve("db").toString(),
                        "-p",
                        String.valueOf(port),
                        "-h",
                        "127.0.0.1",
                        "-k",
                        data.toString(),
                        "-F")))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Thread atExit = new Thread(() -> stop(server));
    Runtime.getRuntime().addShutdownHook(atExit);
    String url = "jdbc:postgresql://127.0.0.1:%d/postgres?user=postgres".formatted(port);
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptionsInstanceOf(SQLException.class)
        .until(
            () -> {
              try (Connection connection = DriverManager.getConnection(url)) {
                return connection.isValid(1);
              }
            });
    return new TestingPostgres(
        url,
        () -> {
          stop(server);
          delete(data);
        });
  }

  private static Path binaries() throws IOException {
    Path unpacked = Path.of(System.getProperty("java.io.tmpdir"), "embedded-pg");
    if (Files.isDirectory(unpacked)) {
      try (Stream<Path> found = Files.list(unpacked)) {
        List<Path> usable =
            found
                .map(path -> path.resolve("bin"))
                .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                .toList();
        if (!usable.isEmpty()) {
          return usable.get(0);
        }
      }
    }
    throw new IllegalStateException(
        "no PostgreSQL for the tests: as root it needs unshare or runuser; or set " + URL_VARIABLE);
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("%s failed: %s".formatted(command, output));
    }
  }

  /** The wrapper passes the signal on to PostgreSQL. */
  private static void stop(Process server) {
    server.destroy();
    try {
      if (!server.waitFor(10, TimeUnit.SECONDS)) {
        server.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.deleteIfExists(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }

  /** The JDBC URL, with user and without password. */
  public String url() {
    return url;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
